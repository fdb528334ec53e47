"""The sheet of charts, native to the workbook: they follow the numbers of the other sheets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from salessim.charts import style
from salessim.forecast import Forecast
from salessim.forecast.answer import money as said_money
from salessim.forecast.plot import period_name
from salessim.model.calendar import DAYS_PER_MONTH
from salessim.report.workbook.axes import (
    GRID_LINES,
    Drawn,
    amounts,
    counts,
    dates,
    dress,
    names_of_bars,
    round_up,
)
from salessim.report.workbook.book import Book, Column, Placed, Sheet
from salessim.report.workbook.checks import Tables
from salessim.report.workbook.funnel import LEFT, WORDS, FunnelTables
from salessim.report.workbook.kinds import Kind
from salessim.report.workbook.series import booked, periods

COLOURS = (
    style.BLUE, style.SKY, style.ORANGE, style.PURPLE, style.GREEN, style.YELLOW,
    style.VERMILLION, style.GREY,
)  # fmt: skip
WIDTH, HEIGHT, GAP = 640, 340, 6
"""Pixels of a chart; two stand side by side."""
ROWS, COLUMNS = 18, 10
"""Of the sheet, that a chart takes with the space around it."""
BANDS = (("P5", "P25"), ("P25", "P75"), ("P75", "P95"))
WORDS_OF = {"with": "With external leads", "without": "Without external leads"}
NEED = "need"


def charts_sheets(
    sheet: Sheet,
    data: Sheet,
    summary: Sheet,
    *,
    tables: Tables,
    forecast: Forecast,
    more: Sequence[Drawn],
) -> None:
    """Draw all charts on one sheet, ``more`` at its end, and the fans below the summary.

    What only charts need is written on the sheet ``data``.
    """
    drawing = _Drawing(sheet.book, tables, forecast, data)
    sheet.heading(
        "Charts",
        "Drawn from the other sheets: numbers that are changed there change the charts.",
    )
    found = [
        drawing.fan("with"),
        drawing.fan("without"),
        drawing.origins(),
        drawing.customers(),
        drawing.gained_and_lost(),
    ]
    if tables.funnel is not None:
        found += [drawing.outcomes(tables.funnel), drawing.open_deals(tables.funnel)]
    found += more
    for place, one in enumerate(found):
        row, column = divmod(place, 2)
        _insert(sheet, 3 + ROWS * row, COLUMNS * column, one)
    for place, key in enumerate(("with", "without")):
        # beside each other however wide the columns are
        _insert(summary, summary.row + 1, 0, drawing.fan(key), aside=place * (WIDTH + GAP))
    lines = math.ceil(len(found) / 2)
    # two lines of charts on a page
    sheet.sheet.set_h_pagebreaks([3 + ROWS * line for line in range(2, lines, 2)])
    last = 2 + ROWS * lines
    sheet.sheet.print_area(0, 0, last, 2 * COLUMNS - 1)


def _insert(sheet: Sheet, row: int, column: int, drawn: Drawn, *, aside: int = 0) -> None:
    drawn.chart.set_size({"width": WIDTH, "height": HEIGHT})
    options = {"description": drawn.says, "object_position": 3, "x_offset": aside}
    options["y_offset"] = GAP
    sheet.sheet.insert_chart(row, column, drawn.chart, options)


class _Drawing:
    """The charts of one forecast."""

    def __init__(self, book: Book, tables: Tables, forecast: Forecast, data: Sheet) -> None:
        self._book = book
        self._tables = tables
        self._forecast = forecast
        self._line = forecast.labels.timeline
        self._parts = _parts(tables.origins)
        data.heading(
            "Chart data",
            "What the charts need beside the other sheets, by live formulas from them.",
        )
        self._data = data.table(self._columns(), freeze=1)
        largest = max(tables.forecast.column("bookings p95").values, default=0.0)
        self._top = round_up(max(largest, self._need()))

    def _columns(self) -> list[Column]:
        tables, kind = self._tables, booked(self._forecast)
        columns = [periods(self._line)]
        for key, table in (("with", tables.forecast), ("without", tables.base)):
            columns += _bands(key, table, kind)
        count = len(columns[0].values)
        if self._need():
            title = "Must be booked to last"
            columns.append(Column(key=NEED, title=title, kind=kind, values=[self._need()] * count))
        if self._parts[1]:
            columns.append(self._rest(kind))
        return columns

    def _rest(self, kind: Kind) -> Column:
        """Return what the sources without a colour of their own book: all but those with one."""
        origins, (shown, rest) = self._tables.origins, self._parts
        parts = zip(*(origins.column(key).values for key in rest), strict=True)
        return Column(
            key="rest", title=f"{len(rest)} more sources", kind=kind,
            values=[sum(each) for each in parts],
            formulas=[
                f"{origins.cell('all', t)}-{'-'.join(origins.cell(key, t) for key in shown)}"
                for t in range(len(origins.column("all").values))
            ],
        )  # fmt: skip

    def _need(self) -> float:
        """Return what a period of mean length must book; 0 when there is no verdict."""
        verdict = self._forecast.verdict
        if verdict.probability is None:
            return 0.0
        return verdict.need_per_month * self._line.period.days / DAYS_PER_MONTH

    def fan(self, key: str) -> Drawn:
        """Draw P5 to P95 and P25 to P75 of the bookings, the median, and what must be booked.

        ``key`` is ``with`` or ``without``: external leads.
        """
        table = self._tables.forecast if key == "with" else self._tables.base
        data = self._data
        total = table.column("bookings p50").total
        title = f"{WORDS_OF[key]}: {said_money(total, self._forecast)} of bookings (P50)"
        if len(table.column("period").values) == 1:
            return self._one_period(table, title)
        chart = self._book.file.add_chart({"type": "area", "subtype": "stacked"})
        chart.add_series(self._series(data, f"{key} P5", fill={"none": True}))
        for (low, high), clear in zip(BANDS, (75, 45, 75), strict=True):
            fill = {"color": style.BLUE, "transparency": clear}
            chart.add_series(self._series(data, f"{key} {low} to {high}", fill=fill))
        lines = self._book.file.add_chart({"type": "line"})
        blue = {"color": style.BLUE, "width": 2.25}
        lines.add_series(self._series(table, "bookings p50", name="P50", line=blue))
        if self._need():
            dots = {"color": style.BLACK, "width": 1.25, "dash_type": "round_dot"}
            lines.add_series(self._series(data, NEED, line=dots))
        chart.combine(lines)
        dress(chart, title, dates(self._line), self._money(fixed=True), hidden=[0])
        return Drawn(chart=chart, says=f"{title}; by period, P5 to P95 and P25 to P75.")

    def _one_period(self, table: Placed, title: str) -> Drawn:
        """Draw the quantiles of the only period as columns: one point makes no area."""
        chart = self._book.file.add_chart({"type": "column"})
        quantiles = [c.key for c in table.columns if c.key.startswith("bookings p")]
        first, last = table.place(quantiles[0]), table.place(quantiles[-1])
        chart.add_series(
            {
                "name": "Bookings",
                "categories": [table.sheet, table.header, first, table.header, last],
                "values": [table.sheet, table.first, first, table.first, last],
                "fill": {"color": style.BLUE},
            }
        )
        dress(chart, title, {}, self._money(fixed=True), hidden=[0])
        return Drawn(chart=chart, says=f"{title}; quantiles of the only period.")

    def origins(self) -> Drawn:
        """Draw mean bookings by origin, stacked; the smallest sources as one."""
        shown, rest = self._parts
        table = self._tables.origins
        chart = self._book.file.add_chart({"type": "column", "subtype": "stacked"})
        places = [(table, key) for key in shown] + [(self._data, "rest")] * bool(rest)
        for (where, key), colour in zip(places, COLOURS, strict=False):
            chart.add_series(self._series(where, key, fill={"color": colour}, gap=30))
        title = "Mean bookings by the origin they descend from"
        dress(chart, title, dates(self._line), self._money())
        return Drawn(chart=chart, says=f"{title}, stacked by period.")

    def customers(self) -> Drawn:
        """Draw the customers at the end of each period."""
        table = self._tables.customers
        chart = self._book.file.add_chart({"type": self._kind()})
        looks = (
            ("p90", style.SKY, "dash"),
            ("p50", style.BLUE, "solid"),
            ("p10", style.SKY, "dash"),
        )
        for name, colour, dash in looks:
            line = {"color": colour, "width": 2.25, "dash_type": dash}
            key = f"active_customers {name}"
            chart.add_series(self._series(table, key, name=name.upper(), line=line))
        title = "Active customers at the end of each period"
        dress(chart, title, dates(self._line), counts("customers", table, "active_customers p90"))
        return Drawn(chart=chart, says=f"{title}: P10, P50 and P90.")

    def gained_and_lost(self) -> Drawn:
        """Draw customers gained and lost beside each other."""
        table = self._tables.customers
        chart = self._book.file.add_chart({"type": "column"})
        for key, colour in (("gained", style.GREEN), ("lost", style.VERMILLION)):
            chart.add_series(self._series(table, key, fill={"color": colour}, gap=40))
        title = "Customers gained and lost, on average"
        unit = f"customers per {period_name(self._forecast.labels)}"
        dress(chart, title, dates(self._line), counts(unit, table, "gained", "lost"))
        return Drawn(chart=chart, says=f"{title}, by period.")

    def outcomes(self, funnel: FunnelTables) -> Drawn:
        """Draw what became of the deals that left each stage, over the whole span."""
        whole = funnel.whole
        chart = self._book.file.add_chart({"type": "bar", "subtype": "stacked"})
        for flow in LEFT:
            if not any(whole.column(flow).values):
                continue
            chart.add_series(
                {
                    "name": whole.name(flow),
                    "categories": whole.chart("label"),
                    "values": whole.chart(flow),
                    "fill": {"color": style.FLOW_COLOURS[flow]},
                    "gap": 40,
                }
            )
        title = "What became of the deals in each stage"
        dress(
            chart,
            title,
            {
                **counts("deals over the whole span", whole, "entered"),
                "major_gridlines": GRID_LINES,
            },
            names_of_bars(len(funnel.stages)),
        )
        return Drawn(chart=chart, says=f"{title}: {', '.join(WORDS[f].lower() for f in LEFT)}.")

    def open_deals(self, funnel: FunnelTables) -> Drawn:
        """Draw the deals standing in the stages at period ends; of many stages the fullest."""
        table = funnel.by_period
        ends = table.column("end").values
        fullest = sorted(range(len(funnel.stages)), key=lambda s: -ends[funnel.rows(s)[1]])
        chosen = sorted(fullest[: len(COLOURS)])
        chart = self._book.file.add_chart({"type": self._kind()})
        for stage, colour in zip(chosen, COLOURS, strict=False):
            first, last = (table.first + row for row in funnel.rows(stage))
            column = table.place("end")
            chart.add_series(
                {
                    "name": funnel.whole.name_of("label", stage),
                    "categories": [
                        table.sheet,
                        first,
                        table.place("period"),
                        last,
                        table.place("period"),
                    ],
                    "values": [table.sheet, first, column, last, column],
                    **self._colour(colour),
                }
            )
        some = "" if len(chosen) == len(funnel.stages) else f": the {len(chosen)} fullest stages"
        title = f"Open deals at the end of each period{some}"
        dress(chart, title, dates(self._line), counts("deals", table, "end"))
        return Drawn(chart=chart, says=f"{title}, on average.")

    def _kind(self) -> str:
        """Return what shows a level: a line needs two points."""
        return "line" if self._line.periods > 1 else "column"

    def _colour(self, colour: str) -> dict[str, Any]:
        if self._kind() == "line":
            return {"line": {"color": colour, "width": 2.0}}
        return {"fill": {"color": colour}}

    def _series(self, table: Placed, key: str, **look: Any) -> dict[str, Any]:
        if "line" in look and self._kind() == "column":
            look["fill"] = {"color": look.pop("line")["color"]}
        named = {"name": table.name(key), **look}
        return {"categories": table.chart("period"), "values": table.chart(key), **named}

    def _money(self, *, fixed: bool = False) -> dict[str, Any]:
        """Return the axis of amounts by period; ``fixed``: as far as the fans go."""
        labels = self._forecast.labels
        axis = amounts(self._top, f"{labels.currency} per {period_name(labels)}")
        return {**axis, "min": 0, **({"max": self._top} if fixed else {})}


def _bands(key: str, table: Placed, kind: Kind) -> list[Column]:
    """Return P5 and the widths of the bands above it, which are stacked on it."""
    group = WORDS_OF[key]
    low = "bookings p5"
    values = table.column(low).values
    rows = range(len(values))
    columns = [
        Column(
            key=f"{key} P5", title="P5", kind=kind, values=values, group=group,
            formulas=[table.cell(low, t) for t in rows],
        )
    ]  # fmt: skip
    for low, high in BANDS:
        a, b = f"bookings {low.lower()}", f"bookings {high.lower()}"
        below, above = table.column(a).values, table.column(b).values
        columns.append(
            Column(
                key=f"{key} {low} to {high}", title=f"{low} to {high}", kind=kind, group=group,
                values=[y - x for x, y in zip(below, above, strict=True)],
                formulas=[f"{table.cell(b, t)}-{table.cell(a, t)}" for t in rows],
            )
        )  # fmt: skip
    return columns


def _parts(origins: Placed) -> tuple[list[str], list[str]]:
    """Return the origins that have a colour of their own, and those that share one."""
    keys = [column.key for column in origins.columns if column.key.startswith("origin ")]
    base, external = keys[:2], keys[2:]
    room = len(COLOURS) - len(base)
    if len(external) <= room:
        return keys, []
    most = sorted(external, key=lambda key: -origins.column(key).total)[: room - 1]
    shown = [key for key in external if key in most]
    return [*base, *shown], [key for key in external if key not in most]
