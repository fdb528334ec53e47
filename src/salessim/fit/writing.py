"""A fitted plan as people read it, and the files beside it."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salessim.api.claims import make_claimed, release, remove_orphans
from salessim.config.words import key_text
from salessim.errors import SalessimError
from salessim.fit.parts import Part
from salessim.forecast.summary import safe_cell

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 98
"""Letters of a line of comment."""
INDENT = "    "
NAMED = ("pipelines", "sources", "shocks", "targets")
"""Tables that hold a table for each name."""


def plan_text(part: Part, *, header: Sequence[str]) -> str:
    """Return a part as the TOML text of a plan, with its comments.

    Parameters
    ----------
    part : Part
        With all that a plan needs.
    header : sequence of str
        Comments at the top, a paragraph each; empty = an empty line.
    """
    lines = [line for paragraph in header for line in (_comment(paragraph) or ["#"])]
    document = dict(part.document)
    tables = {
        key: document.pop(key) for key in list(document) if isinstance(document[key], Mapping)
    }
    lines += ["", *(f"{_key(key)} = {_inline(value)}" for key, value in document.items())]
    for key, table in tables.items():
        if key in NAMED:
            for name, inner in table.items():
                lines += _table((key, name), inner, part.comments)
        else:
            segments = table.get("segments", {}) if key == "customers" else {}
            rest = {inner: table[inner] for inner in table if inner != "segments" or not segments}
            lines += _table((key,), rest, part.comments)
            for name, segment in segments.items():
                lines += _table((key, "segments", name), segment, part.comments)
    lines += _correlation(part)
    return "\n".join(lines) + "\n"


def _table(
    path: tuple[str, ...], table: Mapping[str, Any], comments: Mapping[str, str]
) -> Iterator[str]:
    """Yield a table, its stages after the rest."""
    address = ".".join(map(key_text, path))
    yield ""
    yield from _comment(comments.get(address, ""))
    yield f"[{address}]"
    for key, value in table.items():
        if key != "stages" or path[0] != "pipelines":
            yield from _comment(comments.get(f"{address}.{key_text(key)}", ""))
            yield f"{_key(key)} = {_inline(value)}"
    if path[0] != "pipelines":
        return
    for stage in table.get("stages", ()):
        of_stage = f"{address}.stages.{key_text(stage['name'])}"
        yield ""
        yield from _comment(comments.get(of_stage, ""))
        yield f"[[{address}.stages]]"
        for key, value in stage.items():
            yield from _comment(comments.get(f"{of_stage}.{key_text(key)}", ""))
            yield f"{_key(key)} = {_inline(value)}"


def _correlation(part: Part) -> Iterator[str]:
    rows: dict[str, dict[str, float]] = {}
    for one, other, value in part.correlations:
        rows.setdefault(one, {})[other] = value
    if not rows:
        return
    yield ""
    yield "# Numbers of one fit that are too high or too low together."
    yield "[correlation]"
    for one, row in rows.items():
        yield f"{_key(one)} = {_inline(row)}"


def _comment(text: str) -> list[str]:
    """Return a comment in lines; control characters, which TOML refuses there, are left out."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return [f"# {line}" for line in textwrap.wrap(plain, WIDTH, break_on_hyphens=False)]


def _inline(value: Any) -> str:
    """Return a value, on one line but for long arrays: TOML lets them have several, also inside."""
    import tomlkit

    if isinstance(value, Mapping):
        inside = (f"{_key(key)} = {_inline(item)}" for key, item in value.items())
        return "{ " + ", ".join(inside) + " }"
    if isinstance(value, list | tuple):
        items = ", ".join(map(_inline, value))
        if len(items) <= WIDTH or not all(isinstance(item, int | float) for item in value):
            return f"[{items}]"
        lines = textwrap.wrap(items, WIDTH - len(INDENT), break_on_hyphens=False)
        return "\n".join(("[", *(INDENT + line for line in lines), "]"))
    text: str = tomlkit.item(value).as_string()
    return text


def _key(key: str) -> str:
    import tomlkit

    if '"' in key and "'" not in key and "\\" not in key and key.isprintable():
        return f"'{key}'"  # an address with a name in quotes, as people write it
    return tomlkit.key(key).as_string()


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV; texts that a spreadsheet would take for a formula are quoted."""
    texts = table.select_dtypes(include=["object", "string", "category"]).columns
    safe = {name: [_cell(cell) for cell in table[name]] for name in texts}
    table.assign(**safe).to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _cell(cell: Any) -> Any:
    return safe_cell(cell) if isinstance(cell, str) else cell


def check_free(path: Path) -> None:
    """Refuse a file that is there, or has no folder to be in.

    Raises
    ------
    SalessimError
        With the remedy.
    """
    if os.path.lexists(path):
        raise SalessimError(
            f"{path} exists and is not overwritten; choose another folder with -o, or move it"
        )
    if not path.parent.is_dir():
        raise SalessimError(f"{path} has no place: there is no folder {path.parent}; make it first")


def publish(path: Path, files: Mapping[str, str | pd.DataFrame]) -> None:
    """Write files beside each other, all or none of them, and overwrite nothing.

    Parameters
    ----------
    path : Path
        The plan, which must be the last of the files: where it is, its data are.
    files : mapping
        Name -> text or table.

    Raises
    ------
    SalessimError
        One of them is there, or they cannot be written.
    """
    for name in files:
        check_free(path.with_name(name))
    moved: list[Path] = []
    try:
        remove_orphans(path)
        work, lock = make_claimed(path)
        try:
            for name, content in files.items():
                _write(content, work / name)
            for name in files:
                (work / name).rename(target := path.with_name(name))
                moved.append(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
            release(lock)
    except OSError as error:
        for done in moved:
            done.unlink(missing_ok=True)
        raise SalessimError(
            f"{path} cannot be written: {error.strerror or error}; nothing is left of it; choose "
            "another place with -o"
        ) from error


def _write(content: str | pd.DataFrame, path: Path) -> None:
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8", newline="\n")
    else:
        write_table(content, path)
