"""From files to a history: the outline of reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salessim.config.csv_text import TableError
from salessim.errors import SalessimError
from salessim.fit.history import Deals, History
from salessim.fit.reading.book import Book
from salessim.fit.reading.cells import Cells
from salessim.fit.reading.customers import orders_of, subscriptions_of
from salessim.fit.reading.deals import Asked, deals_of
from salessim.fit.reading.frames import entries, id_column, records, stage_tables
from salessim.fit.reading.ledger import FILE, ROW, Ledger
from salessim.fit.reading.recognise import Recognised, check_map, recognise
from salessim.fit.reading.tables import Sheet, load
from salessim.fit.reading.truncation import complete_from, quiet_since
from salessim.fit.told import Told, told

if TYPE_CHECKING:
    import pandas as pd

    from salessim.config import Plan

_LONG = ("moves", "properties", "wide")


def read_history(
    paths: Sequence[Path | str] = (),
    *,
    columns: Mapping[str, str] | None = None,
    stages: Sequence[str] | None = None,
    as_of: date | None = None,
    today: date | None = None,
    plan: Plan | None = None,
) -> History:
    """Read exports of a company into a history.

    Parameters
    ----------
    paths : sequence of path
        CSV (plain or gzipped), Parquet or Excel files; several are joined by the deals' ids.
    columns : mapping, optional
        `--map`: key of a column -> its name; `won` and `lost` -> stages, parted by commas;
        `complete_from` -> a date or ``none``; `dates` -> ``DMY`` or ``MDY``; `decimal` -> ``.``
        or ``,``.
    stages : sequence of str, optional
        The open stages in order; entries to others are left out.
    as_of : date, optional
        The records tell everything up to the end of this day; the day of their last event
        when it is not given.
    today : date, optional
        Events after it cannot have happened; the day of the computer's clock when it is not given.
    plan : Plan, optional
        Says in `[records]` what is not said here: files and `as_of`, columns key by key, stages.
        Its `as_of` is of its own files, not of `paths`.

    Raises
    ------
    SalessimError
        When a file cannot be read or understood, with the remedy.
    """
    ledger = Ledger()
    said = told(paths, columns=columns or {}, stages=stages, as_of=as_of, plan=plan)
    sheets, files = _load(said, ledger)
    check_map(sheets, said)
    tables = [recognise(sheet, said.columns) for sheet in sheets]
    cells = Cells(tables, said, ledger)
    limit = _midnight_after(today or datetime.now(tz=UTC).date())
    _check_as_of(said, limit)
    asked = Asked(told=said, limit=limit)
    deals = _deals(tables, cells, asked, ledger)
    orders = orders_of(tables, cells, ledger, limit)
    subscriptions = subscriptions_of(tables, cells, ledger, limit)
    _say_nothing(tables, ledger, found=bool(deals or orders or subscriptions))
    ends = [part.until for part in (*deals, orders, subscriptions) if part is not None]
    until = _midnight_after(said.as_of or max(ends).date())
    if said.as_of is not None and max(ends) >= until:
        ledger.note(0, f"events after {said.as_of}: they are not used in what is known on that day")
    return History(
        deals=tuple(_finished(one, until, said, ledger) for one in deals),
        orders=None if orders is None else replace(orders, until=until),
        subscriptions=None if subscriptions is None else replace(subscriptions, until=until),
        findings=ledger.findings(),
        files=tuple(files),
        told=said,
    )


def _load(said: Told, ledger: Ledger) -> tuple[list[Sheet], list[tuple[str, str]]]:
    """Read all files; say all that cannot be read."""
    sheets: list[Sheet] = []
    files = []
    problems: list[str] = []
    for path in said.files:
        if "files" in said.places and path.exists() and not (path.is_file() or path.is_dir()):
            # who types it may read a pipe; a plan of others names no device without an end
            problems.append(said.of_file(f"{path} is no file but a device or a pipe"))
            continue
        try:
            sha256, found = load(path, ledger)
        except (TableError, SalessimError) as error:
            problems += map(said.of_file, error.args)
            continue
        sheets += found
        files.append((path.name, sha256))
        problems += [f"{one.name} has a header and no rows" for one in found if not len(one.rows)]
    if not said.files:
        problems.append("no file is given")
    if problems:
        raise SalessimError(*problems)
    return sheets, files


def _deals(tables: Sequence[Recognised], cells: Cells, asked: Asked, ledger: Ledger) -> list[Deals]:
    """Read all tables of deals and put them together."""
    import pandas as pd

    long = [entries(table, cells, ledger) for table in tables if table.kind in _LONG]
    if not long and not any(table.kind == "list" for table in tables):
        return []
    kinds = {"deal": "str", "stage": "str", "at": "datetime64[us]", FILE: "int64", ROW: "int64"}
    none = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    events = pd.concat(long, ignore_index=True) if long else none
    book = Book.of(events, _records(tables, cells, ledger, events["deal"]), ledger)
    _clean(book, tables, cells, asked.limit)
    labels = {
        one
        for frame in (book.events, *book.records)
        for column in ("stage", "from")
        if column in frame
        for one in frame[column].dropna().unique()
    }
    return deals_of(book, stage_tables(tables, cells, labels), asked)


def _records(
    tables: Sequence[Recognised], cells: Cells, ledger: Ledger, ids: Any
) -> list[pd.DataFrame]:
    """Read the records of deals, each by the column that holds the ids of the others."""
    lists = [table for table in tables if table.kind in ("list", "wide")]
    if not len(ids) and len(lists) > 1:
        # the longest list says what a deal is
        main = max(lists, key=lambda table: len(table.sheet.rows))
        ids = cells.text(main, "deal") if main.has("deal") else ids
    datable = any(table.kind in _LONG or table.has("created") for table in tables)
    if lists and not datable:
        raise SalessimError(*(_lacks_creation(table) for table in lists))
    found = []
    reference = ids.drop_duplicates()
    for table in lists:
        column = id_column(table, reference) if len(reference) else None
        if len(reference) and column is None and len(tables) > 1:
            ledger.say(
                table.sheet.file,
                "dropped",
                "no column holds the ids of the other files",
                table.sheet.rows,
            )
            continue
        found.append(records(table, cells, ledger, column))
    return found


def _lacks_creation(table: Recognised) -> str:
    names = table.sheet.cells.column_names
    return (
        f"{table.sheet.name}: no column tells when deals were created, so nothing tells how long "
        f"they took; say which: --map created=COLUMN; columns: {', '.join(names)}"
    )


def _clean(book: Book, tables: Sequence[Recognised], cells: Cells, limit: pd.Timestamp) -> None:
    """Drop what cannot be: duplicates, merged deals, events that have yet to come."""
    events = book.events
    whole = [name for name in ("deal", "stage", "at", "from", "amount") if name in events]
    long = [table.sheet.file for table in tables if table.kind in ("moves", "properties")]
    again = events.duplicated(whole) & events[FILE].isin(long)
    book.drop_events(again, "duplicate of an earlier row")
    book.drop_events(book.events["at"] >= limit, "dated in the future")
    for table in tables:
        if table.kind == "merged":
            merged = book.names.get_indexer(cells.text(table, "merged").dropna().unique())
            book.drop_deals(merged[merged >= 0], "merged into another deal")
        if table.kind == "pipelines":
            names = dict(
                zip(cells.text(table, "pipeline"), cells.text(table, "label"), strict=True)
            )
            for frame in (book.events, *book.records):
                if "pipeline" in frame:
                    frame["pipeline"] = frame["pipeline"].map(names).fillna(frame["pipeline"])
    for one in book.records:
        if "created" in one:
            book.drop_deals(one["deal"][one["created"] >= limit], "created in the future")


def _say_nothing(tables: Sequence[Recognised], ledger: Ledger, *, found: bool) -> None:
    """Say which tables hold nothing of use; refuse when none does.

    Raises
    ------
    SalessimError
    """
    for table in tables:
        if table.kind == "":
            ledger.say(
                table.sheet.file,
                "dropped",
                "tells of no deals, orders or subscriptions: left out",
                table.sheet.rows,
            )
        elif table.kind in ("stages", "pipelines", "merged"):
            ledger.note(table.sheet.file, f"read as the table of {table.kind}")
    if found:
        return
    dropped = [one for one in ledger.findings() if one.what == "dropped"]
    problems = [
        f"{table.sheet.name}: expected a history of stages, a list of deals, orders or "
        "subscriptions; say which column is what: --map deal=COLUMN, stage, at (or created, "
        f"closed), or customer, date, amount; columns: {', '.join(table.sheet.cells.column_names)}"
        for table in tables
        if table.kind == ""
    ]
    problems += [
        f"{one.file}: {one.count:,} rows dropped: {one.reason}"
        for one in dropped
        if "left out" not in one.reason
    ]
    raise SalessimError(*(problems or ["there is no deal, order or subscription in what was read"]))


def _finished(deals: Deals, until: pd.Timestamp, said: Told, ledger: Ledger) -> Deals:
    """Say from when to when the deals are complete."""
    created = deals.table["created"].to_numpy()
    last = quiet_since(created, until)
    if last is not None:
        ledger.note(
            0,
            f"no deal was created after {last.date()}, though the records go on to the day before "
            f"{until.date()}: closings after it may be planned ones, and new deals be left out of "
            f"the export (--as-of {last.date()} looks at neither)",
        )
    if "complete_from" in said.columns:
        return replace(deals, until=until, complete_from=_begin(said))
    closings = deals.moves[deals.moves["stage"] >= deals.won].groupby("deal")["at"].min()
    ended = closings.reindex(deals.table.index).to_numpy(dtype="datetime64[us]")
    start = complete_from(created, ended, until)
    if start is not None:
        earlier = int((deals.table["created"] < start).sum())
        ledger.note(
            0,
            f"no deal closed before {start.date()} although {earlier:,} were created before: "
            "deals that ended earlier are taken as absent from the export "
            "(--map complete_from=none if they are not)",
            earlier,
        )
    return replace(deals, until=until, complete_from=start)


def _begin(said: Told) -> pd.Timestamp | None:
    """Read what `--map complete_from` says."""
    import pandas as pd

    given = said.columns["complete_from"]
    if given.lower() == "none":
        return None
    try:
        return pd.Timestamp(date.fromisoformat(given))
    except ValueError:
        raise SalessimError(
            f"{said.of_column('complete_from')}: expected a date such as 2026-01-31, or none"
        ) from None


def _check_as_of(said: Told, limit: pd.Timestamp) -> None:
    """Refuse a day that has yet to come: the time until then would pass for one without events.

    Raises
    ------
    SalessimError
    """
    import pandas as pd

    # where the sun rises first it is tomorrow already
    if said.as_of is not None and _midnight_after(said.as_of) > limit + pd.Timedelta(days=1):
        last = (limit - pd.Timedelta(days=1)).date()
        raise SalessimError(
            f"{said.of_as_of}: {said.as_of} has yet to come; records tell nothing after today, "
            f"{last}: choose that day or one before it"
        )


def _midnight_after(day: date) -> pd.Timestamp:
    import pandas as pd

    return pd.Timestamp(day) + pd.Timedelta(days=1)
