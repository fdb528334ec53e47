"""The runs of a search for a goal, and what it came to in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from salessim._typing import BoolArray, Progress
from salessim.api.conditions import read_condition
from salessim.api.refusals import addressed
from salessim.api.seek import Sought, seek
from salessim.api.varied import Varied, VariedLever
from salessim.config import Plan
from salessim.engine import Cube, run
from salessim.forecast.goals import Answer, Goals
from salessim.forecast.judge import wilson
from salessim.lowering import Program, WorldSeeds, lower
from salessim.lowering.worlds import need_factors
from salessim.model.plan import BASE_ORIGINS
from salessim.readable import percent

LOOKS = 12
"""Runs that a search takes, about: for the progress only."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How the runs of a search are simulated."""

    trajectories: int
    seed: int
    threads: int | None = None
    progress: Progress | None = None


class Search:
    """Runs of a plan as it is and changed, all on the same random numbers, none of them twice.

    Several conditions are told from the same runs.
    """

    def __init__(self, plan: Plan, targets: Sequence[str], ask: Asked, *, searches: int) -> None:
        self.plan, self.ask = plan, ask
        self.runs, self._asked_runs = 0, 1 + LOOKS * searches
        self._hits: dict[tuple[str, float], list[BoolArray]] = {}
        with addressed(plan):
            program = lower(plan.model)
        self.program_sha256 = program.sha256
        needs = need_factors(program, ask.seed, ask.trajectories, WorldSeeds())
        self.conditions = [
            read_condition(target, model=plan.model, program=program, needs=needs)
            for target in targets
        ]
        cube = self._run(program)
        self.now = self._all_hits(cube)
        self.base = self._all_hits(_base(cube))
        self.leads = _leads_per_month(cube, program, plan)

    def goals(self, condition: int, varied: Sequence[Varied], probability: float) -> Goals:
        """Search for one of the conditions with each thing that varies."""
        answers = [self.answer(condition, one, probability) for one in varied]
        aim, now = self.conditions[condition], self.now[condition]
        share = float(now.mean())
        return Goals(
            goal=aim.text,
            words=aim.describe(),
            asked=probability,
            now=share,
            now_interval=wilson(share, len(now)),
            answers=tuple(sorted(answers, key=_rank)),
            trajectories=self.ask.trajectories,
            seed=self.ask.seed,
            runs=self.runs,
            program_sha256=self.program_sha256,
        )

    def answer(self, condition: int, varied: Varied, probability: float) -> Answer:
        """Search for one of the conditions with one thing that varies."""
        sought = seek(
            lambda value: self._hits_at(varied, value)[condition],
            varied.points,
            probability=probability,
            whole=varied.whole,
            thorough=varied.thorough,
            ends=varied.ends,
        )
        return _answer(varied, sought, self.leads)

    def _hits_at(self, varied: Varied, value: float) -> list[BoolArray]:
        """Return the hits of all conditions with a value in place."""
        if isinstance(varied, VariedLever) and value == 1.0:
            return self.now
        if isinstance(varied, VariedLever) and varied.is_all_leads and value == 0.0:
            return self.base
        where = (varied.key, value)
        if where not in self._hits:
            model = varied.model(value)
            with addressed(self.plan, point=f"{varied.key} = {varied.written(f'{value:g}')}"):
                program = lower(model)
            self._hits[where] = self._all_hits(self._run(program))
        return self._hits[where]

    def _all_hits(self, cube: Cube) -> list[BoolArray]:
        return [condition.hits(cube) for condition in self.conditions]

    def _run(self, program: Program) -> Cube:
        ask = self.ask
        with addressed(self.plan):
            cube = run(
                program,
                trajectories=ask.trajectories,
                seed=ask.seed,
                threads=ask.threads,
                progress=self._progress(),
            )
        if cube.interrupted:
            raise KeyboardInterrupt
        self.runs += 1
        return cube

    def _progress(self) -> Progress | None:
        whole = self.ask.progress
        if whole is None:
            return None
        done = self.runs * self.ask.trajectories
        asked = max(self._asked_runs, self.runs + 1) * self.ask.trajectories
        return lambda finished, _: whole(done + finished, asked)


def _base(cube: Cube) -> Cube:
    """Return the part of a cube that needs no new external lead: the bookings and wins of it."""
    first = len(BASE_ORIGINS)
    return replace(cube, bookings=cube.bookings[..., :first], wins=cube.wins[..., :first])


def _leads_per_month(cube: Cube, program: Program, plan: Plan) -> dict[str, float]:
    """Return the mean number of leads a calendar month of each external source."""
    line = plan.model.timeline
    months = line.periods * line.period.months
    means = cube.leads[:, : line.periods].sum(axis=1).mean(axis=0) / months
    return dict(zip(program.external_sources, means.tolist(), strict=True))


def _answer(varied: Varied, sought: Sought, leads: dict[str, float]) -> Answer:
    """Say in words and numbers what a search came to."""
    look, (low, high) = sought.look, sought.interval
    found, now = sought.status == "found", varied.now
    error = ((varied.high if high is None else high) - (varied.low if low is None else low)) / 2
    digits = partial(_digits, error=error if found else 0.0)
    return Answer(
        key=varied.key,
        moves=varied.moves,
        first=varied.written(_digits(varied.low)),
        last=varied.written(_digits(varied.high)),
        now="" if now is None else varied.written(_digits(now)),
        status=sought.status,
        value=look.value,
        text=varied.written(digits(look.value)),
        means=varied.means(look.value, leads),
        interval=sought.interval,
        interval_text=_interval(varied, low, high, digits) if found else "",
        change=look.value / now - 1.0 if now else None,
        probability=look.share,
        probability_interval=wilson(look.share, len(look.hits)),
        curve=tuple((one.value, one.share) for one in sought.looks),
        note=_note(varied, sought),
    )


def _interval(
    varied: Varied, low: float | None, high: float | None, digits: Callable[[float], str]
) -> str:
    """Write an interval, open where it goes beyond the range."""
    if low is None:
        text = "any in the range" if high is None else f"up to {digits(high)}"
    else:
        text = f"{digits(low)} or more" if high is None else f"{digits(low)} to {digits(high)}"
    return text if varied.moves else varied.written(text)


def _digits(number: float, error: float = 0.0) -> str:
    """Write a number so that rounding adds little to its error; without one, to four digits."""
    if error <= 0.0:
        return f"{number:,.4g}" if abs(number) < 10_000 else f"{number:,.0f}"
    decimals = -math.floor(math.log10(error / 3.0))
    return f"{round(number, decimals):,.{max(0, decimals)}f}"


def _note(varied: Varied, sought: Sought) -> str:
    """Say what else to know: an uncertain number taken as known, a probability that turns."""
    known = (
        "The plan does not know this number for sure; here each value is taken as certain."
        if varied.is_uncertain
        else ""
    )
    if sought.turn is None:
        return known
    first, second = (
        f"{percent(look.share)} at {varied.written(_digits(look.value))}" for look in sought.turn
    )
    turns = (
        f"The probability does not move in one direction: it is {first} and {second}; there may be "
        "other answers."
    )
    return f"{known} {turns}".lstrip()


def _rank(answer: Answer) -> tuple[int, float]:
    """Order answers: what needs the least change, then what is reached anyway, then the rest."""
    if answer.status == "found":
        change = answer.change
        # of a factor its logarithm: to halve is as much as to double
        return 0, math.inf if change is None else abs(math.log(max(1.0 + change, 1e-300)))
    return (1, -answer.probability) if answer.status == "always" else (2, -answer.probability)
