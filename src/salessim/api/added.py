"""Studies of a run's plan, read back from the folders that commands left, to be shown with it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from salessim.api import added_documents as documents
from salessim.config.files import read_bytes
from salessim.errors import SalessimError
from salessim.forecast.goals import Goals
from salessim.forecast.sensitivity import Sensitivity
from salessim.forecast.stored_comparison import StoredComparison

if TYPE_CHECKING:
    from salessim.api.finished import Run

LARGEST = 50_000_000
"""Bytes of a document."""
Study: TypeAlias = StoredComparison | Sensitivity | Goals
Document = TypeVar("Document", bound=BaseModel)


@dataclass(frozen=True, kw_only=True, eq=False)
class Added:
    """A study that is shown with a run.

    Attributes
    ----------
    study : StoredComparison, Sensitivity or Goals
        It draws itself, as when it was made.
    folder : str
        Name of the folder it was read from.
    notes : tuple of str
        How it differs from the run: a sentence each.
    """

    study: Study
    folder: str
    notes: tuple[str, ...] = ()


def with_added(run: Run, folders: Sequence[str | Path]) -> Run:
    """Return a run with studies of its plan, to be shown in its documents.

    Parameters
    ----------
    run : Run
    folders : sequence of str or Path
        Written by ``salessim compare -o``, ``sensitivity -o`` or ``goal -o``. Their numbers are
        read and drawn anew; nothing else of them is shown.

    Raises
    ------
    SalessimError
        A folder is none of these, its document is damaged, or it is about another plan. All that
        is wrong is said at once.
    """
    found: list[Added] = []
    wrong: list[str] = []
    for folder in folders:
        try:
            found += _read(Path(folder), run)
        except SalessimError as error:
            wrong += error.problems
    if wrong:
        raise SalessimError(*wrong)
    return replace(run, added=(*run.added, *found))


def _read(folder: Path, run: Run) -> list[Added]:
    readers: Mapping[str, Callable[[Path, Run], list[Study]]] = {
        "comparison.json": _comparison,
        "sensitivity.json": _sensitivity,
        "goals.json": _goals,
    }
    for name, read in readers.items():
        path = folder / name
        if path.is_file():
            studies = read(path, run)
            return [
                Added(study=study, folder=folder.name, notes=tuple(_notes(study, run)))
                for study in studies
            ]
    if (folder / "sweep.parquet").is_file():
        raise SalessimError(
            f"{folder}: a sweep is not shown with a run; make scenarios of the points that matter "
            "and name the folder of `salessim compare -o`"
        )
    raise SalessimError(
        f"{folder}: holds none of {', '.join(readers)}; name a folder that `salessim compare -o`, "
        "`salessim sensitivity -o` or `salessim goal -o` wrote"
    )


def _comparison(path: Path, run: Run) -> list[Study]:
    found = _checked(path, documents.Comparison, "compare")
    _same_plan(path, found.scenarios[found.base].program_sha256, run, "compare")
    periods = run.forecast.labels.periods
    if tuple(found.periods) != periods[: len(found.periods)]:
        raise _damaged(path, "periods", "not those of the run", "compare")
    return [StoredComparison.from_summary(found.model_dump(), run.forecast)]


def _sensitivity(path: Path, run: Run) -> list[Study]:
    found = _checked(path, documents.Sensitivity, "sensitivity")
    _same_plan(path, found.program_sha256, run, "sensitivity")
    try:
        return [Sensitivity.from_summary(found.model_dump(), run.forecast.labels)]
    except SalessimError as error:
        raise _damaged(path, "of", str(error), "sensitivity") from error


def _goals(path: Path, run: Run) -> list[Study]:
    found = _checked(path, documents.GoalList, "goal")
    for one in found.goals:
        _same_plan(path, one.run.program_sha256, run, "goal")
    return [
        Goals.from_summary({**one.model_dump(), "words": one.words or one.goal})
        for one in found.goals
    ]


def _checked(path: Path, kind: type[Document], command: str) -> Document:
    """Read a document that somebody may have touched."""
    text = read_bytes(path, what="a study", most=LARGEST)
    try:
        raw = json.loads(text, parse_float=_finite, parse_constant=_finite)
        return kind.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        said = first["msg"].removeprefix("Value error, ")
        raise _damaged(path, where, f"{said[:1].lower()}{said[1:]}", command) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(
            path, "the document", f"no JSON that can be read: {error}", command
        ) from error


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number")
    return value


def _damaged(path: Path, where: str, said: str, command: str) -> SalessimError:
    return SalessimError(
        f"{path}: {where}: {said}; `salessim {command} -o DIR` writes it as it should be"
    )


def _same_plan(path: Path, program: str, run: Run, command: str) -> None:
    own = run.forecast.provenance.program_sha256
    if program != own:
        raise SalessimError(
            f"{path.parent}: it is about another plan than the run, or was made by another "
            f"version: its program is {program[:12] or 'not known'}, the run's is {own[:12]}; run "
            f"`salessim {command}` with the plan.toml of the run"
        )


def _notes(study: Study, run: Run) -> Iterator[str]:
    """Say where a study was simulated in another way than the run."""
    own = run.forecast.provenance.seed
    if study.seed != own:
        yield (
            f"Simulated with the seed {study.seed}, the run with {own}: their numbers differ by "
            "Monte Carlo errors."
        )
