"""One measure of a forecast over periods, and what statistics say about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from salessim._typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

HUNDREDTHS = 100
"""Money is held in hundredths of the currency unit."""


ALL = "(all)"
"""Name of the one part of a series without parts."""


class Summary(NamedTuple):
    """Statistics over trajectories, one entry per period, in the unit people read."""

    mean: FloatArray
    se: FloatArray
    """Monte Carlo standard error of the mean; NaN with a single trajectory."""
    p10: FloatArray
    p50: FloatArray
    p90: FloatArray


def summarize(samples: NDArray[Any]) -> Summary:
    """Summarize samples of shape (trajectory, ...) over their first axis."""
    count = len(samples)
    mean = samples.mean(axis=0)
    if count > 1:
        se = samples.std(axis=0, ddof=1) / np.sqrt(count)
    else:
        se = np.full(samples.shape[1:], np.nan)
    p10, p50, p90 = np.quantile(samples, [0.1, 0.5, 0.9], axis=0)
    return Summary(*(np.asarray(x, dtype=np.float64) for x in (mean, se, p10, p50, p90)))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Series:
    """A measure by trajectory and period, split into cells of one pipeline and origin each.

    Attributes
    ----------
    name : str
        ``bookings``, ``wins``, ...
    unit : str
        The currency, or what is counted.
    periods : tuple of date
        First day of each period.
    cells : ndarray of int, shape (trajectory, period, ...)
        Counts, or money in hundredths; all axes after the period together are the cells. Views
        of the forecast's arrays stay views: a run of 10^5 trajectories is held once.
    pipelines, origins : tuple of str
        Name of each cell's pipeline and origin, in C order.
    divisor : int
        100 for money, 1 for counts.
    stock : bool
        Whether it is a level at the period's end rather than a flow during the period.
    """

    name: str
    unit: str
    periods: tuple[date, ...]
    cells: NDArray[Any]
    pipelines: tuple[str, ...]
    origins: tuple[str, ...]
    divisor: int = 1
    stock: bool = False

    def __repr__(self) -> str:
        count, periods = self.cells.shape[:2]
        return f"Series({self.name}, {self.unit}, {count:,} trajectories x {periods} periods)"

    def _repr_html_(self) -> str:
        from salessim.forecast import notebook

        return notebook.series(self)

    @cached_property
    def whole(self) -> IntArray:
        """Exact samples, shape (trajectory, period): counts, or money in hundredths."""
        if self.cells.ndim == 2:
            return self.cells
        return _frozen(self.cells.sum(axis=tuple(range(2, self.cells.ndim)), dtype=np.int64))

    @property
    def samples(self) -> NDArray[Any]:
        """Samples, shape (trajectory, period): counts as int64, money as float64 in its unit."""
        return self.whole if self.divisor == 1 else _frozen(self.whole / self.divisor)

    def total(self) -> NDArray[Any]:
        """Sum over the periods of each trajectory; of a stock its level at the end."""
        whole = self.whole[:, -1] if self.stock else self.whole.sum(axis=1)
        return _frozen(whole if self.divisor == 1 else whole / self.divisor)

    @cached_property
    def summary(self) -> Summary:
        """Mean, standard error, P10, P50 and P90 by period."""
        return summarize(self.samples)

    @cached_property
    def total_summary(self) -> Summary:
        """Mean, standard error, P10, P50 and P90 of `total`."""
        return summarize(self.total())

    def quantiles(self, probabilities: Sequence[float] = (0.1, 0.5, 0.9)) -> pd.DataFrame:
        """Return quantiles over trajectories, interpolated linearly.

        Parameters
        ----------
        probabilities : sequence of float
            In [0, 1].

        Returns
        -------
        DataFrame
            A row per period, a column per probability, in the series' unit.

        Raises
        ------
        ValueError
            A probability is outside [0, 1].
        """
        values = np.quantile(self.samples, list(probabilities), axis=0)
        return _frame(self.periods, {p: values[i] for i, p in enumerate(probabilities)})

    def mean(self) -> pd.DataFrame:
        """Return ``mean`` and its Monte Carlo standard error ``se``, a row per period."""
        return _frame(self.periods, {"mean": self.summary.mean, "se": self.summary.se})

    def by(self, axis: Literal["origin", "pipeline"]) -> Split:
        """Split into one series per origin or per pipeline, in the order of the plan.

        Raises
        ------
        ValueError
            The axis is neither ``"origin"`` nor ``"pipeline"``.
        """
        if axis not in ("origin", "pipeline"):
            raise ValueError(f'a series splits by "origin" or by "pipeline", not by {axis!r}')
        names = self.origins if axis == "origin" else self.pipelines
        return Split({name: self._pick(names, name) for name in dict.fromkeys(names)})

    def collapsed(self) -> Series:
        """Return the series without its parts: it holds `whole` alone."""
        return replace(self, cells=self.whole, pipelines=(ALL,), origins=(ALL,))

    def first(self, periods: int) -> Series:
        """Return the series cut to its first periods."""
        return replace(self, cells=self.cells[:, :periods], periods=self.periods[:periods])

    def _pick(self, names: tuple[str, ...], wanted: str) -> Series:
        chosen = [index for index, name in enumerate(names) if name == wanted]
        return Series(
            name=self.name,
            unit=self.unit,
            periods=self.periods,
            cells=self.cells.reshape(*self.cells.shape[:2], -1)[:, :, chosen],
            pipelines=tuple(self.pipelines[i] for i in chosen),
            origins=tuple(self.origins[i] for i in chosen),
            divisor=self.divisor,
            stock=self.stock,
        )


class Split(Mapping[str, Series]):
    """The parts of a series by name; they add up to it in every trajectory, to the cent."""

    def __init__(self, parts: Mapping[str, Series]) -> None:
        self._parts = dict(parts)

    def __getitem__(self, name: str) -> Series:
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __repr__(self) -> str:
        return f"Split({', '.join(self._parts)})"

    def _repr_html_(self) -> str:
        from salessim.forecast import notebook

        return notebook.split(self)

    def mean(self) -> pd.DataFrame:
        """Return the mean of each part: a row per period, a column per part."""
        periods = next(iter(self._parts.values())).periods if self._parts else ()
        return _frame(periods, {name: part.summary.mean for name, part in self._parts.items()})


def _frame(periods: tuple[date, ...], columns: Mapping[Any, FloatArray]) -> pd.DataFrame:
    import pandas as pd

    index = pd.DatetimeIndex(periods, name="period")
    return pd.DataFrame(dict(columns), index=index)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
