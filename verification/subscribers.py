"""`python -m verification.subscribers DATA`: public companies' subscribers, 8 quarters ahead.

DATA is a folder with quarterly figures of Dish and Sirius XM. Each quarter from the twelfth on is a
cutoff. Two rules stand beside the forecast: the last value with its past relative errors, and the
same with the growth taken out of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from salessim._typing import FloatArray
from salessim.fit.aggregate import Counts, forecast_subscribers

AHEAD, FIRST, DRAWS = 8, 12, 4000
FOLDER = "cbcv_public_companies"


def dish(data: Path) -> Counts:
    """Read Dish from the quarter before the first with a churn rate; additions in millions."""
    import pandas as pd

    told = pd.read_csv(data / FOLDER / "dish_quarterly.csv")
    told = told[told["Pay-TV Churn Rate (average monthly)"].notna().cumsum().shift(-1) > 0]
    additions = told["Pay-TV Subscriber additions, gross"]
    return Counts(
        subscribers=told["Pay-TV Subscribers"].to_numpy(np.float64),
        additions=additions.fillna(told["Implied Subscriber additions, gross"]).to_numpy(
            np.float64
        ),
        revenue=told["Service revenue"].to_numpy(np.float64),
    )


def sirius(data: Path) -> Counts:
    """Read Sirius XM from the merger on; no revenue is told."""
    import pandas as pd

    told = pd.read_csv(data / FOLDER / "sirius_xm_quarterly.csv")
    told = told[told["gross_adds_thousands"].notna().cumsum().shift(-1) > 0]
    return Counts(
        subscribers=told["end_subs_thousands"].to_numpy(np.float64),
        additions=told["gross_adds_thousands"].to_numpy(np.float64),
    )


def until(counts: Counts, size: int) -> Counts:
    """Return what was known after so many quarters."""
    revenue = None if counts.revenue is None else counts.revenue[:size]
    return Counts(
        subscribers=counts.subscribers[:size], additions=counts.additions[:size], revenue=revenue
    )


def scores(counts: Counts, what: str) -> FloatArray:
    """Return [origin x quarter ahead, (quarters ahead, error, inside 80 %, three CRPS)]."""
    import scoringrules

    series: FloatArray = getattr(counts, what)
    rows = []
    for size in range(FIRST, len(series)):
        drawn = forecast_subscribers(until(counts, size), quarters=AHEAD, draws=DRAWS, seed=size)
        for ahead in range(1, min(AHEAD, len(series) - size) + 1):
            past = series[:size]
            ratios = past[ahead:] / past[:-ahead]
            mine = getattr(drawn, what)[:, ahead - 1]
            came = series[size + ahead - 1]
            low, high = np.quantile(mine, [0.1, 0.9])
            crps = [
                scoringrules.crps_ensemble(came, samples, estimator="pwm")
                for samples in (mine, past[-1] * ratios, past[-1] * ratios / np.median(ratios))
            ]
            error = abs(float(np.median(mine)) / came - 1.0)
            rows.append([ahead, error, float(low <= came <= high), *crps])
    return np.array(rows)


def lines(data: Path) -> Iterator[str]:
    """Yield rows of the table."""
    for name, read, file in (
        ("Dish", dish, "dish_quarterly.csv"),
        ("Sirius XM", sirius, "sirius_xm_quarterly.csv"),
    ):
        if not (data / FOLDER / file).exists():
            continue
        counts = read(data)
        for what in ("subscribers", "revenue"):
            if getattr(counts, what) is None:
                continue
            table = scores(counts, what)
            for label, there in (
                ("1 to 8", table[:, 0] > 0),
                *((str(ahead), table[:, 0] == ahead) for ahead in (1, 4, 8)),
            ):
                _, error, inside, *crps = table[there].mean(axis=0)
                skill = [1.0 - crps[0] / rival for rival in crps[1:]]
                yield (
                    f"| {name}, {what} | {label} | {int(there.sum())} | {error:.1%} | "
                    f"{inside:.0%} | {skill[0]:.2f} | {skill[1]:.2f} |"
                )


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(data: Path) -> None:
    """Forecast subscribers and revenue from every quarter, and print how it went."""
    click.echo(
        "| | quarters ahead | forecasts | mean error of the median | 80 % hold | "
        "skill against the last value | without its growth |\n|---|---|---|---|---|---|---|"
    )
    for line in lines(data):
        click.echo(line)


if __name__ == "__main__":
    main()
