"""The sheet of checks: sums that must agree, by live formulas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from salessim.report.workbook.book import NOT_OK, OK, Column, Placed, Sheet
from salessim.report.workbook.funnel import FunnelTables
from salessim.report.workbook.kinds import TEXT, Kind
from salessim.report.workbook.series import PROBABILITIES, label

EXACT = Kind(code="#,##0.00", decimals=2)
CENT = 0.005
"""Half a hundredth: amounts that differ by less are the same to the cent."""
DEAL = 1e-6
"""Means of counts that differ by less are the same."""
FINE = 1e-13
"""Of the amounts added up: in trillions, sums of 64-bit numbers are no more exact."""


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The tables that are checked against each other."""

    forecast: Placed
    base: Placed
    origins: Placed
    customers: Placed
    funnel: FunnelTables | None


@dataclass(frozen=True, kw_only=True)
class Check:
    """Two numbers that must agree.

    Attributes
    ----------
    what : str
    left, right : str
        Live formulas.
    values : (float, float)
        What they give.
    allowed : float
        How far they may be apart, when what is added up is small.
    size : str
        The address of what is added up.
    largest : float
        The largest number there.
    """

    what: str
    left: str
    right: str
    values: tuple[float, float]
    allowed: float
    size: str
    largest: float

    @property
    def room(self) -> float:
        """How far the two may be apart."""
        return max(self.allowed, FINE * self.largest)

    @property
    def agrees(self) -> bool:
        """Whether the two agree."""
        return abs(self.values[0] - self.values[1]) <= self.room


def checks_sheet(sheet: Sheet, tables: Tables, *, more: Sequence[Check] = ()) -> str:
    """Write the checks, ``more`` behind them, and return the address of what all say.

    What is checked period by period stands below, with the difference of each period.
    """
    sheet.heading(
        "Checks: sums that must agree",
        "Live formulas over the other sheets: where a number is changed there and does not agree "
        f"any more with the others, it says {NOT_OK}.",
    )
    overall = sheet.row
    totals, differences = [*_totals(tables), *more], list(_differences(tables))
    # below: the line of all, the table of checks with its header, and an empty line
    sheet.row = overall + 2 + 1 + len(totals) + len(differences) + 1
    sheet.section("By period: how far apart")
    by_period = sheet.table([tables.forecast.column("period"), *(c for c, _, _ in differences)])
    sheet.row = overall + 2
    checks = [*totals, *(_largest(by_period, *each) for each in differences)]
    placed = sheet.table(_columns(sheet, checks))
    sheet.row = overall
    results = placed.cells("result")
    sheet.text(0, "All checks", bold=True)
    formula = f'IF(COUNTIF({results},"{OK}")=ROWS({results}),"{OK}","{NOT_OK}")'
    said = OK if all(check.agrees for check in checks) else NOT_OK
    sheet.cell(len(placed.columns) - 1, said, TEXT, formula=formula, bold=True)
    sheet.coloured(overall, placed.last, len(placed.columns) - 1)
    return sheet.address(overall, len(placed.columns) - 1)


def _columns(sheet: Sheet, checks: Sequence[Check]) -> list[Column]:
    """Return the table of checks."""
    # of the rows as Excel counts them, below the header
    rows = range(sheet.row + 2, sheet.row + 2 + len(checks))
    said = [OK if check.agrees else NOT_OK for check in checks]

    def column(key: str, title: str, values: list[float], formulas: list[str]) -> Column:
        return Column(key=key, title=title, kind=EXACT, values=values, formulas=formulas)

    return [
        Column(key="what", title="Check", kind=TEXT, values=[check.what for check in checks]),
        column("left", "One way", [c.values[0] for c in checks], [c.left for c in checks]),
        column("right", "The other way", [c.values[1] for c in checks], [c.right for c in checks]),
        column(
            "difference", "Difference", [abs(c.values[0] - c.values[1]) for c in checks],
            [f"ABS(B{row}-C{row})" for row in rows],
        ),
        Column(
            key="allowed", title="Allowed", kind=Kind(code="0.00####", decimals=6),
            values=[check.room for check in checks],
            formulas=[f"MAX({c.allowed:G},{FINE:G}*MAX({c.size}))" for c in checks],
        ),
        Column(
            key="result", title="Result", kind=TEXT, values=said,
            formulas=[f'IF(D{row}<=E{row},"{OK}","{NOT_OK}")' for row in rows],
        ),
    ]  # fmt: skip


def _largest(by_period: Placed, column: Column, size: str, largest: float) -> Check:
    """Return the check that a column of differences is 0 everywhere."""
    return Check(
        what=f"{column.title}, in each period",
        left=f"MAX({by_period.cells(column.key)})",
        right="0",
        values=(max(column.values), 0.0),
        allowed=DEAL if column.key == "customers" else CENT,
        size=size,
        largest=largest,
    )


def _differences(tables: Tables) -> Iterator[tuple[Column, str, float]]:
    """Yield how far apart things are by period, and the address and largest of what is added up."""
    everything, base = tables.forecast, tables.base
    origins = [c.key for c in tables.origins.columns if c.key.startswith("origin ")]
    pipelines = [c.key for c in everything.columns if c.key.startswith("pipeline ")]
    mean = "bookings mean"
    size, largest = everything.cells(mean), max(map(abs, everything.column(mean).values))
    sums = (
        ("origins", "Origins add up to the forecast", tables.origins, origins, everything),
        ("pipelines", "Pipelines add up to the forecast", everything, pipelines, everything),
        (
            "base", "Open deals and customers add up to the forecast without external leads",
            tables.origins, origins[:2], base,
        ),
        (
            "base pipelines", "Pipelines add up to the forecast without external leads", base,
            pipelines, base,
        ),
    )  # fmt: skip
    for key, title, parts, names, whole in sums:
        yield _apart(key, title, parts, names, whole), size, largest
    for key, table in (("quantiles", everything), ("base quantiles", base)):
        yield _rising(key, table), size, 0.0
    yield _customers(tables.customers), tables.customers.cells("active_customers mean"), 0.0


def _apart(key: str, title: str, parts: Placed, names: Sequence[str], whole: Placed) -> Column:
    """Return how far the sum of neighbouring columns is from the mean, period by period."""
    mean = whole.column("bookings mean").values
    sums = [sum(values) for values in zip(*(parts.column(n).values for n in names), strict=True)]
    return Column(
        key=key, title=title, kind=EXACT,
        values=[abs(a - b) for a, b in zip(sums, mean, strict=True)],
        formulas=[
            f"ABS(SUM({parts.row(names[0], names[-1], t)})-{whole.cell('bookings mean', t)})"
            for t in range(len(mean))
        ],
    )  # fmt: skip


def _rising(key: str, table: Placed) -> Column:
    """Return how far any quantile is below the one before it, period by period."""
    names = [f"bookings {label(p).lower()}" for p in PROBABILITIES]
    pairs = list(pairwise(names))
    rows = range(len(table.column(names[0]).values))

    def fall(t: int) -> float:
        falls = (table.column(a).values[t] - table.column(b).values[t] for a, b in pairs)
        return float(max(0.0, *falls))

    return Column(
        key=key, title=f"{table.sheet}: quantiles rise from P5 to P95", kind=EXACT,
        values=[fall(t) for t in rows],
        formulas=[
            f"MAX(0,{','.join(f'{table.cell(a, t)}-{table.cell(b, t)}' for a, b in pairs)})"
            for t in rows
        ],
    )  # fmt: skip


def _customers(table: Placed) -> Column:
    """Return how far start + gained - lost is from the end, and the start from the end before."""
    end = table.column("active_customers mean").values
    start, gained, lost = (table.column(key).values for key in ("start", "gained", "lost"))
    values, formulas = [], []
    for t in range(len(end)):
        cell = {key: table.cell(key, t) for key in ("start", "gained", "lost")}
        last = table.cell("active_customers mean", t)
        balance = f"ABS({cell['start']}+{cell['gained']}-{cell['lost']}-{last})"
        before = table.cell("active_customers mean", t - 1) if t else cell["start"]
        formulas.append(f"{balance}+ABS({cell['start']}-{before})")
        known = end[t - 1] if t else start[0]
        values.append(abs(start[t] + gained[t] - lost[t] - end[t]) + abs(start[t] - known))
    return Column(
        key="customers", title="Customers at the end are those at the start, gained, not lost",
        kind=EXACT, values=values, formulas=formulas,
    )  # fmt: skip


def _totals(tables: Tables) -> Iterator[Check]:
    """Yield that totals are the sums of their periods, and what holds for the whole span."""
    for table, key, what in _summed(tables):
        values = table.column(key).values
        yield Check(
            what=f"{what}: the periods add up to the total",
            left=f"SUM({table.cells(key)})",
            right=table.total_of(key),
            values=(sum(values), table.column(key).total),
            allowed=CENT if key.startswith(("bookings", "origin", "pipeline")) else DEAL,
            size=table.total_of(key),
            largest=abs(table.column(key).total),
        )
    if tables.funnel is not None:
        yield from _funnel(tables.forecast, tables.funnel)


def _summed(tables: Tables) -> Iterator[tuple[Placed, str, str]]:
    """Yield the columns with a total that is the sum of the periods, and what they are."""
    for table in (tables.forecast, tables.base):
        for column in table.columns:
            if column.key.endswith(" mean"):
                yield table, column.key, f"{table.sheet}, {column.group.lower()}"
            elif column.key.startswith("pipeline "):
                yield table, column.key, f"{table.sheet}, pipeline {column.title}"
    for column in tables.origins.columns:
        if column.key.startswith("origin "):
            yield tables.origins, column.key, f"Origin {column.title}"
    for key in ("gained", "lost"):
        yield tables.customers, key, f"Customers {key}"


def _funnel(forecast: Placed, funnel: FunnelTables) -> Iterator[Check]:
    """Yield that every stage balances, and that wins are what advances from the last stages."""
    long, whole = funnel.by_period, funnel.whole
    balance = long.column("balance").values
    yield Check(
        what="Funnel: the largest imbalance of any stage and period is 0",
        left=f"MAX({long.cells('balance')})", right="0", values=(max(balance), 0.0),
        allowed=DEAL, size=long.cells("end"), largest=max(long.column("end").values),
    )  # fmt: skip
    won = [value for value in whole.column("won").values if value is not None]
    total = forecast.column("wins mean").total
    yield Check(
        what="Deals won are those that advance from the last stages",
        left=f"SUM({whole.cells('won')})",
        right=forecast.total_of("wins mean"),
        values=(sum(won), total),
        allowed=DEAL, size=forecast.total_of("wins mean"), largest=total,
    )  # fmt: skip
