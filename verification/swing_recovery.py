"""`python -m verification.swing_recovery`: whether months that swing are found, and how surely.

Deals are walked in plain NumPy through months whose odds of advancing and speed are series of first
order, as a plan's shocks are, and fitted. It is counted how often a swing is found, how often where
there is none, and how often 90 % intervals hold the true spread.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping

import click
import numpy as np
import pandas as pd
from scipy.stats import binom

from salessim._typing import FloatArray
from salessim.fit.pipelines import fit_pipeline
from salessim.fit.swing import FALSE_ALARMS
from salessim.model.laws import Lognormal
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


def study(seed: int) -> Iterator[Mapping[str, object]]:
    """Yield two rows for each data set, one after the other, without an end."""
    nth = 0
    while True:
        rng = np.random.default_rng([seed, nth])
        spreads, persistence = rng.choice(SPREADS, 2), rng.uniform(0.0, 0.9)
        odds, speed = (factors(spread, persistence, rng) for spread in spreads)
        deals = record(STAGES, rng, deals=DEALS, days=DAYS, shaken=Shaken(odds=odds, speed=speed))
        found = fit_pipeline(deals, families=["lognormal"], empirical=False).months
        both = (("conversion", found.conversion), ("pace", found.pace))
        for (of, one), spread in zip(both, spreads, strict=True):
            if one is not None:
                low, high = one.interval
                yield {
                    "of": of,
                    "spread": spread,
                    "found": one.matters,
                    "held": low <= spread <= high,
                    "effect": one.effect,
                    "persistence": one.persistence - persistence,
                }
        nth += 1


@click.command()
@click.option("--datasets", default=200, show_default=True)
@click.option("--minutes", default=np.inf, help="Stop after so long, with what is done by then.")
@click.option("--seed", default=1, show_default=True)
def main(*, datasets: int, minutes: float, seed: int) -> None:
    """Print what was found; exit code 1 when too often where nothing is, or held too seldom."""
    end = time.monotonic() + 60.0 * minutes
    rows: list[Mapping[str, object]] = []
    for row in study(seed):
        rows.append(row)
        if len(rows) >= 2 * datasets or time.monotonic() > end:
            break
    found = pd.DataFrame(rows)
    click.echo(found.groupby(["of", "spread"]).agg(["mean", "count"]).round(3).to_string())
    none, some = found[found["spread"] == 0.0], found[found["spread"] > 0.0]
    alarms, held = int(none["found"].sum()), int(some["held"].sum())
    click.echo(f"{alarms} false alarms of {len(none)}; {held} of {len(some)} intervals hold it")
    too_many = binom.sf(alarms - 1, len(none), FALSE_ALARMS) < RARE
    too_few = binom.cdf(held, len(some), 0.9) < RARE
    sys.exit(int(too_many or too_few))


if __name__ == "__main__":
    main()
