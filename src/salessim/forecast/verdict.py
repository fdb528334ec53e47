"""The verdict: do the customers already there keep the business going without new leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import Any, Literal

from salessim.readable import exact, number, percent

NeedFrom = Literal["plan", "past", "run rate"]
Word = Literal["self-sustaining", "fragile", "dependent on external leads"]
Dates = tuple[date | None, date | None, date | None]


@dataclass(frozen=True, kw_only=True)
class HealthShare:
    """Part of the base's bookings in the verdict's window.

    Attributes
    ----------
    name : str
        A health class: deals started by its customers. ``nobody``: deals that no customer
        started, those open at the start.
    share : float
        Of the mean bookings of the base.
    se : float
        Its Monte Carlo standard error.
    """

    name: str
    share: float
    se: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the last twelve months of the simulated span say about the base.

    The base is what descends from ``open_deals`` and ``customers``. What is undefined is None,
    with the reason in `notes`.

    Attributes
    ----------
    word : str or None
        ``self-sustaining``, ``fragile`` or ``dependent on external leads``.
    probability : float or None
        Share of trajectories whose base books at least the need in the window.
    interval : (float, float) or None
        Wilson's 95 % interval of `probability`: the Monte Carlo error only.
    need_per_month : float
        Money per month; a calendar month needs it whole, however long it is.
    need_from : str
        ``plan``, ``past`` or ``run rate``: who says so.
    window : (date, date)
        First day of the window and first day after it.
    customers_only_probability : float or None
        The same probability without the open deals, which came from past leads.
    runway : (date or None, date or None, date or None)
        P10, P50 and P90 of the first day of the first period whose trailing twelve months fall
        below the need; None = never.
    never_short : float or None
        Share of trajectories whose base never falls below the need.
    need_met : tuple of float
        By period of the verdict's span, from the first simulated one on, the share of
        trajectories whose base's trailing twelve months reach the need; the last is `probability`
        where the span has twelve months. Empty when undefined.
    never_yet_short : tuple of float
        The same of those that reached it in every period so far; the last is `never_short`.
    external_share : tuple of float or None
        By reported period, mean external bookings as a share of mean bookings.
    reproduction_number : float or None
        New customers a customer brings over its life, through all sources that make customers;
        with segments, of which `notes` tells, the factor from one generation to the next. Mean
        over worlds.
    reproduction_interval : (float, float) or None
        Between which it lies in 90 % of the worlds; None when it is the same in all.
    logo_retention : float or None
        Share of the customers at the start still active twelve months later.
    nrr, grr : None
        Net and gross revenue retention: undefined as long as no revenue recurs.
    lead_factor_p50, lead_factor_p90 : float or None
        Multiples of the external bookings that meet the need in half, and in nine of ten,
        of the trajectories; 0 when the base needs none.
    luck_only : bool
        Whether the spread is the luck of the deals only: nothing in the plan is uncertain.
    by_health : tuple of HealthShare
        What each health class contributes to the base's bookings of the window; empty when not
        distinguished.
    currency : str
    notes : dict of str to str
        By attribute, why it is None, or what to know of it.
    """

    word: Word | None
    probability: float | None
    interval: tuple[float, float] | None
    need_per_month: float
    need_from: NeedFrom
    window: tuple[date, date]
    customers_only_probability: float | None
    runway: Dates
    never_short: float | None
    need_met: tuple[float, ...] = ()
    never_yet_short: tuple[float, ...] = ()
    external_share: tuple[float | None, ...]
    reproduction_number: float | None
    reproduction_interval: tuple[float, float] | None = None
    logo_retention: float | None
    nrr: None = None
    grr: None = None
    lead_factor_p50: float | None
    lead_factor_p90: float | None
    luck_only: bool = True
    by_health: tuple[HealthShare, ...] = ()
    currency: str
    notes: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; `from_dict` reads it back."""
        raw = {field.name: getattr(self, field.name) for field in fields(self)}
        raw["interval"] = list(self.interval) if self.interval else None
        raw["window"] = [day.isoformat() for day in self.window]
        raw["runway"] = [day.isoformat() if day else None for day in self.runway]
        for name in ("external_share", "need_met", "never_yet_short"):
            raw[name] = list(getattr(self, name))
        raw["notes"] = dict(self.notes)
        raw["reproduction_interval"] = list(self.reproduction_interval or ()) or None
        raw["by_health"] = [asdict(part) for part in self.by_health]
        return raw

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Verdict:
        """Read what `to_dict` wrote."""
        p10, p50, p90 = (date.fromisoformat(day) if day else None for day in raw["runway"])
        first, after = (date.fromisoformat(day) for day in raw["window"])
        born = raw["reproduction_interval"]
        return cls(
            **{
                **raw,
                "interval": tuple(raw["interval"]) if raw["interval"] else None,
                "window": (first, after),
                "runway": (p10, p50, p90),
                "external_share": tuple(raw["external_share"]),
                "need_met": tuple(raw.get("need_met", ())),
                "never_yet_short": tuple(raw.get("never_yet_short", ())),
                "reproduction_interval": tuple(born) if born else None,
                "by_health": tuple(HealthShare(**part) for part in raw["by_health"]),
            }
        )

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def _repr_html_(self) -> str:
        from salessim.forecast import notebook

        return notebook.verdict(self)

    def sentences(self, *, leads: bool = True) -> list[str]:
        """Say the verdict in plain words, one thought a sentence.

        Without ``leads`` the number of external leads that would be enough is left out: it is an
        estimate, the bookings of the plan's external leads multiplied.
        """
        said = [self._headline(), self._need()]
        if self.probability is not None:
            said += [self._probability(), self._runway()]
            said += [self._leads()] if leads else []
            said += [self._health()]
        return [sentence for sentence in [*said, self._customers()] if sentence]

    def _headline(self) -> str:
        if self.word is None:
            return f"No verdict: {self.notes['word']}."
        if self.word == "dependent on external leads":
            return f"The business is {self.word}."
        return f"Without new external leads the business is {self.word}."

    def _need(self) -> str:
        source = {
            "plan": "stated in the plan",
            "past": "the mean of the twelve months before the start",
            "run rate": "the plan's own run rate at the start: no need is stated",
        }[self.need_from]
        if self.word is None:
            return ""
        return f"It must book {exact(self.need_per_month)} {self.currency} a month ({source})."

    def _probability(self) -> str:
        low, high = self.interval or (0.0, 1.0)
        first, after = self.window
        luck = "; luck of the deals only: no input is uncertain" if self.luck_only else ""
        return (
            f"From {first} to {after - timedelta(days=1)} what is already there books that much in "
            f"{percent(self.probability or 0.0)} of the trajectories (95% interval {percent(low)} "
            f"to {percent(high)}{luck}); the customers alone, without the open deals, in "
            f"{percent(self.customers_only_probability or 0.0)}."
        )

    def _runway(self) -> str:
        never = self.never_short or 0.0
        if never == 1.0:
            return "Runway: its trailing twelve months never fall below the need."
        p10, p50, p90 = self.runway
        share = f"in {percent(never)} of the trajectories"
        if p50 is None:
            tenth = f"; in one of ten they do by the period from {p10}" if p10 else ""
            text = f"Runway: its trailing twelve months never fall below the need {share}{tenth}."
        else:
            last = f"; never {share}" if never else ""
            text = (
                "Runway: its trailing twelve months first fall below the need in the period from "
                f"{p50} (P50; P10 {p10}, P90 {p90 or 'never'}{last})."
            )
        known = self.notes.get("runway", "")
        return f"{text} {known[0].upper()}{known[1:]}." if known else text

    def _leads(self) -> str:
        half, most = self.lead_factor_p50, self.lead_factor_p90
        if half is None:
            reason = self.notes["lead_factor_p50"]
            return f"External leads that would be just enough: not defined, {reason}."
        if most == 0:
            return "It needs no external leads to get there."
        enough = f"{number(half)} times the plan's" if half else "none"
        rest = (
            f"no number of them: {self.notes['lead_factor_p90']}"
            if most is None
            else f"{number(most)} times the plan's"
        )
        return (
            f"External leads that would be just enough: {enough} in half of the trajectories; "
            f"in nine of ten, {rest}."
        )

    def _health(self) -> str:
        if not self.by_health:
            return ""
        parts = [f"{part.name} {percent(part.share)}" for part in self.by_health]
        return f"Of what the base books by then, who started the deal: {', '.join(parts)}."

    def _customers(self) -> str:
        said = []
        born = self.reproduction_number
        if born and "reproduction_number" in self.notes:
            said.append(
                f"each generation of customers is {number(born)} times as large as the one before "
                "(all segments together)"
            )
        elif born is not None:
            many = number(born) if born else "no"
            low, high = self.reproduction_interval or (born, born)
            range_ = (
                f" ({number(low)} to {number(high)} in 90% of the worlds)" if low < high else ""
            )
            said.append(f"a customer brings {many} new customers in its life{range_}")
        if self.logo_retention is not None:
            said.append(f"{percent(self.logo_retention)} of the customers stay twelve months")
        if not said:
            return ""
        text = "; ".join(said)
        return f"{text[0].upper()}{text[1:]}."
