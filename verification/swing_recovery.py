"""`python -m verification.swing_recovery`: whether months that swing are found, and how surely.

Deals are walked in plain NumPy through months whose odds of advancing and speed are series of first
order, as a plan's shocks are, and fitted. It is counted how often a swing is found, how often where
there is none, and how often 90 % intervals hold the true spread. With `--quarter`, the speed
follows the quarter besides, and it is counted how often that is found; without, it should not be.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence

import click
import numpy as np
import pandas as pd
from scipy.stats import binom

from salessim._typing import FloatArray
from salessim.fit.pipelines import fit_pipeline
from salessim.fit.swing import FALSE_ALARMS
from salessim.model.laws import Lognormal
from salessim.model.uncertain import NORMAL_P95
from verification.walked_deals import Shaken, TrueStage, record

DEALS, DAYS, MONTHS = 1_500, 730, 24
SPREADS = (0.0, 0.15, 0.3, 0.5)
RARE = 1e-3
"""How often the counts of a fit that is right are refused."""
STAGES = tuple(
    TrueStage(
        conversion=conversion,
        cycle_time=Lognormal(median=days, sigma=0.8),
        loss_time=Lognormal(median=20.0, sigma=0.8),
        stuck=0.1,
    )
    for conversion, days in ((0.6, 8.0), (0.5, 15.0), (0.4, 30.0))
)


def factors(spread: float, persistence: float, rng: np.random.Generator) -> FloatArray:
    """Return factors of months with mean one, as a shock makes them."""
    level = np.empty(MONTHS)
    level[0] = rng.standard_normal()
    for month in range(1, MONTHS):
        new = np.sqrt(1.0 - persistence**2) * rng.standard_normal()
        level[month] = persistence * level[month - 1] + new
    return np.asarray(np.exp(spread * level - spread**2 / 2.0))


def in_step(quarter: float) -> FloatArray:
    """Return effects on the log speed of all months, the last of a quarter being quick."""
    return quarter * np.tile([-1.0, 0.0, 1.0], MONTHS // 3)


def study(seed: int, quarter: float = 0.0) -> Iterator[Sequence[Mapping[str, object]]]:
    """Yield rows for each data set, one after the other, without an end.

    ``quarter`` is the log speed of a quarter's last month, and minus that of its first.
    """
    nth = 0
    while True:
        rng = np.random.default_rng([seed, nth])
        spreads, persistence = rng.choice(SPREADS, 2), rng.uniform(0.0, 0.9)
        odds, speed = (factors(spread, persistence, rng) for spread in spreads)
        shaken = Shaken(odds=odds, speed=speed * np.exp(in_step(quarter)))
        deals = record(STAGES, rng, deals=DEALS, days=DAYS, shaken=shaken)
        months = fit_pipeline(deals, families=["lognormal"], empirical=False).months
        # with a rhythm, the speed is no swing alone
        both = (("conversion", months.conversion), ("pace", None if quarter else months.pace))
        rows = [
            _row(of, spread, spread, one.interval, one.effect, found=one.matters)
            for (of, one), spread in zip(both, spreads, strict=True)
            if one is not None
        ]
        found = months.rhythm
        middle, off = (np.nan, np.nan) if found is None else (found.effects[2], found.errors[2])
        within = (middle - NORMAL_P95 * off, middle + NORMAL_P95 * off)
        yield [*rows, _row("quarter", spreads[1], quarter, within, middle, found=found is not None)]
        nth += 1


def _row(
    of: str, spread: float, true: float, within: tuple[float, float], effect: float, *, found: bool
) -> Mapping[str, object]:
    """Return a row: `held` is NaN where no interval is told."""
    told = not np.isnan(effect)
    held = float(within[0] <= true <= within[1]) if told else np.nan
    return {
        "of": of,
        "spread": spread,
        "none": not true,
        "found": found,
        "held": held,
        "effect": effect,
    }


@click.command()
@click.option("--datasets", default=200, show_default=True)
@click.option("--minutes", default=np.inf, help="Stop after so long, with what is done by then.")
@click.option("--seed", default=1, show_default=True)
@click.option("--quarter", default=0.0, help="Log speed of a quarter's last month, and minus its.")
def main(*, datasets: int, minutes: float, seed: int, quarter: float) -> None:
    """Print what was found; exit code 1 when too often where nothing is, or held too seldom."""
    end = time.monotonic() + 60.0 * minutes
    rows: list[Mapping[str, object]] = []
    for few, _ in zip(study(seed, quarter), range(datasets), strict=False):
        rows += few
        if time.monotonic() > end:
            break
    found = pd.DataFrame(rows)
    click.echo(found.groupby(["of", "spread"]).agg(["mean", "count"]).round(3).to_string())
    none, some = found[found["none"]], found.loc[~found["none"], "held"].dropna()
    alarms, held = int(none["found"].sum()), int(some.sum())
    click.echo(f"{alarms} false alarms of {len(none)}; {held} of {len(some)} intervals hold it")
    too_many = binom.sf(alarms - 1, len(none), FALSE_ALARMS) < RARE
    too_few = binom.cdf(held, len(some), 0.9) < RARE
    sys.exit(int(too_many or too_few))


if __name__ == "__main__":
    main()
