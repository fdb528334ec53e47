"""Workbooks from anybody: refused in plain words when they are none, read sheet by sheet else.

calamine gives the values, of formulas those that were saved; it shows a formula that failed as an
empty cell and makes room for all cells up to the last one. So the XML of a sheet is looked at
before: where formulas failed, and how far its cells go.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from xml.etree import ElementTree as ET

WORKBOOKS = (".xlsx", ".xlsm")
"""Endings of the workbooks that are read."""
OTHER_SHEETS = (".xls", ".xlsb", ".ods", ".csv", ".tsv", ".numbers")
"""Endings of what spreadsheets write and plans are not read from."""
LARGEST_WORKBOOK = 64_000_000
"""Bytes, packed."""
LARGEST_UNPACKED = 512_000_000
MOST_CELLS = 10_000_000
"""From the first to the last row and column with a value."""
OLE = b"\xd0\xcf\x11\xe0"
"""How old and encrypted workbooks begin."""
ZIP = b"PK\x03\x04"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_FILLED = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*(?<!/)>')
_UNPLACED = re.compile(rb'<(?:\w+:)?c(?=[\s>])(?![^>]*\br=")[^>]*(?<!/)>')
_ROW = re.compile(rb"<(?:\w+:)?row\b")
_ROW_NUMBER = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{1,7})"')
_ANY_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s>/])")
_CELL = re.compile(
    rb'<(?:\w+:)?c\b([^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*(?<!/))>(.*?)</(?:\w+:)?c>', re.DOTALL
)
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>([^<]+)</(?:\w+:)?v>")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b")
_SAVE = "open it in the spreadsheet program, save it and take that file"
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, ET.ParseError, EOFError),
    *(OSError, ValueError, LookupError, OverflowError, NotImplementedError, RuntimeError),
)
"""What reading a damaged archive, or XML in it, ends with."""


class WorkbookError(ValueError):
    """A file that is no workbook, or none that is read; the text goes behind its name."""


@dataclass(frozen=True)
class Sheet:
    """The values of a sheet.

    Attributes
    ----------
    name : str
    rows : list of list
        From the first row and column on: texts without space around them, whole numbers as int,
        days as date; None where empty.
    failed : dict
        (row, column) from 0 -> what is wrong with the formula there; its value is None.
    merged : list of tuple
        First and last (row, column) of the cells that are merged.
    """

    name: str
    rows: list[list[Any]]
    failed: Mapping[tuple[int, int], str] = field(default_factory=dict)
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)


class Workbook:
    """An .xlsx file, checked as a whole; its sheets are read on demand.

    Raises
    ------
    WorkbookError
        It is encrypted, of another kind, damaged, or too large to be read.
    """

    def __init__(self, content: bytes) -> None:
        _check_kind(content)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                _check_size(archive)
                self._parts = _sheet_parts(archive)
                self._xml = {name: archive.read(part) for name, part in self._parts.items()}
        except WorkbookError:
            raise
        except _DAMAGE as error:
            raise WorkbookError(f"is damaged ({error}); {_SAVE}") from None
        for name, xml in self._xml.items():
            _check_extent(name, xml)
        self._content = content

    @property
    def names(self) -> tuple[str, ...]:
        """The sheets with cells, in their order."""
        return tuple(self._parts)

    def sheet(self, name: str) -> Sheet:
        """Return the values of a sheet."""
        import python_calamine

        try:
            book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(self._content))
            sheet = book.get_sheet_by_name(name)
            rows = [list(map(_plain, row)) for row in sheet.to_python(skip_empty_area=False)]
            merged = list(sheet.merged_cell_ranges or ())
        except (python_calamine.CalamineError, *_DAMAGE) as error:
            raise WorkbookError(f"is damaged (sheet {name}: {error}); {_SAVE}") from None
        return Sheet(name, rows, _failed(self._xml[name]), merged)


def _check_kind(content: bytes) -> None:
    """Refuse what is no .xlsx file, and say what it is."""
    if content.startswith(OLE):
        if _ENCRYPTED in content:
            raise WorkbookError("is protected by a password; save it without one")
        raise WorkbookError("is a workbook of the old kind (.xls); save it as .xlsx")
    if not content.startswith(ZIP):
        shown = repr(content[:12])[2:-1]
        raise WorkbookError(
            f'is no workbook: it begins with "{shown}"; '
            "save it as .xlsx from the spreadsheet program, or name it after what it is"
        )


def _check_size(archive: zipfile.ZipFile) -> None:
    """Refuse, without unpacking, what would unpack to too much or is of another kind."""
    names = set(archive.namelist())
    if "xl/workbook.xml" not in names:
        kinds = {"content.xml": "an OpenDocument file", "xl/workbook.bin": "a binary workbook"}
        kind = next((kind for part, kind in kinds.items() if part in names), "a ZIP archive")
        raise WorkbookError(f"is {kind}; save it as .xlsx from the spreadsheet program")
    if any(item.flag_bits & 1 for item in archive.infolist()):
        raise WorkbookError("is protected by a password; save it without one")
    # what is said of a part is what is read of it: zipfile reads no further
    if sum(item.file_size for item in archive.infolist()) > LARGEST_UNPACKED:
        raise WorkbookError(
            f"unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB; is it the right file?"
        )
    if damaged := archive.testzip():
        raise zipfile.BadZipFile(damaged)


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the part of the archive that holds each sheet with cells."""
    relations = _xml(archive, "xl/_rels/workbook.xml.rels")
    targets = {item.get("Id"): item.get("Target", "") for item in relations}
    parts = {}
    # the names of the XML are in one of two namespaces: of Excel, or of the strict standard
    for sheet in _xml(archive, "xl/workbook.xml").iterfind("{*}sheets/{*}sheet"):
        relation = next((sheet.attrib[key] for key in sheet.attrib if key.endswith("}id")), "")
        target = targets.get(relation, "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if "/worksheets/" in part:  # a chart on a sheet of its own has no cells
            parts[sheet.get("name", "")] = part
    return parts


def _xml(archive: zipfile.ZipFile, part: str) -> ET.Element:
    content = archive.read(part)
    if b"<!DOCTYPE" in content:  # entities may unpack to anything, and no program writes them
        raise WorkbookError(f"is damaged ({part} declares a document type); {_SAVE}")
    return ET.fromstring(content)  # noqa: S314  (without a document type there are no entities)


def _check_extent(name: str, xml: bytes) -> None:
    """Refuse a sheet whose last cell is so far off that the cells before it fill the memory."""
    rows, columns = 0, 0
    for letters, number in set(_FILLED.findall(xml)):
        rows, columns = max(rows, int(number)), max(columns, column_at(letters.decode()) + 1)
    if _UNPLACED.search(xml):  # a cell without an address stands behind the one before it
        _, *parts = _ROW.split(xml)
        numbers = [int(number) for number in _ROW_NUMBER.findall(xml)]
        rows = max([rows, len(parts), *numbers])
        columns += max((len(_ANY_CELL.findall(part)) for part in parts), default=0)
    if rows * columns > MOST_CELLS:
        last = f"{column_letters(columns - 1)}{rows}"
        raise WorkbookError(
            f"is too large: sheet {name} goes to {last}; "
            f"delete what lies far off (more than {MOST_CELLS:,} cells in all)"
        )


def _failed(xml: bytes) -> dict[tuple[int, int], str]:
    """Return the cells that show an error, or whose formula was never worked out."""
    if b't="e"' not in xml and not _FORMULA.search(xml):
        return {}
    failed = {}
    for attributes, letters, number, inside in _CELL.findall(xml):
        place = int(number) - 1, column_at(letters.decode())
        value = _VALUE.search(inside)
        if b't="e"' in attributes:
            shown = value[1].decode(errors="replace") if value else "an error"
            failed[place] = f"found the error {shown}; mend the formula or type a value"
        elif _FORMULA.search(inside) and value is None and b't="str"' not in attributes:
            failed[place] = "the formula has no value yet; open the file in a spreadsheet, save it"
    return failed


def _plain(cell: Any) -> Any:
    """Return the value of a cell as a plan would say it."""
    match cell:
        case str():
            return cell.strip() or None
        case float() if cell.is_integer() and abs(cell) <= 2.0**53:
            return int(cell)
        case datetime() if cell.time() == time():
            return cell.date()
    return cell


def column_at(letters: str) -> int:
    """Return the position, from 0, of a column: ``A`` is 0, ``AA`` is 26."""
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - ord("A") + 1
    return at - 1


def column_letters(at: int) -> str:
    """Return the letters of a column at a position from 0."""
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def cell_name(row: int, column: int) -> str:
    """Return the address of a cell at positions from 0: ``C7``."""
    return f"{column_letters(column)}{row + 1}"
