"""`python -m verification.calibration`: forecasts from fitted plans, as sure as they say or not.

Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788) of the whole way from records to
a forecast: numbers are drawn from a prior, a company with these numbers is walked through two years
in plain NumPy, the first eighteen months are fitted, and what the last six brought is ranked among
the trajectories of the fitted plan. If plans say what is known, all ranks are equally likely.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count, islice, pairwise, takewhile

import click
import numpy as np
import pandas as pd

from salessim import api
from salessim._typing import FloatArray, IntArray
from salessim.fit.fit import Fitted, fit_history
from salessim.fit.history import Deals, History
from salessim.fit.rates import GROWTH_SD, SPREAD_RATE
from salessim.model.laws import Lognormal
from verification.walked_deals import EPOCH, TrueStage, record

AS_OF = date(2021, 6, 30)
END = date(2021, 12, 31)
MONTHS = 24
BINS = 20
REJECTED = 1e-3
OPEN = "open_deals"


@dataclass(frozen=True, kw_only=True)
class Company:
    """Numbers drawn from the prior."""

    rate: float
    """Leads per day in the month after `AS_OF`."""
    growth: float
    """By month, of the logarithm."""
    variance: float
    """Of the factor of a month."""
    stages: tuple[TrueStage, ...]
    amount: Lognormal


def drawn(rng: np.random.Generator) -> Company:
    """Draw a company; growth and variance as `salessim.fit.rates` expects them."""
    return Company(
        rate=math.exp(rng.uniform(math.log(1.5), math.log(6.0))),
        growth=rng.normal(0.0, GROWTH_SD),
        variance=rng.exponential(1.0 / SPREAD_RATE) ** 2,
        stages=tuple(_stage(rng) for _ in range(2)),
        amount=Lognormal(median=1000.0 * math.exp(rng.normal(0.0, 0.5)), sigma=_sigma(rng)),
    )


def _stage(rng: np.random.Generator) -> TrueStage:
    laws = (
        Lognormal(median=15.0 * math.exp(rng.normal(0.0, 0.4)), sigma=_sigma(rng)) for _ in range(2)
    )
    odds = math.exp(rng.normal(0.0, 0.5))
    return TrueStage(
        conversion=odds / (1.0 + odds),
        cycle_time=next(laws),
        loss_time=next(laws),
        stuck=rng.beta(2.0, 8.0),
    )


def _sigma(rng: np.random.Generator) -> float:
    return 0.8 * math.exp(rng.normal(0.0, 0.2))


def leads(company: Company, rng: np.random.Generator) -> FloatArray:
    """Return the days on which leads came, month by month."""
    start = EPOCH.astype("datetime64[M]") + np.arange(MONTHS + 1)
    edges = (start.astype("datetime64[D]") - EPOCH).astype("timedelta64[D]").astype(float)
    of_start = int(
        (np.datetime64(AS_OF) + 1).astype("datetime64[M]").astype(int) - start[0].astype(int)
    )
    found = []
    for month, (begin, end) in enumerate(pairwise(edges)):
        mean = company.rate * (end - begin) * math.exp(company.growth * (month - of_start))
        if company.variance > 0.0:
            mean *= rng.gamma(1.0 / company.variance, company.variance)
        found.append(rng.uniform(begin, end, rng.poisson(mean)))
    return np.sort(np.concatenate(found))


def records(company: Company, rng: np.random.Generator) -> Deals:
    """Return what the company wrote down by the end; amounts are known from the beginning."""
    days = (END - EPOCH.astype("datetime64[D]").item()).days + 1
    deals = record(company.stages, rng, days=days, born=leads(company, rng))
    worth = company.amount.isf(rng.random(len(deals.table)))
    amounts = {
        "deal": np.arange(len(worth)),
        "at": deals.table["created"],
        "amount": worth.round(2),
    }
    return replace(deals, amounts=pd.DataFrame(amounts))


def came(deals: Deals) -> Mapping[str, float]:
    """Return wins and bookings of the six months, of deals open before and of new ones."""
    night = pd.Timestamp(AS_OF + timedelta(days=1))
    wins = deals.moves[(deals.moves["stage"] == deals.won) & (deals.moves["at"] >= night)]
    worth = deals.amounts["amount"].to_numpy()[wins["deal"]]
    there = (deals.table["created"] < night).to_numpy()[wins["deal"]]
    return {
        "wins": len(wins),
        "bookings": float(worth.sum()),
        "wins of open deals": int(there.sum()),
        "wins of new deals": int((~there).sum()),
    }


def forecast(fitted: Fitted, *, trajectories: int, seed: int) -> Mapping[str, FloatArray]:
    """Return the same numbers of each trajectory."""
    result = api.simulate(fitted.plan(), trajectories=trajectories, seed=seed, threads=1)
    wins, by = result.wins.total(), result.wins.by("origin")
    opened = by[OPEN].total() if OPEN in by else np.zeros_like(wins)
    return {
        "wins": wins,
        "bookings": result.bookings.total(),
        "wins of open deals": opened,
        "wins of new deals": wins - opened,
    }


def study(*, trajectories: int, seed: int) -> Iterator[Mapping[str, float]]:
    """Yield the rank of each number of one replicate after the other, in [0, 1)."""
    for nth in count():
        rng = np.random.default_rng([seed, nth])
        deals = records(drawn(rng), rng)
        fitted = fit_history(
            History(deals=(deals,)), as_of=AS_OF, horizon="6 months", families=["lognormal"]
        )
        ahead = forecast(fitted, trajectories=trajectories, seed=nth)
        truth = came(deals)
        yield {name: _rank(truth[name], ahead[name], rng) for name in truth}


def _rank(truth: float, ahead: FloatArray, rng: np.random.Generator) -> float:
    """Return the share of trajectories below; ties are split at random."""
    below, equal = int((ahead < truth).sum()), int((ahead == truth).sum())
    return float(below + rng.integers(equal + 1)) / (len(ahead) + 1)


def flatness(ranks: FloatArray) -> tuple[float, IntArray]:
    """Return the p-value of the chi-square test that all bins are equally likely, and the bins."""
    from scipy.stats import chisquare

    counts = np.bincount(np.minimum((BINS * ranks).astype(int), BINS - 1), minlength=BINS)
    return float(chisquare(counts).pvalue), counts


@click.command()
@click.option("--replicates", default=500, show_default=True)
@click.option("--minutes", default=math.inf, help="Stop after so long, with what is done by then.")
@click.option("--trajectories", default=199, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(*, replicates: int, minutes: float, trajectories: int, seed: int) -> None:
    """Print the test of each number; exit code 1 where ranks are not flat."""
    end = time.monotonic() + 60.0 * minutes
    study_of = islice(study(trajectories=trajectories, seed=seed), replicates)
    rows = list(takewhile(lambda _: time.monotonic() < end, study_of))
    ranks = pd.DataFrame(rows)
    click.echo(f"{len(ranks)} replicates")
    flat = True
    for name, column in ranks.items():
        values = column.to_numpy()
        p, counts = flatness(values)
        inside = {
            share: float(np.mean(abs(values - 0.5) < share / 2)) for share in (0.5, 0.8, 0.95)
        }
        held = ", ".join(f"{share:.0%}: {found:.1%}" for share, found in inside.items())
        click.echo(f"{name}: p = {p:.3g}; intervals hold {held}; {counts.tolist()}")
        flat = flat and p >= REJECTED
    sys.exit(0 if flat else 1)


if __name__ == "__main__":
    main()
