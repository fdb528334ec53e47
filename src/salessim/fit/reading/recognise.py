"""Which column is what: by the names that exports use, by `--map`, by what the cells hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from salessim.config.words import nearest
from salessim.errors import SalessimError
from salessim.fit.reading.tables import Sheet

if TYPE_CHECKING:
    import pyarrow as pa

NAMES: Mapping[str, tuple[str, ...]] = {
    "deal": (
        "deal id",
        "opportunity id",
        "lead id",
        "mql id",
        "case id",
        "potential id",
        "record id",
        "case concept name",
        "deal",
        "opportunity",
        "opportunity number",
        "lead",
        "case",
    ),
    "stage": (
        "stage",
        "stage name",
        "deal stage",
        "dealstage",
        "sales stage",
        "opportunity stage",
        "pipeline stage",
        "lead stage",
        "current stage",
        "deal pipeline stage id",
        "activity",
        "concept name",
        "deal status",
        "opportunity status",
        "lead status",
        "phase",
    ),
    "from": ("from stage", "old stage", "previous stage", "prior stage", "stage from", "from"),
    "to": ("to stage", "new stage", "stage to", "to"),
    "at": (
        "changed at",
        "date entered",
        "entered at",
        "entered",
        "timestamp",
        "time timestamp",
        "change date",
        "changed on",
        "changed",
        "moved at",
        "event time",
        "at",
        "when",
        "fivetran start",
    ),
    "created": (
        "created at",
        "created date",
        "create date",
        "createdate",
        "created time",
        "created on",
        "created",
        "creation date",
        "date created",
        "engage date",
        "first contact date",
        "opened at",
        "open date",
        "opened",
        "reporting date",
    ),
    "closed": (
        "closed at",
        "close date",
        "closedate",
        "closing date",
        "closed date",
        "closed on",
        "closed",
        "date closed",
        "actual close date",
        "close date expected close date",
    ),
    "won_at": ("won date", "won at", "date won", "won on"),
    "lost_at": ("lost date", "lost at", "date lost", "lost on"),
    "amount": (
        "amount",
        "deal size",
        "deal amount",
        "deal value",
        "close value",
        "estimated acv",
        "acv",
        "tcv",
        "arr",
        "estimated value",
        "opportunity amount",
        "opportunity amount usd",
        "grand total",
        "dollar value",
        "order value",
        "total amount",
        "total",
        "spend",
        "value",
        "revenue",
        "price",
    ),
    "owner": (
        "owner",
        "deal owner",
        "owner id",
        "hubspot owner id",
        "owner rep id",
        "opportunity owner",
        "potential owner",
        "lead owner",
        "sales agent",
        "sales rep",
        "rep",
        "assigned to",
    ),
    "product": ("product", "product name", "product id"),
    "region": ("region", "territory"),
    "country": ("country",),
    "industry": ("industry", "sector"),
    "team": ("team", "regional office"),
    "type": ("type", "deal type", "opportunity type", "lead type"),
    "source": (
        "source",
        "lead source",
        "origin",
        "original source",
        "analytics source",
        "sales channel",
        "channel",
        "utm source",
    ),
    "segment": ("segment", "business segment", "market segment"),
    "customer": (
        "customer id",
        "customer",
        "account id",
        "account",
        "account name",
        "company id",
        "company",
        "client id",
        "client",
        "cust",
        "contact id",
        "user id",
        "panelist id",
    ),
    "pipeline": ("pipeline", "pipeline id", "deal pipeline", "deal pipeline id"),
    "start": ("start", "start date", "started at", "started", "subscription start", "signup date"),
    "end": (
        "end",
        "end date",
        "ended at",
        "ended",
        "subscription end",
        "canceled at",
        "cancelled at",
        "cancellation date",
        "churn date",
        "churned at",
    ),
    "revenue": ("mrr", "monthly revenue", "monthly recurring revenue", "monthly charges"),
    "date": (
        "date",
        "order date",
        "invoice date",
        "purchase date",
        "transaction date",
        "sales date",
        "order purchase timestamp",
        "timestamp",
        "created time",
        "created at",
    ),
    "quantity": ("quantity", "qty", "units"),
    "price": ("unit price", "price each", "price per unit"),
    "order": (
        "order id",
        "invoice no",
        "invoice id",
        "invoice number",
        "order number",
        "trans id",
        "transaction id",
        "invoiceid",
        "salesorderid",
    ),
    "deleted": ("is deleted", "deleted", "fivetran deleted"),
    "is_won": ("is won", "closed won"),
    "is_closed": ("is closed",),
    "property": ("field", "property", "property name", "name"),
    "value": ("new value", "value"),
    "old": ("old value", "previous value"),
    "stage_id": ("stage id",),
    "label": ("label", "stage label"),
    "position": ("display order", "position", "sort order"),
    "merged": ("merged deal id",),
}
"""Key of a column -> the names it has in exports, as `plain` writes them; the first is best."""
GROUPS = (
    "owner",
    "source",
    "segment",
    "customer",
    "product",
    "region",
    "country",
    "industry",
    "team",
    "type",
)
"""Keys by which deals may be grouped."""
SETTINGS = ("won", "lost", "complete_from", "dates", "decimal")
"""Keys of `--map` that name no column."""
_ENTERED = re.compile(
    r"""^(?:propert(?:y|ies)[._])?hs_(?P<version>v2_)?date_entered_(?P<id>.+)$
    |^date[ ]entered[ ]["“'«]?(?P<name>.+?)["”'»]?$|^entered_(?P<plain>.+)$""",
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


def check_map(sheets: Sequence[Sheet], columns: Mapping[str, str]) -> None:
    """Refuse keys that there are not and columns that no file has.

    Raises
    ------
    SalessimError
    """
    known = {name for sheet in sheets for name in sheet.cells.column_names}
    problems = []
    for key, column in columns.items():
        if key not in NAMES and key not in SETTINGS:
            problems.append(
                f"--map {key}={column}: unknown key; {nearest(key, [*NAMES, *SETTINGS])}"
            )
        elif key in NAMES and column not in known:
            problems.append(
                f"--map {key}={column}: no file has that column; {nearest(column, sorted(known))}"
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
        found = (by_name[name] for name in names if name in by_name)
        column = next((one for one in found if one not in given), None)
        if key not in roles and column is not None:
            roles[key] = column
    if "deal" not in roles and "stage" in roles and (column := _by_name(sheet, "id")):
        roles["deal"] = column
    if {"deal", "at", "value"} <= roles.keys() and not {"stage", "to", "property"} & roles.keys():
        # a table of stages entered calls them values
        roles["to"] = roles["value"]
        roles = {key: column for key, column in roles.items() if key != "amount"}
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
        ("list", has("deal")),
        ("orders", has("date") and (has("customer") or bool(_by_name(sheet, "id")))),
    )
    return next((kind for kind, holds in checks if holds), "")


def _repeats(sheet: Sheet, column: str) -> bool:
    """Say whether values of a column stand in several rows, as in a history."""
    import pyarrow.compute as pc

    cells = sheet.cells.column(column)
    filled = len(cells) - cells.null_count
    distinct = int(pc.count_distinct(cells).as_py())
    return bool(filled > 0 and distinct < 0.95 * filled)


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
