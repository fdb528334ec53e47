"""How the verdict is reached: model.md, "With and without external leads"."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from salessim._typing import BoolArray, FloatArray, IntArray
from salessim.forecast.labels import Labels
from salessim.forecast.verdict import HealthShare, NeedFrom, Verdict, Word
from salessim.model.calendar import Timeline, add_months
from salessim.model.plan import BASE_ORIGINS

if TYPE_CHECKING:
    from salessim.engine.cube import Cube
    from salessim.lowering.program import Facts, Program
    from salessim.model.plan import Model, Sustainability

WILSON_Z = 1.959963984540054
"""97.5 % point of the normal distribution, for intervals of 95 %."""


GENERATIONS = (
    "by which the number of customers is multiplied from each generation to the next, in the long "
    "run and all segments together"
)
"""What the reproduction number is where there are segments."""


NOBODY = "nobody"
"""Who started the deals that were open at the start, among the health classes."""


class Parts(NamedTuple):
    """Bookings by trajectory and simulated period, in hundredths: what the verdict looks at."""

    customers: IntArray
    base: IntArray
    total: IntArray


class AcrossWorlds(NamedTuple):
    """What the verdict must know of the worlds of a run."""

    need: FloatArray | None
    """[trajectory] factor on the need; None where it is certain."""
    reproduction: FloatArray | None
    """[world] reproduction number in some of the worlds; None where it is the same in all."""

    @classmethod
    def of(cls, cube: Cube, program: Program, model: Model) -> AcrossWorlds | None:
        """Return what a run's worlds say; None when there is only one."""
        if program.world is None:
            return None
        from salessim.lowering.world_facts import reproduction_numbers
        from salessim.lowering.worlds import need_factors

        count, seed, seeds = cube.trajectories, cube.seed, cube.worlds
        return cls(
            need=need_factors(program, seed, count, seeds),
            reproduction=reproduction_numbers(
                program, model, seed=seed, trajectories=count, seeds=seeds
            ),
        )


def judge(
    bookings: NDArray[Any],
    *,
    labels: Labels,
    sustainability: Sustainability,
    facts: Facts,
    worlds: AcrossWorlds | None = None,
    health: tuple[HealthShare, ...] = (),
) -> Verdict:
    """Reach the verdict from the bookings of all simulated periods.

    Parameters
    ----------
    bookings : ndarray of int64, shape (trajectory, simulated period, pipeline, origin)
        Hundredths of the currency.
    labels : Labels
    sustainability : Sustainability
        The need, the past, and the thresholds of the words.
    facts : Facts
        Run rate, reproduction number and logo retention, exact from the parameters.
    worlds : AcrossWorlds, optional
        When something in the plan is uncertain.
    health : tuple of HealthShare
        What each health class contributes.
    """
    line = labels.timeline
    need, need_from = need_per_month(sustainability, facts)
    window = min(line.window, line.judged)
    share = external_share(_parts(bookings), line.periods)
    known: dict[str, Any] = {
        "need_per_month": need,
        "need_from": need_from,
        "window": (line.period_start(line.judged - window), line.period_start(line.judged)),
        "external_share": share,
        "reproduction_number": facts.reproduction_number,
        "reproduction_interval": None,
        "luck_only": worlds is None,
        "by_health": health,
        "logo_retention": facts.logo_retention,
        "currency": labels.currency,
        "notes": _reasons(labels, sustainability, facts, share),
    }
    if worlds is None or worlds.reproduction is None:
        known["notes"]["reproduction_interval"] = (
            "the reproduction number is the same in all worlds"
        )
    else:
        known["reproduction_number"] = float(worlds.reproduction.mean())
        known["reproduction_interval"] = tuple(
            map(float, np.quantile(worlds.reproduction, [0.05, 0.95]))
        )
    if need_from == "run rate" and need <= 0:
        return _no_verdict(known)
    parts = _parts(bookings[:, : line.judged])
    needs = need_by_trajectory(need, worlds)
    short = shortfall(parts.base, needs, sustainability.past, line)
    first = first_short(short)
    customers, base, total = _booked(parts, window)
    needed = _needed(needs, line)
    probability = float((base >= needed).mean())
    half, most = _lead_factors(base, total - base, needed, known["notes"])
    return Verdict(
        word=_word(probability, sustainability),
        probability=probability,
        interval=wilson(probability, len(base)),
        customers_only_probability=float((customers >= needed).mean()),
        runway=_runway(first, line),
        never_short=float((first == line.judged).mean()),
        need_met=tuple((~short).mean(axis=0).tolist()),
        never_yet_short=tuple((first[:, None] > np.arange(line.judged)).mean(axis=0).tolist()),
        lead_factor_p50=half,
        lead_factor_p90=most,
        **known,
    )


def sustained(
    bookings: NDArray[Any],
    *,
    labels: Labels,
    sustainability: Sustainability,
    facts: Facts,
    worlds: AcrossWorlds | None = None,
) -> BoolArray | None:
    """Say for each trajectory whether the base books the need in the verdict's window.

    Parameters as of `judge`; None when there is no need to measure against.
    """
    line = labels.timeline
    need, need_from = need_per_month(sustainability, facts)
    if need_from == "run rate" and need <= 0:
        return None
    booked = _booked(_parts(bookings[:, : line.judged]), min(line.window, line.judged))
    return booked.base >= _needed(need_by_trajectory(need, worlds), line)


def _booked(parts: Parts, window: int) -> Parts:
    """Sum each part over the last periods."""
    return Parts(*(part[:, -window:].sum(axis=1) for part in parts))


def by_health(
    booked: NDArray[Any], *, labels: Labels, classes: tuple[str, ...]
) -> tuple[HealthShare, ...]:
    """Return what each health class contributes to the base's bookings in the verdict's window.

    Parameters
    ----------
    booked : ndarray of int64, shape (trajectory, simulated period, 1 + class)
        By deals that no customer started, then by class.
    labels : Labels
    classes : tuple of str
        Empty when not distinguished.

    Notes
    -----
    The standard error of the ratio of means is that of the mean of x - share y over the mean of y
    (Cochran, Sampling Techniques, 1977, equation 2.39).
    """
    line = labels.timeline
    window = min(line.window, line.judged)
    parts = booked[:, line.judged - window : line.judged].sum(axis=1, dtype=np.float64)
    whole = parts.sum(axis=1)
    if not classes or not whole.any():
        return ()
    shares = parts.mean(axis=0) / whole.mean()
    errors = (parts - shares * whole[:, None]).std(axis=0) / math.sqrt(len(whole)) / whole.mean()
    names = (*classes, NOBODY)
    at = (*range(1, len(names)), 0)
    return tuple(
        HealthShare(name=name, share=float(shares[k]), se=float(errors[k]))
        for name, k in zip(names, at, strict=True)
    )


def need_by_trajectory(need: float, worlds: AcrossWorlds | None) -> FloatArray:
    """Return the need of each trajectory's world; of all, shape (1,), where it is certain."""
    factor = worlds.need if worlds is not None else None
    return need * (np.ones(1) if factor is None else factor)


def _needed(need: FloatArray, line: Timeline) -> FloatArray:
    """Return the need of the verdict's window by trajectory, in hundredths."""
    return 100 * need * min(line.window, line.judged) * line.period.months


def need_per_month(sustainability: Sustainability, facts: Facts) -> tuple[float, NeedFrom]:
    """Return money per month the business must book, and who says so."""
    if sustainability.need is not None:
        return sustainability.need, "plan"
    if sustainability.past:
        return math.fsum(sustainability.past) / len(sustainability.past), "past"
    return facts.run_rate_per_month, "run rate"


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a proportion seen ``count`` times (Wilson 1927, eq. 4)."""
    z2 = WILSON_Z**2 / count
    centre = (share + z2 / 2) / (1 + z2)
    half = WILSON_Z / (1 + z2) * math.sqrt(share * (1 - share) / count + z2 / (4 * count))
    # Rounding must not push the interval off the proportion at 0 and 1.
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def shortfall(
    base: IntArray, need: FloatArray, past: tuple[float, ...], line: Timeline
) -> BoolArray:
    """Say for each period whether the trailing twelve months are below the need of the trajectory.

    Before twelve months have passed, the months of `past` fill in pro rata by days; without
    them the time since the start is held against its own share of the need.

    Returns
    -------
    ndarray of bool, shape (trajectory, period)
    """
    window = line.window
    done = np.cumsum(base, axis=1)
    trailing = done.astype(np.float64)
    trailing[:, window:] = done[:, window:] - done[:, :-window]
    # Counted in months, as the need is stated: February needs as much as March.
    periods = np.minimum(np.arange(1, line.judged + 1), window)
    if past:
        for t in range(min(window, line.judged)):
            missing = (line.start - line.period_start(t + 1 - window)).days
            trailing[:, t] += 100 * past_bookings(past, missing, line)
        periods[:] = window
    return trailing < 100 * need[:, None] * periods * line.period.months


def past_bookings(past: tuple[float, ...], days: float, line: Timeline) -> float:
    """Return what the last ``days`` before the start booked, each month's value spread evenly."""
    booked = 0.0
    for back, value in enumerate(reversed(past)):
        near = (line.start - add_months(line.start, -back)).days
        far = (line.start - add_months(line.start, -back - 1)).days
        booked += value * min(max(days - near, 0), far - near) / (far - near)
    return booked


def first_short(short: BoolArray) -> IntArray:
    """Return each trajectory's first period that falls short; the number of periods = never."""
    first: IntArray = np.argmax(short, axis=1)
    first[~short.any(axis=1)] = short.shape[1]
    return first


def external_share(parts: Parts, periods: int) -> tuple[float | None, ...]:
    """Return by reported period the ratio of mean external to mean bookings; None where none."""
    # As floats: money of many trajectories can pass what an integer holds.
    total = parts.total[:, :periods].sum(axis=0, dtype=np.float64)
    external = (parts.total - parts.base)[:, :periods].sum(axis=0, dtype=np.float64)
    return tuple(float(e / t) if t else None for e, t in zip(external, total, strict=True))


def _parts(bookings: NDArray[Any]) -> Parts:
    by_origin = bookings.sum(axis=2, dtype=np.int64)
    return Parts(
        customers=by_origin[:, :, BASE_ORIGINS.index("customers")],
        base=by_origin[:, :, : len(BASE_ORIGINS)].sum(axis=2),
        total=by_origin.sum(axis=2),
    )


def _reasons(
    labels: Labels,
    sustainability: Sustainability,
    facts: Facts,
    share: tuple[float | None, ...],
) -> dict[str, str]:
    no_revenue = "no revenue recurs in this plan: what it books are single sales"
    notes = {"nrr": no_revenue, "grr": no_revenue}
    if facts.reproduction_number is None:
        notes["reproduction_number"] = (
            "nothing in the plan says how long customers stay, or not how long on average"
        )
    elif facts.has_segments:
        notes["reproduction_number"] = GENERATIONS
    if facts.logo_retention is None:
        notes["logo_retention"] = "there are no customers at the start"
    if not sustainability.past:
        notes["runway"] = (
            "without [sustainability] past, the first twelve months are judged on what is booked "
            "since the start, pro rata"
        )
    if None in share:
        notes["external_share"] = "nothing is booked in some periods"
    if not labels.external_sources:
        notes["lead_factor_p50"] = "the plan has no external source"
        notes["lead_factor_p90"] = notes["lead_factor_p50"]
    return notes


def _no_verdict(known: dict[str, Any]) -> Verdict:
    reason = (
        "no need is stated, and the plan has no run rate to measure against; "
        "state [sustainability] need or past"
    )
    undefined = (
        "word", "probability", "interval", "customers_only_probability", "runway", "never_short",
        "lead_factor_p50", "lead_factor_p90",
    )  # fmt: skip
    known["notes"].update(dict.fromkeys(undefined, reason))
    return Verdict(**{**dict.fromkeys(undefined), **known, "runway": (None, None, None)})


def _word(probability: float, sustainability: Sustainability) -> Word:
    if probability >= sustainability.self_sustaining:
        return "self-sustaining"
    return "fragile" if probability >= sustainability.fragile else "dependent on external leads"


def _runway(first: IntArray, line: Timeline) -> Any:
    # An order statistic, not an interpolation: half way between a period and never is neither.
    index = np.quantile(first, [0.1, 0.5, 0.9], method="inverted_cdf").astype(int)
    return tuple(line.period_start(int(t)) if t < line.judged else None for t in index)


def _lead_factors(
    base: IntArray, external: IntArray, needed: FloatArray, notes: dict[str, str]
) -> tuple[float | None, float | None]:
    """Return the factors on the external bookings that meet the need with P 0.5 and P 0.9."""
    if "lead_factor_p50" in notes:
        return None, None
    gap = np.maximum(needed - base, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor: FloatArray = np.where(gap > 0, gap / external, 0.0)
    half, most = np.quantile(factor, [0.5, 0.9], method="inverted_cdf")
    for name, value in (("lead_factor_p50", half), ("lead_factor_p90", most)):
        if not np.isfinite(value):
            notes[name] = "too many trajectories have no external bookings to multiply"
    return tuple(float(f) if np.isfinite(f) else None for f in (half, most))  # type: ignore[return-value]
