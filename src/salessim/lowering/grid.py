"""Time cut into equal steps: laws as weights on the steps, rates as events within each.

A time law becomes weights on multiples of the step that keep its mean (each time is split between
its two neighbours), by second differences of E[(X - t)+], which `Law.tail_mean` gives exactly,
jumps included. So what enters evenly within a step leaves each later step as it should.
"""

from __future__ import annotations

import math
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from salessim._typing import FloatArray
from salessim.model.calendar import Timeline
from salessim.model.law import Law, floats
from salessim.model.plan import Source


@dataclass(frozen=True)
class Grid:
    """Steps of equal length over the simulated time."""

    timeline: Timeline
    per_day: int

    @property
    def step(self) -> float:
        """Length of a step in days."""
        return 1.0 / self.per_day

    @property
    def steps(self) -> int:
        """Number of steps in the simulated time."""
        return int(self.timeline.edges[-1]) * self.per_day

    def convolve(self, streams: FloatArray, kernel: FloatArray) -> FloatArray:
        """Convolve the last axis with a kernel, within the simulated time."""
        return convolve(streams, kernel)[..., : self.steps]

    def survival_means(self, law: Law, *, age: float = 0.0, speed: float = 1.0) -> FloatArray:
        """Mean over each step of P(X > age + speed t | X > age); the law must survive the age."""
        length = speed * self.step
        return mean_survival(law, width=length, spacing=length, count=self.steps, age=age)

    def kernel(self, law: Law, *, age: float = 0.0, speed: float = 1.0) -> FloatArray:
        """Weights of a (remaining) time on multiples of the step; they keep its mean."""
        means = self.survival_means(law, age=age, speed=speed)
        return floats(np.maximum(-np.diff(means, prepend=1.0), 0.0))

    def rates(self, source: Source) -> FloatArray:
        """Events expected in each step (per active customer for a customer source)."""
        days = self.timeline.edges[-1]
        daily = floats(daily_rates(source, self.timeline, days=days))
        return np.repeat(daily * self.step, self.per_day)

    def by_period(self, streams: FloatArray) -> FloatArray:
        """Sum the last axis within each reporting period."""
        starts = np.array(self.timeline.edges[:-1]) * self.per_day
        return floats(np.add.reduceat(streams, starts, axis=-1))


def convolve(streams: FloatArray, kernel: FloatArray) -> FloatArray:
    """Convolve the last axis with a kernel, whole."""
    length = streams.shape[-1] + len(kernel) - 1
    size = 1 << (length - 1).bit_length()
    product = np.fft.rfft(streams, size) * np.fft.rfft(kernel, size)
    return floats(np.fft.irfft(product, size)[..., :length])


def mean_survival(
    law: Law, *, width: float, spacing: float, count: int, age: float = 0.0
) -> FloatArray:
    """Mean of P(X > age + t | X > age) over intervals; at the instant where they are no time.

    Parameters
    ----------
    law : Law
        It must survive the age.
    width, spacing : float
        Days: length of an interval, and from the start of one to that of the next.
    count : int
        Number of intervals; the first starts at 0.
    age : float
        Days.
    """
    age = 0.0 if law.is_memoryless else age
    # at age 0 nothing is known, not even that an instant time is over
    log_alive = float(law.log_survival(floats([age]))[0]) if age > 0.0 else 0.0
    edges = floats(age + spacing * np.arange(count + 1))
    if width != spacing:
        edges = np.stack([edges[:-1], edges[:-1] + width], axis=1)
    return survival_between(law, edges).reshape(count) / math.exp(log_alive)


def survival_between(law: Law, edges: FloatArray) -> FloatArray:
    """Mean of P(X > t) from edge to edge (last axis); at the instant where two are one."""
    widths = np.diff(edges)
    if math.isfinite(law.mean):
        lived = -np.diff(_excess(law, edges.ravel()).reshape(edges.shape))
    else:
        nodes, weights = np.polynomial.legendre.leggauss(8)
        inside = edges[..., :-1, None] + (nodes + 1.0) / 2.0 * widths[..., None]
        lived = widths * (law.survival(inside.ravel()).reshape(inside.shape) @ weights / 2.0)
    if np.all(widths > 0.0):
        return floats(lived / widths)
    now = law.survival(edges[..., :-1].ravel()).reshape(widths.shape)
    return np.where(widths > 0.0, lived / np.where(widths > 0.0, widths, 1.0), now)


def _excess(law: Law, times: FloatArray) -> FloatArray:
    """E[(X - t)+]."""
    above = law.survival(times)
    return law.tail_mean_from(times, above) - times * above


def daily_rates(source: Source, timeline: Timeline, *, days: int) -> list[float]:
    """Events per day of a source on each day from the start (per active customer for those)."""
    rates = []
    for offset in range(days):
        day = timeline.start + timedelta(days=offset)
        closed = (source.starts is not None and day < source.starts) or (
            source.ends is not None and day >= source.ends
        )
        month = 12 * (day.year - timeline.start.year) + day.month - timeline.start.month
        level = source.rate.per_day + source.rate.per_month / monthrange(day.year, day.month)[1]
        season = source.season[day.month - 1] if source.season else 1.0
        factor = season * campaign_factor(source, day)
        growth = _compounded(source.growth_per_month, month)
        rates.append(0.0 if closed or level * factor == 0.0 else level * growth * factor)
    return rates


def campaign_factor(source: Source, day: date) -> float:
    """Return the factor of a source's campaign on a day; 1 before the campaign."""
    return next((factor for begins, factor in reversed(source.campaign) if begins <= day), 1.0)


def _compounded(growth: float, months: int) -> float:
    """Return (1 + growth)^months; ``inf`` when no float can hold it."""
    try:
        return float((1.0 + growth) ** months)
    except OverflowError:
        return math.inf
