"""Groups of deals: small ones are like all others, large ones like themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from salessim.errors import SalessimError
from salessim.fit.history import Deals
from salessim.fit.pipelines import FittedPipeline
from salessim.fit.shrinkage import fit_groups
from salessim.model.laws import Lognormal
from tests.statistics import assert_binomial
from verification.walked_deals import TrueStage, record

SIGMA = 0.8


def together(parts: dict[str, Deals]) -> Deals:
    """Return one history of several, with a column that says which."""
    tables, moves, before = [], [], 0
    for name, deals in parts.items():
        tables.append(deals.table.assign(segment=name))
        moves.append(deals.moves.assign(deal=deals.moves["deal"] + before))
        before += len(deals.table)
    first = next(iter(parts.values()))
    return replace(
        first,
        table=pd.concat(tables, ignore_index=True).astype({"segment": "category"}),
        moves=pd.concat(moves, ignore_index=True),
    )


def drawn(sizes: list[int], *, spread: float, seed: int) -> tuple[Deals, np.ndarray, np.ndarray]:
    """Groups whose log odds of conversion and log medians of time are normal around 0 and 20."""
    rng = np.random.default_rng(seed)
    odds, pace = spread * rng.standard_normal((2, len(sizes)))
    parts = {
        f"g{nth:02d}": record(
            [
                TrueStage(
                    conversion=1.0 / (1.0 + np.exp(-odds[nth])),
                    cycle_time=Lognormal(median=20.0 * np.exp(pace[nth]), sigma=SIGMA),
                    loss_time=Lognormal(median=30.0, sigma=0.6),
                    stuck=0.2,
                )
            ],
            rng,
            deals=size,
            days=700,
        )
        for nth, size in enumerate(sizes)
    }
    return together(parts), odds, pace


def grouped(deals: Deals) -> dict[str, FittedPipeline]:
    return dict(fit_groups(deals, by="segment", families=["lognormal"]))


def numbers(fitted: dict[str, FittedPipeline], end: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the middles and standard deviations of the numbers of an address, by group."""
    found = [
        next(one for one in pipeline.stages[0].numbers[0] if one.address.endswith(end))
        for pipeline in fitted.values()
    ]
    return np.array([one.middle for one in found]), np.array([one.sd for one in found])


def test_groups_are_nearer_to_the_truth_than_alone_and_know_how_near() -> None:
    sizes = [8] * 20 + [400] * 2
    deals, odds, pace = drawn(sizes, spread=0.5, seed=1)
    fitted = grouped(deals)
    small = slice(0, 20)
    for end, true, alone in (
        ("conversion", odds, 1.0 / np.sqrt(8 * 0.25)),
        ("cycle_time.lognormal.median", np.log(20.0) + pace, SIGMA / np.sqrt(4.0)),
    ):
        middle, sd = numbers(fitted, end)
        error = np.sqrt(np.mean((middle - true)[small] ** 2))
        # alone, or all taken as alike (0.5): shrunken is better than both in the mean
        assert error < 0.9 * alone
        assert np.median(sd[small]) < alone
        # of 22 intervals of 90 %, both kinds together
        assert_binomial(int((np.abs(middle - true) < 1.645 * sd).sum()), 22, 0.9)


def test_groups_that_are_alike_become_one() -> None:
    deals, _, _ = drawn([150] * 8, spread=0.0, seed=2)
    middle, sd = numbers(grouped(deals), "conversion")
    alone = 1.0 / np.sqrt(150 * 0.25)
    assert middle.std() < 0.5 * alone
    assert sd.mean() < 0.9 * alone


def test_large_groups_stay_themselves() -> None:
    deals, odds, _ = drawn([3_000, 3_000, 3_000], spread=1.0, seed=3)
    middle, sd = numbers(grouped(deals), "conversion")
    assert np.abs(middle - odds).max() < 5.0 * sd.max()
    assert sd.max() < 0.08


def test_a_column_that_is_none_is_refused() -> None:
    deals, _, _ = drawn([20, 20], spread=0.0, seed=4)
    with pytest.raises(SalessimError, match="no column `sgment`: did you mean `segment`"):
        fit_groups(deals, by="sgment")
    nobody = replace(deals, table=deals.table.assign(segment=pd.Categorical([None] * 40)))
    with pytest.raises(SalessimError, match="no deal has a value in the column `segment`"):
        fit_groups(nobody, by="segment")
