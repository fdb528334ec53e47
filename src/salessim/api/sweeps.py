"""Sweeps: a plan at many points of a grid, or spread over ranges, on the same random numbers."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any

import numpy as np

from salessim._typing import Progress
from salessim.api import chosen_seed
from salessim.api.comparison import part_of
from salessim.api.refusals import addressed
from salessim.config import Plan
from salessim.config.ranges import Axis, Value, read_axes
from salessim.config.words import counted
from salessim.engine import run
from salessim.errors import SalessimError
from salessim.forecast import Forecast
from salessim.forecast.sweep import Key, Point, Sweep
from salessim.lowering import Program, lower

MOST_POINTS = 4_096
MOST_KEPT = 512_000_000
"""Bytes of lowered points: they are lowered before the first is simulated; the rest twice."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
Values = tuple[Value, ...]


def sweep(
    plan: Plan,
    vary: Sequence[str] | Mapping[str, Any],
    *,
    sobol: int | None = None,
    trajectories: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Simulate a plan at many points, all on the same random numbers.

    Parameters
    ----------
    plan : Plan
    vary : sequence of str or mapping
        ``["sources.outbound.rate=100 per month:400 per month:5"]``, or key -> such a range, or a
        list of values. A key with a single value is set at all points. Several keys make a grid.
    sobol : int, optional
        Spread so many points over the ranges instead, evenly by Sobol's sequence; the steps of a
        range then do not matter.
    trajectories : int, optional
        Of each point, at least 1; the plan's number when not given.
    seed : int, optional
        0 to 2**64 - 1; the plan's when not given, else drawn and recorded. Sobol points follow
        from it too.
    threads : int, optional
        The processors there are when not given. Changes the time, never the numbers.
    executor : concurrent.futures.Executor, optional
        Where chunks of trajectories run, instead of threads of this process.
    progress : callable, optional
        Called with (finished, asked for), trajectories of all points together.

    Returns
    -------
    Sweep
        `Sweep.interrupted` when Ctrl-C stopped it: it holds the points that were finished.

    Raises
    ------
    SalessimError
        A key is unknown or no range, a point cannot be run, or there are too many: before anything
        is simulated.
    ValueError
        `trajectories`, `seed` or `sobol` is out of its range.
    KeyboardInterrupt
        Ctrl-C stopped it before any point was finished.
    """
    axes, fixed = read_axes(vary, between=sobol is not None)
    base = plan.with_(fixed)
    seed = chosen_seed(base, seed)
    points = _grid(axes) if sobol is None else _spread(axes, sobol, seed)
    changes = [_changes(axes, point) for point in points]
    programs = _lowered(base, changes)
    ask: dict[str, Any] = {
        "trajectories": base.trajectories if trajectories is None else trajectories,
        "seed": seed,
        "threads": threads,
        "executor": executor,
    }
    finished: list[Point] = []
    with suppress(KeyboardInterrupt):
        for forecast in _forecasts(base, changes, programs, ask, progress):
            if not finished:
                bookings = forecast.bookings.collapsed()
                labels, provenance = forecast.labels, forecast.provenance
            texts, numbers = zip(*points[len(finished)], strict=True)
            number = len(finished)
            finished.append(
                Point.of(forecast, bookings, number=number, typed=texts, numbers=numbers)
            )
    if not finished:
        raise KeyboardInterrupt
    return Sweep(
        keys=tuple(Key(name=axis.key, written=axis.written) for axis in axes),
        points=tuple(finished),
        requested=len(points),
        grid=tuple(len(axis.values) for axis in axes) if sobol is None else None,
        labels=labels,
        provenance=provenance,
        fixed=tuple(fixed),
    )


def _grid(axes: Sequence[Axis]) -> list[Values]:
    """Return all combinations, the last key varying fastest."""
    sizes = [len(axis.values) for axis in axes]
    if (count := math.prod(sizes)) > MOST_POINTS:
        raise SalessimError(
            f"{' x '.join(map(str, sizes))} = {count:,} points are more than {MOST_POINTS:,}: take "
            "fewer values, or spread points over the ranges, for example --sobol 256"
        )
    return list(itertools.product(*(axis.values for axis in axes)))


def _spread(axes: Sequence[Axis], count: int, seed: int) -> list[Values]:
    """Return points of Sobol's sequence, scrambled by the seed."""
    from scipy.stats.qmc import Sobol

    if not 1 <= count <= MOST_POINTS:
        raise ValueError(f"sobol must be 1 to {MOST_POINTS}, not {count}")
    # Whole powers of two are even in every direction; the first of them nearly so.
    sequence = Sobol(len(axes), seed=seed).random_base2(math.ceil(math.log2(count)))
    return [
        tuple(axis.at(float(share)) for axis, share in zip(axes, point, strict=True))
        for point in sequence[:count]
    ]


def _changes(axes: Sequence[Axis], point: Values) -> list[str]:
    return [f"{axis.key}={value.text}" for axis, value in zip(axes, point, strict=True)]


def _lowered(base: Plan, points: Sequence[Sequence[str]]) -> list[Program | None]:
    """Lower all points, None where there is no room to keep it, so that bad ones are refused now.

    Each kind of problem is said once, and at how many points.
    """
    wrong: dict[str, list[str]] = {}
    programs: list[Program | None] = []
    kept = 0
    for changes in points:
        try:
            plan = base.with_(changes)
            with addressed(plan, point=", ".join(changes)):
                program = lower(plan.model)
        except SalessimError as error:
            for said in error.problems:
                wrong.setdefault(_NUMBER.sub("#", said), []).append(said)
            continue
        kept += sum(np.asarray(array).nbytes for group in program.arrays for array in group)
        programs.append(program if kept <= MOST_KEPT else None)
    if wrong:
        raise SalessimError(
            *(
                said[0] + (f" (and at {counted(len(said) - 1, 'more point')})" if said[1:] else "")
                for said in wrong.values()
            )
        )
    return programs


def _forecasts(
    base: Plan,
    points: Sequence[Sequence[str]],
    programs: list[Program | None],
    ask: Mapping[str, Any],
    progress: Progress | None,
) -> Iterator[Forecast]:
    """Simulate point after point; KeyboardInterrupt when Ctrl-C stops one."""
    for done, changes in enumerate(points):
        plan = base.with_(changes)
        program, programs[done] = programs[done] or lower(plan.model), None
        with addressed(plan, point=", ".join(changes)):
            cube = run(program, progress=part_of(progress, done, len(points)), **ask)
        if cube.interrupted:
            raise KeyboardInterrupt
        yield Forecast.from_cube(cube, program=program, model=plan.model)
