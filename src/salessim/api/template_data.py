"""Made-up customers and open deals, as they would be if a plan had been true for long.

In the long run a stage that deals enter at a constant rate holds rate x S(a) da of them at the
age a, where S(a) is the share of the visits that last longer than a (Little's law, by age). So
slow stages hold more deals, and old ones are those that a slow outcome keeps. The same holds for
customers and their lifetime.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from salessim._typing import FloatArray
from salessim.config import load_plan
from salessim.config.open_deals import IGNORE
from salessim.lowering.chain import outcomes
from salessim.lowering.facts import DAYS_PER_YEAR, rate_at_start
from salessim.model.law import Law, floats
from salessim.model.plan import Model, expected_visits

OLDEST_DEAL = 365
"""Days after which open deals are taken out of the made-up CRM."""
UNKNOWN = 0.15
"""Share of the open deals without an amount."""
CLOSED = 6
"""Rows of each stage that the plan ignores."""


def made_up_data(path: Path, *, customers: int, years: int) -> dict[str, str]:
    """Return the CSV texts that a plan names, by file name; the files themselves are not read.

    Parameters
    ----------
    path : Path
        A plan whose customers and open deals are files, with all their columns mapped.
    customers : int
        Customers at the start, >= 1.
    years : int
        No customer is older.
    """
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    lifetime = document["customers"]["lifetime"]
    counted = {"lifetime": lifetime, "count": customers, "tenure": "0 days"}
    changes = {"customers": counted, "open_deals": {"count": {}}}
    model = load_plan(path, changes=changes).model
    draw = Random(f"{path.stem}: made-up data")  # noqa: S311  (no secret hangs on it)
    files = {}
    if model.customers:
        weights = _survivals([(1.0, model.customers.lifetime)], days=round(years * DAYS_PER_YEAR))
        tenures = _ages(weights, customers, draw)
        table = document["customers"]
        files[table["file"]] = _customers(tenures, table["columns"], model.timeline.start)
    table = document["open_deals"]
    return {**files, table["file"]: _open_deals(model, table, draw)}


def _customers(tenures: Sequence[int], columns: Mapping[str, str], start: date) -> str:
    """Return customers, those who came first on top."""
    oldest_first = enumerate(sorted(tenures, reverse=True), 1)
    rows = ((f"C{number:04}", start - timedelta(tenure)) for number, tenure in oldest_first)
    return _csv((columns["customer_id"], columns["since"]), rows)


def _open_deals(model: Model, table: Mapping[str, Any], draw: Random) -> str:
    """Return open deals as a CRM exports them: oldest first, and a few that are closed."""
    flows = _visits_per_day(model)
    deals = []
    for label, target in table["stages"].items():
        if target == IGNORE:
            ages = [draw.randrange(1, 31) for _ in range(CLOSED)]
            law = model.pipelines[0].amount
        else:
            pipeline = model.pipeline(target.partition(".")[0])
            stage = next(s for s in pipeline.stages if f"{pipeline.name}.{s.name}" == target)
            ways = [(way.probability, way.law) for way in outcomes(stage)]
            weights = _survivals(ways, days=OLDEST_DEAL)
            ages = _ages(weights, round(flows[target] * weights.sum()), draw)
            law = pipeline.amount
        amounts = _amounts(law, len(ages), draw)
        deals += [(age, label, amount) for age, amount in zip(ages, amounts, strict=True)]
    deals.sort(reverse=True)
    first = model.timeline.start
    rows = (
        (f"D{number:05}", label, first - timedelta(age), amount)
        for number, (age, label, amount) in enumerate(deals, 1)
    )
    return _csv([table["columns"][role] for role in ("id", "stage", "entered", "amount")], rows)


def _visits_per_day(model: Model) -> dict[str, float]:
    """Return how many deals enter each ``pipeline.stage`` a day, returns included."""
    flows = {f"{p.name}.{stage.name}": 0.0 for p in model.pipelines for stage in p.stages}
    customers = len(model.customers.ids) if model.customers else 0
    for source in model.sources:
        pipeline = model.pipeline(source.pipeline)
        leads = rate_at_start(source, model) * (customers if source.kind == "customer" else 1)
        for stage, visits in zip(pipeline.stages, expected_visits(pipeline)[0], strict=True):
            flows[f"{pipeline.name}.{stage.name}"] += leads * float(visits)
    return flows


def _survivals(ways: Iterable[tuple[float, Law | None]], *, days: int) -> FloatArray:
    """Return the share still there in the middle of day 1, 2, ...; without a law, for good."""
    middle = floats(np.arange(days) + 0.5)
    share = np.zeros(days)
    for probability, law in ways:
        share += probability * (1.0 if law is None else law.survival(middle))
    return share


def _ages(weights: FloatArray, count: int, draw: Random) -> list[int]:
    """Draw ages in days, from 1, by weight."""
    reached = np.cumsum(weights)
    return [1 + int(day) for day in np.searchsorted(reached, reached[-1] * _even(count, draw))]


def _amounts(law: Law, count: int, draw: Random) -> list[str]:
    """Draw amounts as people write them, to three digits; empty where none is known yet."""
    return [
        "" if draw.random() < UNKNOWN else f"{float(f'{value:.3g}'):.0f}"
        for value in law.isf(_even(count, draw)).tolist()
    ]


def _even(count: int, draw: Random) -> FloatArray:
    """Draw numbers in (0, 1), one in each of as many equal parts: few, and yet no odd lot."""
    numbers = [(part + draw.random()) / count for part in range(count)]
    draw.shuffle(numbers)
    return np.array(numbers)


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
