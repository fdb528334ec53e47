"""Plan files, TOML or workbooks, and what they extend."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from salessim.config.documents import merge
from salessim.config.files import read_bytes
from salessim.config.lines import Lines
from salessim.config.places import Places, Wrong
from salessim.config.problems import PlanError
from salessim.config.toml_text import TomlError, read_toml
from salessim.config.words import found
from salessim.config.xlsx import LARGEST_WORKBOOK, OLE, OTHER_SHEETS, WORKBOOKS, ZIP

LARGEST_PLAN = 4_000_000
"""Bytes of a TOML file; a plan needs some thousand."""


@dataclass(frozen=True)
class Layer:
    """One plan file as written.

    Attributes
    ----------
    path, folder : pathlib.Path
        The folder is absolute, to find what the plan names from anywhere.
    data : dict
    sha256 : str
    places : Places
        Where its keys stand.
    wrong : tuple of Wrong
        What cannot be read of it, beside what its keys say.
    """

    path: FilePath
    folder: FilePath
    data: dict[str, Any]
    sha256: str
    places: Places
    wrong: tuple[Wrong, ...] = ()


def read_layers(path: FilePath) -> tuple[Layer, ...]:
    """Read a plan and what it extends, the plan itself first.

    Raises
    ------
    PlanError
        When a file is missing, unreadable, neither TOML in UTF-8 nor a workbook of a plan, or
        files extend each other.
    """
    layers = [_read(path, named_by="")]
    while "extends" in layers[-1].data:
        top = layers[-1]
        base = top.data["extends"]
        here = f"{top.path}{top.places.place(('extends',)).text}: extends: "
        if not isinstance(base, str) or not base:
            raise PlanError(f"{here}expected a plan's file name, found {found(base)}")
        base_path = top.path.parent / base
        if any(base_path.resolve() == layer.path.resolve() for layer in layers):
            chain = " -> ".join(str(layer.path) for layer in layers)
            raise PlanError(
                f"{here}the plans extend each other in a circle: {chain} -> {base_path}; "
                "take one `extends` out"
            )
        layers.append(_read(base_path, named_by=here))
    return tuple(layers)


def _read(path: FilePath, *, named_by: str) -> Layer:
    """Read one plan file; ``named_by`` is the address of the `extends` that asked for it."""
    ending = path.suffix.lower()
    if ending in WORKBOOKS:
        return _read_workbook(path, named_by=named_by)
    content = read_bytes(path, what="a plan", most=LARGEST_PLAN, named_by=named_by)
    if ending in OTHER_SHEETS:
        raise PlanError(
            f"{named_by}{path}: plans are TOML files or workbooks (.xlsx), found {ending}; "
            "save it as .xlsx from the spreadsheet program"
        )
    if content.startswith((ZIP, OLE)):
        raise PlanError(f"{named_by}{path} is no TOML file; if it is a workbook, name it .xlsx")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PlanError(
            f"{path}:{line}: expected UTF-8 text, found the byte 0x{content[error.start]:02x}; "
            "save the file as UTF-8"
        ) from None
    try:
        data = read_toml(text)
    except TomlError as error:
        raise PlanError(f"{path}:{error.line}: {error}") from None
    return Layer(path, path.parent.absolute(), data, _sha256(content), Lines(text))


def _read_workbook(path: FilePath, *, named_by: str) -> Layer:
    from salessim.config.workbook import read_workbook

    content = read_bytes(path, what="a plan", most=LARGEST_WORKBOOK, named_by=named_by)
    data, cells, wrong = read_workbook(path, content)
    return Layer(path, path.parent.absolute(), data, _sha256(content), cells, tuple(wrong))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """Put the layers on top of each other: tables merge, all else is replaced."""
    document: dict[str, Any] = {}
    for layer in reversed(layers):
        document = merge(document, layer.data)
    document.pop("extends", None)
    return document
