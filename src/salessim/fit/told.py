"""What a user says of records, on the command line or in a plan, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from salessim.config.words import found
from salessim.errors import SalessimError

if TYPE_CHECKING:
    from salessim.config import Plan
    from salessim.config.records import Records


@dataclass(frozen=True, kw_only=True)
class Told:
    """Which files to read, and how.

    Attributes
    ----------
    files : tuple of Path
        As they were named.
    folder : Path
        Where relative names of them begin.
    columns : mapping
        `--map`: key of a column -> its name, or a setting.
    stages : tuple of str or None
    as_of : date or None
    places : mapping
        Key of `[records]` in a plan, such as ``columns.amount`` -> where it stands; of what the
        plan says and nobody said otherwise.
    """

    files: tuple[Path, ...]
    columns: Mapping[str, str]
    stages: tuple[str, ...] | None
    as_of: date | None
    places: Mapping[str, str] = field(default_factory=dict)
    folder: Path = field(default_factory=Path.cwd)

    def of_column(self, key: str) -> str:
        """Return what messages call that which was said of a key of `--map`."""
        value = self.columns[key]
        place = self.places.get(f"columns.{key}")
        return f"{place} = {found(value)}" if place else f"--map {key}={value}"

    @property
    def of_stages(self) -> str:
        """What messages call the order of stages."""
        return self.places.get("stages", "--stages")

    @property
    def of_as_of(self) -> str:
        """What messages call the day up to which the records tell everything."""
        return self.places.get("as_of", "--as-of")

    def of_file(self, problem: str) -> str:
        """Return what is wrong with a file, with the place in the plan that names it."""
        if "files" not in self.places:
            return problem
        return f"{self.places['files']}: {problem}; or give the files after the plan"


def told(
    paths: Sequence[Path | str],
    *,
    columns: Mapping[str, str],
    stages: Sequence[str] | None,
    as_of: date | None,
    plan: Plan | None,
) -> Told:
    """Return what is said here, and what a plan says where nothing is said here.

    A plan's `as_of` is of its own files: of others it says nothing.

    Raises
    ------
    SalessimError
        No file is named here, and the plan names none.
    """
    here = Told(
        files=tuple(map(Path, paths)),
        columns=columns,
        stages=None if stages is None else tuple(stages),
        as_of=as_of,
    )
    if plan is None:
        return here
    records = plan.records
    if not here.files and (records is None or not records.files):
        raise SalessimError(
            f"{plan.path}: no key records.files says what it was measured from, as `salessim fit` "
            "writes it; give the files after the plan"
        )
    return here if records is None else _with_records(here, records, plan)


def _with_records(here: Told, records: Records, plan: Plan) -> Told:
    """Return what is said here, and what the records of a plan say where nothing is said here."""
    own = not here.files
    taken = {
        "files": own,
        "as_of": own and here.as_of is None and records.as_of is not None,
        "stages": here.stages is None and records.stages is not None,
    } | {f"columns.{key}": key not in here.columns for key in records.columns}
    return replace(
        here,
        files=records.files if own else here.files,
        columns={**records.columns, **here.columns},
        stages=records.stages if taken["stages"] else here.stages,
        as_of=records.as_of if taken["as_of"] else here.as_of,
        places={
            key: plan.address(("records", *key.split(".", 1))) for key, yes in taken.items() if yes
        },
    )
