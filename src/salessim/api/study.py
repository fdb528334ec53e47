"""What moves a result: the runs behind it, and the folder they leave."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from salessim._typing import BoolArray, FloatArray, Progress
from salessim.api import chosen_seed
from salessim.api.manifests import (
    plan_in,
    write_chart,
    write_json,
    write_manifest,
    write_plan,
)
from salessim.api.refusals import addressed
from salessim.api.run_directory import RunDirectory
from salessim.api.world_words import say_value
from salessim.config import Plan
from salessim.engine import Cube, run
from salessim.errors import SalessimError
from salessim.forecast.elasticity import Elasticity, Response, mean_of
from salessim.forecast.judge import AcrossWorlds, sustained
from salessim.forecast.labels import Labels
from salessim.forecast.quantity import WINDOW, Quantity
from salessim.forecast.sensitivity import Sensitivity, Swing
from salessim.forecast.sensitivity_summary import write_csv
from salessim.forecast.variance import VarianceShare, VarianceSplit, split, variance_shares
from salessim.lowering import Program, lower
from salessim.lowering.seeds import WorldSeeds
from salessim.lowering.worlds import need_factors
from salessim.model.law import floats
from salessim.model.levers import Lever, levers
from salessim.model.plan import Model
from salessim.model.uncertain import NORMAL_P95, Uncertain

TRAJECTORIES = 1024
"""Of each pair of runs: a hundred of them take half a minute, and errors are a few percent."""
WORLDS = 2048
"""In which inputs are varied: fewer tell shares of the variance to ten percentage points only."""
STEP = 1.05
"""Factor on a lever, up and down."""
LUCKS = 2
"""Independent lucks of a world: what they share is the world's."""
_OTHER_SHOCKS, _OTHER_WORLDS = 2, 3
"""Added to the seed, as 0 and 1 are for the two lucks."""


def sensitivity(
    plan: Plan,
    *,
    of: str = "bookings.total",
    trajectories: int = TRAJECTORIES,
    worlds: int = WORLDS,
    seed: int | None = None,
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Sensitivity:
    """Find what moves a result of a plan: levers, uncertain numbers, shocks, luck.

    All runs share their random numbers as far as what is compared allows; the first equals
    `simulate` with the same seed.

    Parameters
    ----------
    plan : Plan
    of : str
        ``bookings``, ``wins`` or ``base`` (bookings without new external leads), a dot, and a span
        (``total``, ``2027Q2``, ``2027-03``, ``window`` for the verdict's twelve months).
    trajectories : int
        Of each run with a lever moved or a number held at an end, 2 or more.
    worlds : int
        In which the variance is split: a power of two, 2 or more.
    seed : int, optional
        0 to 2**64 - 1; the plan's when not given, else drawn and recorded.
    threads : int, optional
        The processors there are when not given. Changes the time, never the numbers.
    executor : concurrent.futures.Executor, optional
        Where chunks of trajectories run, instead of threads of this process.
    progress : callable, optional
        Called with (finished, asked for), trajectories of all runs together.

    Returns
    -------
    Sensitivity

    Raises
    ------
    SalessimError
        The plan cannot be run, or has no result of the name `of`.
    ValueError
        `trajectories`, `worlds` or `seed` is out of its range.
    KeyboardInterrupt
        Ctrl-C.
    """
    if trajectories < 2:
        raise ValueError(f"trajectories must be 2 or more, not {trajectories}")
    if worlds < 2 or worlds.bit_count() > 1:  # as `scipy.stats.sobol_indices` wants them
        raise ValueError(f"worlds must be a power of two, 2 or more, not {worlds}")
    try:
        quantity = Quantity.named(of, plan.model.timeline)
    except SalessimError as error:
        raise SalessimError(f"of: {error}") from error
    with addressed(plan):
        program = lower(plan.model)
        runs = _Runs(
            seed=chosen_seed(plan, seed),
            ask={"threads": threads, "executor": executor},
            progress=progress,
        )
        return _Study(
            model=plan.model,
            program=program,
            of=quantity,
            trajectories=trajectories,
            worlds=worlds,
            runs=runs,
        ).answer()


class _Runs:
    """Runs of one seed, counted together for a progress bar."""

    def __init__(self, *, seed: int, ask: dict[str, Any], progress: Progress | None) -> None:
        self.seed = seed
        self.expected = 0
        self._ask = ask
        self._progress = progress
        self._done = 0
        self.seconds = 0.0

    def seeded(self, number: int) -> int:
        """Return one of several seeds that follow from the one; 0 is itself."""
        return (self.seed + number) % 2**64

    def __call__(
        self,
        program: Program,
        trajectories: int,
        *,
        luck: int = 0,
        worlds: WorldSeeds | None = None,
    ) -> Cube:
        """Simulate; worlds are those of the seed whatever the luck, unless others are given."""
        cube = run(
            program,
            trajectories=trajectories,
            seed=self.seeded(luck),
            worlds=worlds or WorldSeeds(seed=self.seed),
            progress=self._moved if self._progress else None,
            **self._ask,
        )
        if cube.interrupted:
            raise KeyboardInterrupt
        self._done += trajectories
        self.seconds += cube.seconds
        return cube

    def _moved(self, finished: int, asked: int) -> None:
        del asked
        if self._progress:
            self._progress(self._done + finished, self.expected)


@dataclass(frozen=True, kw_only=True)
class _Study:
    """One plan, one result, and the runs that say what moves it."""

    model: Model
    program: Program
    of: Quantity
    trajectories: int
    worlds: int
    runs: _Runs

    def answer(self) -> Sensitivity:
        """Do all runs, those that need no worlds first."""
        runs, uncertain = self.runs, bool(self.program.inputs)
        runs.expected = self._expected()
        first = self._response(runs(self.program, self._first))
        moved = [self._elasticity(lever) for lever in levers(self.model)]
        result = first.result[: self.trajectories]
        swings = [self._swing(number, result) for number in self.model.uncertain]
        same = first.result[None, : self.worlds] if uncertain else first.result[None]
        if uncertain:
            same = np.concatenate([same, self._result(self.worlds, luck=1)[None]])
        parts = split(same, self._other_shocks(), parameters=self._has_parameters)
        shares = self._shares(same) if parts.has_worlds else ()
        return Sensitivity(
            title=self.model.title,
            currency=self.model.currency,
            of=self.of,
            mean=mean_of(first.result),
            sustained=None if first.sustained is None else mean_of(first.sustained),
            levers=tuple(sorted(moved, key=lambda one: -one.result.size)),
            tornado=tuple(sorted(swings, key=lambda one: -one.reach)),
            shares=tuple(sorted(shares, key=lambda one: -one.total.value)),
            split=parts,
            trajectories=self.trajectories,
            worlds=self.worlds if uncertain else 0,
            seed=runs.seed,
            seconds=runs.seconds,
            notes=tuple(self._notes(parts)),
            program_sha256=self.program.sha256,
        )

    @property
    def _first(self) -> int:
        """Trajectories of the first run: what others are compared with are its first ones."""
        return max(self.trajectories, self.worlds) if self.program.inputs else self.trajectories

    def _expected(self) -> int:
        """Return the trajectories of all runs."""
        pairs = 2 * len(levers(self.model)) + 2 * len(self.model.uncertain)
        again = bool(self.program.inputs) + LUCKS * bool(self._shocks)
        groups = len(self.program.input_groups)
        mixed = LUCKS * (1 + groups) if groups > 1 else 0
        return self._first + pairs * self.trajectories + (again + mixed) * self.worlds

    @property
    def _shocks(self) -> tuple[str, ...]:
        return tuple(shock.address for shock in self.model.shocks)

    @property
    def _has_parameters(self) -> bool:
        return len(self.program.inputs) > len(self._shocks)

    def _response(self, cube: Cube) -> Response:
        # measured against the plan's own need: its run rate moves with the levers
        need = need_factors(self.program, cube.seed, cube.trajectories, cube.worlds)
        enough: BoolArray | None = sustained(
            cube.bookings,
            labels=Labels.of(self.program, self.model),
            sustainability=self.model.sustainability,
            facts=self.program.facts,
            worlds=AcrossWorlds(need=need, reproduction=None),
        )
        base = Quantity.named(f"base.{WINDOW}", self.model.timeline)
        return Response(result=self.of.samples(cube), base=base.samples(cube), sustained=enough)

    def _result(self, trajectories: int, **words: Any) -> FloatArray:
        return self.of.samples(self.runs(self.program, trajectories, **words))

    def _elasticity(self, lever: Lever) -> Elasticity:
        factor = min(STEP, lever.most)
        up, down = (
            self._response(self.runs(lower(lever.scaled(self.model, step)), self.trajectories))
            for step in (factor, 1.0 / factor)
        )
        return Elasticity.of(lever, up=up, down=down, factor=factor)

    def _swing(self, number: Uncertain, result: FloatArray) -> Swing:
        scores = floats([-NORMAL_P95, NORMAL_P95])
        low, high = number.at(scores).tolist()
        at_low, at_high = (
            self._result(self.trajectories, worlds=self._seeds(held={number.address: float(score)}))
            for score in scores
        )
        return Swing(
            address=number.address,
            values=(low, high),
            words=(say_value(number, low, self.model), say_value(number, high, self.model)),
            means=(mean_of(at_low), mean_of(at_high)),
            changes=(mean_of(at_low - result), mean_of(at_high - result)),
        )

    def _other_shocks(self) -> FloatArray | None:
        """Return results with the same parameters and other shocks, shape (luck, world)."""
        if not self._shocks:
            return None
        other = self.runs.seeded(_OTHER_SHOCKS)
        return self._lucks(self._seeds(redrawn=dict.fromkeys(self._shocks, other)))

    def _shares(self, same: FloatArray) -> tuple[VarianceShare, ...]:
        """Return Sobol indices by keyed pick-freeze: an input is drawn from its own seed."""
        groups = self.program.input_groups
        other = self.runs.seeded(_OTHER_WORLDS)
        f_ab = np.zeros((0, *same.shape))
        f_b = same
        if len(groups) > 1:  # one alone has all of the variance
            mixed = [self._seeds(redrawn=dict.fromkeys(group, other)) for group in groups]
            f_ab = np.stack([self._lucks(worlds) for worlds in mixed])
            f_b = self._lucks(WorldSeeds(seed=other))
        return variance_shares(groups, same, f_b, f_ab, seed=self.runs.seed)

    def _lucks(self, worlds: WorldSeeds) -> FloatArray:
        return np.stack([self._result(self.worlds, luck=k, worlds=worlds) for k in range(LUCKS)])

    def _seeds(self, **words: Any) -> WorldSeeds:
        return WorldSeeds(seed=self.runs.seed, **words)

    def _notes(self, parts: VarianceSplit) -> Iterator[str]:
        if not self.program.inputs:
            yield (
                "nothing in the plan is uncertain, so all of the spread is the luck of single "
                "deals and customers; state what is not known, for example { p05 = 0.3, p95 = "
                "0.5 }, to see what it does"
            )
        elif not parts.has_worlds:
            yield (
                "what is uncertain moves the result too little to be told from luck with "
                f"{self.worlds:,} worlds: no shares of its inputs are given"
            )
        if self._shocks:
            yield "shocks are paths, not numbers: they are not in the tornado"


def save_sensitivity(
    plan: Plan, found: Sensitivity, path: str | Path, *, command: Sequence[str] = ()
) -> Path:
    """Write the folder of a sensitivity, whole or not at all.

    It holds ``sensitivity.json``, a CSV and a chart for each part that says something,
    ``plan.toml`` and ``manifest.json``.

    Parameters
    ----------
    plan : Plan
    found : Sensitivity
    path : str or Path
        Must not exist.
    command : sequence of str
        Recorded in the manifest.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    SalessimError
        The path exists, or cannot be written (no permission, disk full, ...).
    """
    with RunDirectory(path) as directory:
        write_sensitivity(plan, found, directory.work, command=command)
        return directory.publish()


def write_sensitivity(
    plan: Plan, found: Sensitivity, folder: Path, *, command: Sequence[str] = ()
) -> None:
    """Write the files of a sensitivity into an existing folder, the manifest last."""
    started = time.perf_counter()
    write_json(found.summary(), folder / "sensitivity.json")
    for part in found.parts:
        write_csv(found, part, folder / f"{part}.csv")
        write_chart(found.plot.part(part), folder, part)
    write_plan(plan, folder / "plan.toml", trajectories=plan.trajectories, seed=found.seed)
    about = {
        "of": found.of.name,
        "seed": found.seed,
        "trajectories": found.trajectories,
        **plan_in(folder, plan),
    }
    simulated = round(found.seconds, 3)
    write_manifest(folder, about, command=command, simulated=simulated, started=started)
