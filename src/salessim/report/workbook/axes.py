"""Axes, titles and legends of the native charts, in the style of all charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from salessim.charts import style
from salessim.model.calendar import Timeline
from salessim.readable import scale
from salessim.report.workbook.book import Placed
from salessim.report.workbook.kinds import MONTH
from salessim.report.workbook.series import periods

MOST_LABELS = 12
"""Dates along an axis."""
MOST_NAMED = 20
"""Bars up to which each has its name."""
STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0)
"""What an axis may end at, and the same tenfold."""
GRID_LINES = {"visible": True, "line": {"color": style.GRID}}
SMALL = {"size": 9}


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A chart and what it says to who cannot see it."""

    chart: Any
    says: str


def dates(line: Timeline) -> dict[str, Any]:
    """Return the axis of the periods: as many dates as there is room for."""
    days = periods(line).kind
    # days of many periods would run into each other
    short = days is MONTH or line.periods > 2 * MOST_LABELS
    step = math.ceil(line.periods / (MOST_LABELS if short else MOST_LABELS // 2))
    return {
        "num_format": "mmm yy" if short else days.code,
        "text_axis": True,
        "interval_unit": step,
        "interval_tick": step,
    }


def said(text: str) -> str:
    """Return text that a chart takes for no formula: names may begin with anything."""
    return f" {text}" if text.startswith("=") else text


def amounts(largest: float, unit: str) -> dict[str, Any]:
    """Return an axis of amounts up to there, in millions and so on."""
    divisor, word = scale(largest, digits=3)
    commas = "," * round(math.log10(divisor) / 3)
    return {"num_format": f"{axis_code(largest / divisor)}{commas}", "name": said(f"{word}{unit}")}


def names_of_bars(count: int) -> dict[str, Any]:
    """Return the axis of the names beside so many bars, the first at the top."""
    axis = {"reverse": True, "crossing": "max", "label_position": "low"}
    every = {"interval_unit": 1} if count <= MOST_NAMED else {}
    return {**axis, **every, "major_gridlines": {"visible": False}}


def axis_code(largest: float) -> str:
    """Return the number format of an axis up to there: with one digit more than its first."""
    decimals = 1 - math.floor(math.log10(largest)) if 0.0 < largest < 10.0 else 0
    return f"#,##0.{'0' * decimals}" if decimals else "#,##0"


def counts(unit: str, table: Placed, *keys: str) -> dict[str, Any]:
    """Return an axis of counts from 0 on, for what columns of a table hold."""
    values = (value for key in keys for value in table.column(key).values)
    return {"num_format": axis_code(max(values, default=0.0)), "name": unit, "min": 0}


def dress(
    chart: Any,
    title: str,
    names: dict[str, Any],
    numbers: dict[str, Any],
    *,
    hidden: Sequence[int] = (),
) -> None:
    """Write the title, the axes, and below them the legend without the hidden series."""
    chart.set_title({"name": said(title), "name_font": {"size": 11}, "overlay": False})
    look = {"num_font": SMALL, "name_font": {**SMALL, "bold": False}}
    chart.set_x_axis({**look, **names})
    chart.set_y_axis({**look, "major_gridlines": GRID_LINES, **numbers})
    chart.set_legend({"position": "bottom", "delete_series": list(hidden), "font": SMALL})


def round_up(value: float) -> float:
    """Return the next number above that reads well at the end of an axis."""
    if value <= 0.0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(step * unit for step in STEPS if step * unit >= value)
