"""Goal seek: what it takes to reach a number with a probability, on common random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from salessim._typing import Progress
from salessim.api import chosen_seed
from salessim.api.conditions import ENOUGH
from salessim.api.goal_search import Asked, Search
from salessim.api.varied import Varied, leads_lever, read_varied, usual_levers
from salessim.config import Plan
from salessim.errors import SalessimError
from salessim.forecast.goals import Goals

USUAL_PROBABILITY = 0.8
NONE, FEWER, MORE = (0.0, 1.0), (1.0, 0.0, 2.0), (1.0, 2.0, 4.0, 8.0, 16.0, 0.0)
"""Factors on all external leads: where to look first when none are needed, fewer, or more."""
Vary = str | Sequence[str] | Mapping[str, str | None]


def goal(
    plan: Plan,
    *,
    target: str,
    vary: Vary = (),
    probability: float = USUAL_PROBABILITY,
    trajectories: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Goals:
    """Find what reaches a target with a probability, each thing varied alone.

    Parameters
    ----------
    plan : Plan
    target : str
        ``"bookings.2027Q2 >= 1.2e6"``: a number of the forecast and the least that will do; the
        name of a target of the plan; or ``"sustained"``.
    vary : mapping of str to str or None, sequence of str, or str
        Keys of the plan with their range as the plan writes it,
        ``{"sources.outbound.rate": "100 per month:400 per month"}``; names of levers with two
        factors, or without a range for half to twice. None given = all levers of the plan.
    probability : float
        In (0, 1).
    trajectories : int, optional
        Of each run, at least 1; the plan's number when not given.
    seed : int, optional
        0 to 2**64 - 1; the plan's when not given, else drawn and recorded.
    threads : int, optional
        The processors there are when not given. Changes the time, never the numbers.
    progress : callable, optional
        Called with (finished, asked for): trajectories of all runs, whose number is a guess.

    Raises
    ------
    SalessimError
        There is no such key, lever or target, a range is none, or the plan cannot be run.
    ValueError
        `probability`, `trajectories` or `seed` is out of its range.
    KeyboardInterrupt
        Ctrl-C.
    """
    _check_probability(probability)
    varied = _read_all(plan, vary)
    ask = _asked(plan, trajectories, seed, threads, progress)
    search = Search(plan, [target], ask, searches=len(varied))
    return search.goals(0, varied, probability)


def fill_gap(
    plan: Plan,
    *,
    vary: Vary = (),
    probability: float = 0.5,
    trajectories: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[Goals, ...]:
    """Find what reaches each target of the plan that it is likely to miss, each thing varied alone.

    Parameters as of `goal`. All targets are told from the same runs.

    Returns
    -------
    tuple of Goals
        One for each target that the plan as it is reaches with a smaller probability, in its
        order; empty when there is none.

    Raises
    ------
    SalessimError
        The plan has no targets; else as of `goal`.
    """
    _check_probability(probability)
    check_searches(plan, fill_gap=True)
    targets = [target.name for target in plan.model.targets]
    varied = _read_all(plan, vary)
    ask = _asked(plan, trajectories, seed, threads, progress)
    search = Search(plan, targets, ask, searches=len(varied))
    missed = [i for i, hits in enumerate(search.now) if hits.mean() < probability]
    return tuple(search.goals(i, varied, probability) for i in missed)


def just_enough(
    plan: Plan,
    *,
    probability: float | None = None,
    trajectories: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Goals:
    """Find the factor on all external leads with which the business books what it needs.

    That is: all bookings of the verdict's twelve months reach the need with a probability.

    Parameters
    ----------
    probability : float, optional
        In (0, 1); the plan's threshold for *self-sustaining* when not given.
    plan, trajectories, seed, threads, progress
        As of `goal`.

    Returns
    -------
    Goals
        With one answer. Its status is ``always``, at a factor of 0, when no external leads are
        needed, and ``never`` when sixteen times as many as the plan has are not enough.

    Raises
    ------
    SalessimError
        The plan has no external source or no need, or cannot be run.
    """
    asked = plan.model.sustainability.self_sustaining if probability is None else probability
    _check_probability(asked)
    check_searches(plan, just_enough=True)
    ask = _asked(plan, trajectories, seed, threads, progress)
    search = Search(plan, [ENOUGH], ask, searches=1)
    without, now = (float(hits[0].mean()) for hits in (search.base, search.now))
    # what is enough is looked for where it is: many leads take long to simulate
    points = NONE if without >= asked else FEWER if now >= asked else MORE
    return search.goals(0, [leads_lever(plan, points)], asked)


def check_searches(plan: Plan, *, just_enough: bool = False, fill_gap: bool = False) -> None:
    """Refuse, before anything is simulated, a search that has nothing to search for.

    Raises
    ------
    SalessimError
        Leads are asked for and the plan has no external source, or gaps and it has no targets.
    """
    if just_enough:
        leads_lever(plan, MORE)
    if fill_gap and not plan.model.targets:
        raise SalessimError(
            f"{plan.path}: the plan has no targets; write [targets] with lines such as "
            '"2027Q2" = 1_200_000, or name one: salessim goal --target "bookings.total >= 1e6"'
        )


def _asked(
    plan: Plan,
    trajectories: int | None,
    seed: int | None,
    threads: int | None,
    progress: Progress | None,
) -> Asked:
    return Asked(
        trajectories=plan.trajectories if trajectories is None else trajectories,
        seed=chosen_seed(plan, seed),
        threads=threads,
        progress=progress,
    )


def _check_probability(probability: float) -> None:
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability must be above 0 and below 1, not {probability}")


def _read_all(plan: Plan, vary: Vary) -> list[Varied]:
    """Read all that is to be varied; says every mistake at once."""
    if isinstance(vary, str):
        vary = [vary]
    given = dict(vary) if isinstance(vary, Mapping) else dict.fromkeys(vary)
    varied: list[Varied] = []
    wrong: list[str] = []
    for key, values in given.items():
        try:
            varied.append(read_varied(plan, key, values))
        except SalessimError as error:
            wrong += error.problems
    if wrong:
        raise SalessimError(*wrong)
    return varied or usual_levers(plan)
