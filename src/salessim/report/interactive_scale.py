"""Axes of matplotlib as plotly.js takes them: where values stand, and how they are said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.charts import style
from salessim.readable import SCALES, percent, rounded

if TYPE_CHECKING:
    from matplotlib.axis import Axis

MONTH = 27.0
"""Days from which on points apart are told by their month."""
MILLISECONDS = 86_400_000


class Scale:
    """An axis: where values stand on it, and how they are said."""

    def __init__(self, axis: Axis, limits: tuple[float, float]) -> None:
        from matplotlib.dates import DateLocator
        from matplotlib.ticker import FixedLocator

        self.axis, self.limits = axis, limits
        self.is_date = isinstance(axis.get_major_locator(), DateLocator)
        self.is_names = isinstance(axis.get_major_locator(), FixedLocator)
        self.is_share = axis.get_major_formatter()(0.5, 0).endswith("%")

    @property
    def hover(self) -> str:
        """Whether all that stands at one place is told together."""
        return "x unified" if self.is_date or self.is_names else ""

    def at(self, values: Any) -> list[Any]:
        """Return places as JSON takes them; what ends with a day stands at that day's end."""
        return [_day(x, ends=True) if self.is_date else _finite(x) for x in np.ravel(values)]

    def width(self, value: float) -> float:
        """Return a width in the units of places."""
        return float(value) * MILLISECONDS if self.is_date else float(value)

    def say(self, value: float) -> str:
        """Return a value as people read it."""
        return percent(value) if self.is_share else rounded(value)

    @property
    def words(self) -> str:
        """What stands on the axis; numbers carry their own thousands and millions."""
        said = words(self.axis.get_label_text())
        for _, name in SCALES[1:]:
            said = said.removeprefix(name)
        return said

    def layout(self) -> dict[str, Any]:
        """Return what plotly.js must know of the axis."""
        ends = [_day(x) for x in self.limits] if self.is_date else [float(x) for x in self.limits]
        look: dict[str, Any] = {
            "range": ends, "automargin": True, "zeroline": False,
            "gridcolor": style.GRID, "linecolor": style.QUIET,
        }  # fmt: skip
        if self.is_date:
            return {**look, "type": "date", "hoverformat": self._hoverformat()}
        if self.is_names:
            ticks = self.axis.get_ticklocs().tolist()
            labels = self.axis.get_major_formatter().format_ticks(ticks)
            return {**look, "tickvals": ticks, "ticktext": list(map(plain, labels))}
        if self.axis.get_scale() == "log":
            return {**look, "type": "log", "range": np.log10(self.limits).tolist()}
        if self.is_share:
            return {**look, "tickformat": ".1~%"}
        return {**look, "exponentformat": "B", "separatethousands": True}

    def _hoverformat(self) -> str:
        lines = self.axis.axes.get_lines()
        steps = [np.diff(np.unique(line.get_xdata())) for line in lines]
        apart = min((float(step.min()) for step in steps if len(step)), default=MONTH)
        return "%b %Y" if apart >= MONTH else "%-d %b %Y"


def words(text: str) -> str:
    """Return what matplotlib writes as one line."""
    return " ".join(text.replace(r"\$", "$").split())


def plain(text: str) -> str:
    """Return text as plotly.js shows it as it is: it takes tags for such."""
    return escape(words(text), quote=False)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _day(number: float, *, ends: bool = False) -> str | None:
    """Return a place on a date axis; with ``ends`` midnight belongs to the day that it ends."""
    if not np.isfinite(number):
        return None
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=float(number), seconds=-int(ends))
    return moment.strftime("%Y-%m-%d %H:%M:%S")
