"""`python -m verification.recovery`: whether parameters of stages are found, and how surely.

Pipelines are drawn, walked, recorded with deals still open and with the beginning cut off, and
fitted with the family that is right. Of each kind of parameter it is counted how often the 90 %
interval holds the truth.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence

import click
import numpy as np
import pandas as pd

from salessim._typing import FloatArray
from salessim.fit.pipelines import FittedPipeline, fit_pipeline
from salessim.model.law import Law
from salessim.model.laws import Gamma, LogLogistic, Lognormal, Weibull
from verification.walked_deals import TrueStage, record

FAMILIES = ("lognormal", "weibull", "gamma", "loglogistic")
DEALS, DAYS, COMPLETE_FROM = 1_500, 730, 180
POOLED, EACH = (0.85, 0.95), (0.80, 0.98)


def drawn_law(family: str, rng: np.random.Generator) -> Law:
    """Return a law with a scale from 5 to 40 days."""
    scale = math.exp(rng.uniform(math.log(5.0), math.log(40.0)))
    if family == "lognormal":
        return Lognormal(median=scale, sigma=rng.uniform(0.4, 1.2))
    shape = rng.uniform(0.8, 2.0)
    if family == "weibull":
        return Weibull(scale=scale, shape=shape)
    if family == "gamma":
        return Gamma(mean=scale, shape=shape)
    return LogLogistic(median=scale, shape=1.5 + shape)


def drawn_stages(family: str, rng: np.random.Generator) -> tuple[TrueStage, ...]:
    """Return three stages; deals go back from the second."""
    return tuple(
        TrueStage(
            conversion=rng.uniform(0.3, 0.8),
            cycle_time=drawn_law(family, rng),
            loss_time=drawn_law(family, rng),
            stuck=rng.uniform(0.05, 0.4),
            back=rng.uniform(0.1, 0.4) if nth == 1 else 0.0,
            back_time=drawn_law(family, rng) if nth == 1 else None,
        )
        for nth in range(3)
    )


def _true_numbers(stage: TrueStage) -> Mapping[str, float]:
    """Return the stage's numbers by the end of their address."""
    laws = {"cycle_time": stage.cycle_time, "loss_time": stage.loss_time}
    if stage.back_time is not None:
        laws["back.after"] = stage.back_time
    numbers = {"conversion": stage.conversion, "stuck.share": stage.stuck}
    if stage.back:
        numbers["back.share"] = stage.back
    for key, law in laws.items():
        family = type(law).__name__.lower()
        for name, value in vars(law).items():
            numbers[f"{key}.{family}.{name}"] = value
    return numbers


def compared(fitted: FittedPipeline, stages: Sequence[TrueStage]) -> Iterator[Mapping[str, object]]:
    """Yield a row for each number: its kind, its distance from the truth in standard errors."""
    for stage, true in zip(fitted.stages, stages, strict=True):
        truth = _true_numbers(true)
        for number in stage.numbers[0]:
            # a share that takes no time makes a law the second of a mixture
            name = number.address.removeprefix(f"{stage.address}.").replace(".mixture.1.law", "")
            kind, _, key = name.partition(".")
            scaled = truth[name] / (1.0 - truth[name]) if number.scale == "odds" else truth[name]
            low, high = number.interval
            which = "scale" if key.endswith(("median", "mean", "scale")) else "shape"
            yield {
                "kind": name if number.scale == "odds" else f"{kind} {which}",
                "z": (number.middle - math.log(scaled)) / number.sd,
                "covered": low <= truth[name] <= high,
            }


def study(*, datasets: int, seed: int) -> pd.DataFrame:
    """Return a row for each number of each data set."""
    rows = []
    for nth in range(datasets):
        rng = np.random.default_rng([seed, nth])
        family = FAMILIES[nth % len(FAMILIES)]
        stages = drawn_stages(family, rng)
        deals = record(
            stages,
            rng,
            deals=DEALS,
            days=DAYS,
            complete_from=COMPLETE_FROM,
            dates_only=nth // len(FAMILIES) % 2 == 1,
        )
        fitted = fit_pipeline(deals, families=[family], empirical=False)
        clock = "dates" if nth // len(FAMILIES) % 2 == 1 else "times"
        rows += [{**row, "family": family, "clock": clock} for row in compared(fitted, stages)]
    return pd.DataFrame(rows)


def table(found: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return coverage, mean and standard deviation of the distances, by a column."""
    groups = found.groupby(by)
    return pd.DataFrame(
        {
            "numbers": groups.size(),
            "covered": groups["covered"].mean(),
            "mean z": groups["z"].mean(),
            "sd z": groups["z"].std(),
        }
    ).round(3)


@click.command()
@click.option("--datasets", default=200, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(*, datasets: int, seed: int) -> None:
    """Count how often 90 % intervals hold the truth; exit code 1 when too seldom or too often."""
    found = study(datasets=datasets, seed=seed)
    for by in ("kind", "family", "clock"):
        click.echo(table(found, by).to_string())
        click.echo()
    pooled = float(found["covered"].mean())
    each: FloatArray = table(found, "kind")["covered"].to_numpy()
    click.echo(f"pooled: {pooled:.1%} of {len(found):,} intervals hold the truth")
    click.echo(f"by kind: {each.min():.1%} to {each.max():.1%}")
    good = POOLED[0] <= pooled <= POOLED[1] and EACH[0] <= each.min() <= each.max() <= EACH[1]
    sys.exit(not good)


if __name__ == "__main__":
    main()
