"""Plans to begin with: one for each kind of business, with made-up data that follow from it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from salessim.api.claims import make_claimed, release, remove_orphans
from salessim.config.words import nearest
from salessim.errors import SalessimError

PLAN = "plan.toml"


@dataclass(frozen=True, kw_only=True)
class Template:
    """A kind of business: what it is, and what its plan does not say."""

    summary: str
    customers: int
    """Customers at the start."""
    years: int
    """How long the business has been there: no customer is older."""


TEMPLATES = {
    "saas": Template(
        summary="subscription software: renewals, up-sell, referrals", customers=420, years=9
    ),
    "distributor": Template(
        summary="trade: customers order again and again", customers=380, years=25
    ),
    "agency": Template(summary="projects: few, large, and long in coming", customers=34, years=12),
}


def init(folder: str | Path, *, template: str = "saas") -> Path:
    """Write a commented plan that runs at once, with its data, into a new or empty folder.

    Parameters
    ----------
    folder : str or Path
        New, beside folders that exist; or there and empty.
    template : str
        ``saas``, ``distributor`` or ``agency``.

    Returns
    -------
    Path
        The plan; the data files lie beside it. The same template gives the same bytes.

    Raises
    ------
    SalessimError
        There is no such template, the folder holds something or cannot be made: nothing is
        written.
    """
    _check_template(template)
    folder = Path(folder)
    try:
        if _claimed(folder).parent.is_dir():
            remove_orphans(_claimed(folder))
        _check_free(folder)
        _write(folder, template_files(template))
    except OSError as error:
        raise SalessimError(
            f"{folder} cannot be written: {error.strerror or error}; nothing is left of it; name "
            "another folder"
        ) from error
    return folder / PLAN


def init_workbook(path: str | Path, *, template: str = "saas") -> Path:
    """Write a plan that runs at once as a workbook to fill in, its data on sheets of it.

    Parameters
    ----------
    path : str or Path
        Ends in ``.xlsx``; new, in a folder that exists.
    template : str
        ``saas``, ``distributor`` or ``agency``.

    Returns
    -------
    Path
        The workbook: the same plan as `init` writes. The same template gives the same bytes.

    Raises
    ------
    SalessimError
        There is no such template, the file exists, has another ending or cannot be written.
    """
    from salessim.api.plan_workbook import save_plan_workbook
    from salessim.config import load_plan

    _check_template(template)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in template_files(template).items():
            (Path(folder) / name).write_text(text, encoding="utf-8", newline="\n")
        return save_plan_workbook(load_plan(Path(folder) / PLAN), path)


def _check_template(name: str) -> None:
    if name not in TEMPLATES:
        hint = nearest(name, TEMPLATES, named="templates")
        raise SalessimError(f'there is no template "{name}"; {hint}')


def template_files(name: str) -> dict[str, str]:
    """Return the texts of a template by file name: the plan, and the data files that it names."""
    from salessim.api.template_data import made_up_data

    source = resources.files("salessim") / "templates" / f"{name}.toml"
    with resources.as_file(source) as path:
        about = TEMPLATES[name]
        data = made_up_data(path, customers=about.customers, years=about.years)
        # The plan comes last: a folder with a plan has its data.
        return {**data, PLAN: path.read_text(encoding="utf-8")}


def _check_free(folder: Path) -> None:
    """Refuse a folder that is not free, or has no place to be."""
    if folder.is_dir():
        if there := sorted(item.name for item in folder.iterdir()):
            more = f" and {len(there) - 1:,} more" if len(there) > 1 else ""
            raise SalessimError(
                f"{folder} is not empty (it holds {there[0]}{more}) and nothing in it is "
                "overwritten; name a new folder, or move what is there"
            )
    elif folder.exists():
        raise SalessimError(f"{folder} is a file, not a folder; name a new folder")
    elif not folder.parent.is_dir():
        raise SalessimError(
            f"{folder} has no place: there is no folder {folder.parent}; make that first, or name "
            "a folder beside what is there"
        )


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all files, or none: they are moved to where they belong when all are written."""
    there = folder.is_dir()
    work, lock = make_claimed(_claimed(folder))
    try:
        for name, text in texts.items():
            (work / name).write_text(text, encoding="utf-8", newline="\n")
        if not there:
            work.rename(folder)
            return
        for name in texts:
            (work / name).rename(folder / name)
    except OSError:
        if there:  # it was empty: what lies there now is ours
            for name in texts:
                (folder / name).unlink(missing_ok=True)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
        release(lock)


def _claimed(folder: Path) -> Path:
    """Return what a folder is filled beside: it, or the plan when it is there and empty."""
    return folder / PLAN if folder.is_dir() else folder
