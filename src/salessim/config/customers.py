"""Customers at the start: by count, or from a file; alike, or in segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from salessim._typing import BoolArray, FloatArray, IntArray
from salessim.config.csv_text import TableError
from salessim.config.make_laws import PLACEHOLDER, LawMaker
from salessim.config.open_deals import say_doubles, say_empty
from salessim.config.own_rates import probability_cell, read_own_rates
from salessim.config.problems import Path, Problems
from salessim.config.schema import Customers as CustomersTable
from salessim.config.schema import Health
from salessim.config.tables import (
    DataTable,
    day_parser,
    parse_cells,
    pick_column,
    rows_at,
    say_which,
)
from salessim.config.words import found, nearest
from salessim.model.law import Law, floats
from salessim.model.plan import Customers, HealthClass, OwnRates, Segment


@dataclass(frozen=True, kw_only=True)
class Roster:
    """Who is there at the start, one entry for each customer.

    Attributes
    ----------
    ids : tuple of str
    tenure_days : ndarray or None
        NaN where not known; None when nothing is known of any.
    segment_of : ndarray or None
        Index of the segment; None without segments.
    alive : ndarray or None
        Probability that the customer is still there; None = all are.
    own_rates : tuple of OwnRates
    """

    ids: tuple[str, ...]
    tenure_days: FloatArray | None
    segment_of: IntArray | None = None
    alive: FloatArray | None = None
    own_rates: tuple[OwnRates, ...] = ()


NOBODY = Roster(ids=(), tenure_days=None)


def customers_by_count(table: CustomersTable) -> Roster:
    """Return the customers of `count`: ``customer 1`` ..., in segments ``NAME 1`` ...."""
    if not table.segments:
        ids = tuple(f"customer {number}" for number in range(1, (table.count or 0) + 1))
        return Roster(
            ids=ids,
            tenure_days=None if table.tenure is None else np.full(len(ids), table.tenure),
        )
    segments = table.segments.items()
    counts = [segment.count or 0 for _, segment in segments]
    known = [np.nan if segment.tenure is None else segment.tenure for _, segment in segments]
    tenures = np.repeat(np.array(known), counts)
    return Roster(
        ids=tuple(
            f"{name} {number}"
            for name, segment in segments
            for number in range(1, (segment.count or 0) + 1)
        ),
        tenure_days=None if np.isnan(tenures).all() else tenures,
        segment_of=np.repeat(np.arange(len(counts)), counts),
    )


def read_customers(
    table: CustomersTable, data: DataTable, start: date, sources: Sequence[str] = ()
) -> Roster:
    """Return the customers of a data file, and what it says of their rates through some sources.

    Raises
    ------
    TableError
        With all that is wrong with the file.
    """
    problems: list[str] = []
    everyone = range(len(data.rows))
    names = _columns(table, data, problems)
    ids: list[str] = []
    if "customer_id" in names:
        cells = data.columns[names["customer_id"]]
        ids = ["" if cell is None else str(cell) for cell in cells]
        say_doubles(data, names["customer_id"], ids, everyone, problems)
    tenures = _tenures(table, data, names, start, problems)
    segment_of = _segments(table, data, names, problems)
    alive = None
    if "alive" in names:
        alive = floats(parse_cells(data, names["alive"], probability_cell, everyone, problems))
    rates = [own for name in sources if (own := read_own_rates(data, name, problems))]
    if problems:
        raise TableError(*problems)
    return Roster(
        ids=tuple(ids),
        tenure_days=tenures,
        segment_of=segment_of,
        alive=alive,
        own_rates=tuple(rates),
    )


def _columns(table: CustomersTable, data: DataTable, problems: list[str]) -> dict[str, str]:
    """Return the column of each role that has one; empty cells in it are a problem."""
    needed = ["customer_id", "segment"] if table.segments else ["customer_id"]
    names: dict[str, str] = {}
    for role in (*needed, "since", "alive"):
        try:
            name, cells = pick_column(data, getattr(table.columns, role), role)
        except TableError as error:
            problems.append(str(error))
            continue
        if cells:
            names[role] = name
            say_empty(data, name, range(len(data.rows)), problems)
        elif role in needed:
            problems.append(say_which(data, role))
    return names


def _tenures(
    table: CustomersTable,
    data: DataTable,
    names: dict[str, str],
    start: date,
    problems: list[str],
) -> FloatArray | None:
    """Return days from `since` to the start; a date after the start is a problem."""
    if "since" not in names:
        return None
    everyone = range(len(data.rows))
    days = parse_cells(data, names["since"], day_parser(table.date_format), everyone, problems)
    late = [at for at in everyone if days[at] is not None and days[at] > start]
    if late:
        problems.append(
            f"{data.name}: {rows_at(data, late)}: {names['since']} is after the start ({start}); "
            "take the rows out or start later"
        )
    if problems:
        return None
    return np.array([(start - day).days for day in days], dtype=np.float64)


def _segments(
    table: CustomersTable, data: DataTable, names: dict[str, str], problems: list[str]
) -> IntArray | None:
    """Return the index of each customer's segment; an unknown one is a problem."""
    if "segment" not in names:
        return None
    index = {name: at for at, name in enumerate(table.segments)}
    cells = data.columns[names["segment"]]
    unknown: dict[str, list[int]] = {}
    for at, cell in enumerate(cells):
        if cell is not None and str(cell) not in index:
            unknown.setdefault(str(cell), []).append(at)
    for name, rows in unknown.items():
        problems.append(
            f"{data.name}: {rows_at(data, rows)}: {names['segment']}: expected a segment of this "
            f"plan, found {found(name)}; {nearest(name, index, named='segments')}; or add "
            f"[customers.segments.{name}]"
        )
    if problems:
        return None
    return np.array([index[str(cell)] for cell in cells], dtype=np.int64)


def make_customers(
    table: CustomersTable, roster: Roster, laws: LawMaker, problems: Problems
) -> Customers:
    """Return the customers with their lifetimes; a problem where a tenure is needed."""
    path: Path = ("customers", "lifetime")
    default = None if table.lifetime is None else laws.time_law(table.lifetime, path)
    tenures = roster.tenure_days
    known = np.zeros(len(roster.ids), bool) if tenures is None else ~np.isnan(tenures)
    by_count = table.file is None
    segments = []
    for index, (name, segment) in enumerate(table.segments.items()):
        lifetime, where = default, path
        if segment.lifetime is not None:
            where = ("customers", "segments", name, "lifetime")
            lifetime = laws.time_law(segment.lifetime, where)
        there = np.zeros(0, bool) if roster.segment_of is None else roster.segment_of == index
        _check_tenures(lifetime, known[there], where, problems, by_count=by_count)
        segments.append(Segment(name=name, lifetime=lifetime or PLACEHOLDER))
    if not segments:
        _check_tenures(default, known, path, problems, by_count=by_count)
    return Customers(
        lifetime=default or (segments[0].lifetime if segments else PLACEHOLDER),
        ids=roster.ids,
        # where no tenure is known the lifetime has no memory: any number will do
        tenure_days=None if tenures is None else np.nan_to_num(tenures, nan=0.0),
        segments=tuple(segments),
        segment_of=roster.segment_of,
        alive=roster.alive,
        own_rates=roster.own_rates,
        health=_health(table.health),
    )


def _health(table: Health | None) -> tuple[HealthClass, ...]:
    """Return the classes of customers by how they feel, promoters first."""
    classes = {} if table is None else dict(table)
    return tuple(HealthClass(name=name, **dict(one)) for name, one in classes.items())


def _check_tenures(
    lifetime: Law | None, known: BoolArray, path: Path, problems: Problems, *, by_count: bool
) -> None:
    if lifetime is None or lifetime.is_memoryless or known.all():
        return  # a lifetime that is missing is said elsewhere
    remedy = 'say tenure = "200 days"' if by_count else "give the file a column `since`"
    problems.add(
        path,
        "only an exponential lifetime does without the customers' tenure: how long they "
        f"will stay depends on how long they have; {remedy}",
    )
