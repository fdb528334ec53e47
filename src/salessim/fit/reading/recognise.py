"""Which column is what: by the names that exports use, by `--map`, by what the cells hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from salessim.config.words import nearest
from salessim.errors import SalessimError
from salessim.fit.reading.names import NAMES, SETTINGS
from salessim.fit.reading.tables import Sheet
from salessim.fit.told import Told

if TYPE_CHECKING:
    import pyarrow as pa

_ENTERED = re.compile(
    r"""^(?:propert(?:y|ies)[._])?hs_(?P<version>v2_)?date_entered_(?P<id>.+)$
    |^date[ ]entered[ ]["“'«]?(?P<name>.+?)["”'»]?$
    |^entered_(?!(?:at|on|date|time)$)(?P<plain>.+)$""",
    re.IGNORECASE | re.VERBOSE,
)
_BRACKETED = re.compile(r"\s*\([^()]*\)$")


@dataclass(frozen=True)
class Recognised:
    """A table, what it is, and which of its columns are what.

    Attributes
    ----------
    kind : str
        ``moves``, ``properties``, ``wide``, ``list``, ``orders``, ``subscriptions``, ``stages``,
        ``pipelines``, ``merged``, or empty when it is nothing that is known.
    roles : mapping
        Key of a column -> its name.
    entered : mapping
        Name of a column of a wide history -> the stage that was entered then.
    """

    sheet: Sheet
    kind: str
    roles: Mapping[str, str]
    entered: Mapping[str, str]

    def cells(self, role: str) -> pa.ChunkedArray:
        """Return the cells of a key that has a column."""
        return self.sheet.cells.column(self.roles[role])

    def has(self, *roles: str) -> bool:
        """Say whether all these keys have a column."""
        return all(role in self.roles for role in roles)


def plain(name: str) -> str:
    """Return a column's name as words in small letters, without the prefixes of exports."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = re.sub(r"[^a-z0-9]+", " ", words.lower()).strip()
    return re.sub(r"^(?:properties|property|hs v2|hs|sf) (?=.)", "", words)


def recognise(sheet: Sheet, columns: Mapping[str, str]) -> Recognised:
    """Say what a table is.

    Parameters
    ----------
    columns : mapping
        `--map`: key -> name of a column; those the table does not have are left aside.
    """
    roles = _roles(sheet, columns)
    entered = _entered(sheet.cells.column_names)
    kind = _kind(sheet, roles, entered)
    found = Recognised(sheet=sheet, kind=kind, roles=roles, entered=entered)
    match kind:
        case "moves" if "at" not in roles:
            found = replace(found, roles={**roles, "at": roles["created"]})
        case "orders" if "customer" not in roles:
            found = replace(found, roles={**roles, "customer": _by_name(sheet, "id") or ""})
    return found


def check_map(sheets: Sequence[Sheet], said: Told) -> None:
    """Refuse keys that there are not and columns that no file has.

    Raises
    ------
    SalessimError
    """
    known = {name for sheet in sheets for name in sheet.cells.column_names}
    problems = []
    for key, column in said.columns.items():
        if key not in NAMES and key not in SETTINGS:
            problems.append(
                f"{said.of_column(key)}: unknown key; {nearest(key, [*NAMES, *SETTINGS])}"
            )
        elif key in NAMES and column not in known:
            problems.append(
                f"{said.of_column(key)}: no file has that column; {nearest(column, sorted(known))}"
            )
    if problems:
        raise SalessimError(*problems)


def _roles(sheet: Sheet, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the column of each key that has one; what `--map` says comes first."""
    roles = {
        key: column
        for key, column in columns.items()
        if key in NAMES and column in sheet.cells.column_names
    }
    by_name: dict[str, str] = {}
    for column in sheet.cells.column_names:
        by_name.setdefault(plain(column), column)
    given = set(roles.values())
    for key, names in NAMES.items():
        found = [by_name[name] for name in names if name in by_name]
        found = [column for column in found if column not in given]
        if key == "deal":
            # leads without an opportunity yet are deals too
            found.sort(key=lambda column: sheet.cells.column(column).null_count)
        if key not in roles and found:
            roles[key] = found[0]
    if "stage" not in roles and "order" not in roles and (column := _by_name(sheet, "status")):
        roles["stage"] = column
    if "deal" not in roles and "stage" in roles and (column := _by_name(sheet, "id")):
        roles["deal"] = column
    if {"deal", "at", "value"} <= roles.keys() and not {"stage", "to", "property"} & roles.keys():
        # a table of stages entered calls them values
        roles["to"] = roles["value"]
        # its source is what program wrote the row
        roles = {key: roles[key] for key in ("deal", "to", "at", "deleted") if key in roles}
    return roles


def _by_name(sheet: Sheet, name: str) -> str | None:
    return next((one for one in sheet.cells.column_names if plain(one) == name), None)


def _entered(names: Sequence[str]) -> dict[str, str]:
    """Return the columns of a wide history and the stages they tell of."""
    found = {name: match for name in names if (match := _ENTERED.match(name))}
    newer = any(match["version"] for match in found.values())
    return {
        name: match["id"] or _BRACKETED.sub("", match["name"] or match["plain"])
        for name, match in found.items()
        # HubSpot exports the old calculation beside the new one
        if not (newer and match["id"] and not match["version"])
    }


def _kind(sheet: Sheet, roles: Mapping[str, str], entered: Mapping[str, str]) -> str:
    """Say what a table with these columns is."""

    def has(*keys: str) -> bool:
        return all(key in roles for key in keys)

    checks = (
        ("merged", has("deal", "merged")),
        ("stages", has("stage_id", "label") and not has("deal")),
        ("pipelines", has("pipeline", "label") and not has("deal")),
        ("wide", bool(entered)),
        ("properties", has("deal", "property", "value") and (has("at") or has("created"))),
        ("moves", has("deal", "to") and (has("at") or has("created"))),
        ("moves", has("deal", "stage", "at") and not has("closed", "created")),
        ("moves", has("deal", "stage", "at") and _repeats(sheet, roles["deal"])),
        ("moves", has("deal", "stage", "created") and _repeats(sheet, roles["deal"])),
        ("moves", has("deal", "stage", "at") and plain(roles["at"]) == "fivetran start"),
        ("list", has("created") and (has("stage") or has("closed") or has("won_at"))),
        ("subscriptions", has("customer", "start", "end")),
        # while nobody has left the column of ends is empty, and so is none
        ("subscriptions", has("customer", "start", "revenue") and not has("deal")),
        ("list", has("deal")),
        ("orders", has("date") and (has("customer") or bool(_by_name(sheet, "id")))),
    )
    return next((kind for kind, holds in checks if holds), "")


def _repeats(sheet: Sheet, column: str) -> bool:
    """Say whether many values of a column stand in several rows: a list has a few doubles."""
    import pyarrow.compute as pc

    cells = sheet.cells.column(column)
    filled = len(cells) - cells.null_count
    distinct = int(pc.count_distinct(cells).as_py())
    return bool(filled > 0 and distinct < 0.85 * filled)


def cells_as_text(cells: Any) -> pa.ChunkedArray:
    """Return cells as text without blanks around it: whole numbers without a point."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(cells.type):
        cells = pc.cast(cells, cells.type.value_type)
    if pa.types.is_floating(cells.type):
        whole = pc.all(pc.equal(pc.floor(cells), cells)).as_py()
        cells = cells.cast(pa.int64()) if whole in (True, None) else cells
    texts = pc.utf8_trim_whitespace(cells.cast(pa.string()))
    return pc.if_else(pc.equal(texts, ""), None, texts)
