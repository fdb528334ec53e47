"""The many shapes of exports as two tables: entries to stages, and what is known of each deal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.errors import SalessimError
from salessim.fit.reading.cells import Cells
from salessim.fit.reading.ledger import CELL, FILE, ROW, Ledger
from salessim.fit.reading.names import GROUPS
from salessim.fit.reading.outcomes import Known
from salessim.fit.reading.recognise import Recognised, cells_as_text, plain

if TYPE_CHECKING:
    import pandas as pd

_STAGE_PROPERTIES = ("dealstage", "deal stage", "stage name", "stagename", "stage")
_TIMES = ("created", "closed", "won_at", "lost_at")
_FLAGS = ("is_won", "is_closed")


def entries(table: Recognised, cells: Cells, ledger: Ledger) -> pd.DataFrame:
    """Return the entries to stages of a history.

    Returns
    -------
    DataFrame
        `deal`, `stage`, `at`, and where the table has them `from`, `created` and what `records`
        has; an amount alone has no stage.
    """
    if table.kind == "wide":
        return _wide(table, cells, ledger)
    frame = cells.frame(table)
    frame["deal"] = cells.text(table, "deal")
    if table.kind == "properties":
        frame = _properties(frame, table, cells, ledger)
    else:
        frame["stage"] = cells.text(table, "to" if table.has("to") else "stage")
        frame["at"] = cells.times(table, table.roles["at"])
        if table.has("from"):
            frame["from"] = cells.text(table, "from")
        if table.has("created") and table.roles["created"] != table.roles["at"]:
            frame["created"] = cells.times(table, table.roles["created"])
        frame = _beside(frame, table, cells)
    if table.has("deleted"):
        frame = ledger.drop(frame, cells.truth(table, "deleted"), "deleted in the CRM")
    frame = ledger.drop(frame, frame["deal"].isna(), "no id of a deal")
    if table.kind != "properties":
        frame = ledger.drop(frame, frame["stage"].isna(), "no stage")
    return ledger.drop(frame, frame["at"].isna(), "no date")


def _beside(frame: pd.DataFrame, table: Recognised, cells: Cells) -> pd.DataFrame:
    """Add what histories and records have in common."""
    for key in ("pipeline", *GROUPS):
        if table.has(key):
            frame[key] = cells.text(table, key)
    for key in _FLAGS:
        if table.has(key):
            frame[key] = cells.truth(table, key)
    if table.has("amount"):
        frame["amount"] = cells.money(table, "amount")
    return frame


def _properties(
    frame: pd.DataFrame, table: Recognised, cells: Cells, ledger: Ledger
) -> pd.DataFrame:
    """Keep the changes of the stage and of the amount in a history of all properties."""
    import pandas as pd
    import pyarrow as pa

    from salessim.fit.reading.money import parse_money

    named = cells.text(table, "property")
    simple = named.fillna("").map(plain)
    is_stage, is_amount = simple.isin(_STAGE_PROPERTIES), simple.eq("amount")
    if not is_stage.any():
        raise SalessimError(
            f"{table.sheet.name}: {table.roles['property']}: no row tells of a stage; expected "
            f"`dealstage` or `StageName`, found {', '.join(named.dropna().unique()[:5])}"
        )
    frame["at"] = cells.times(table, table.roles["at" if table.has("at") else "created"])
    value = cells.text(table, "value")
    frame["stage"] = value.where(is_stage)
    if table.has("old"):
        frame["from"] = cells.text(table, "old").where(is_stage)
    amounts = pa.chunked_array([pa.array(value.where(is_amount), pa.string(), from_pandas=True)])
    frame["amount"] = parse_money(amounts).numbers
    frame = ledger.drop(frame, ~(is_stage | is_amount), "tells neither of a stage nor of an amount")
    empty = frame["stage"].isna() & pd.isna(frame["amount"])
    return ledger.drop(frame, empty, "no value")


def _wide(table: Recognised, cells: Cells, ledger: Ledger) -> pd.DataFrame:
    """Return an entry for each date entered; the rows themselves are those of `records`."""
    import pandas as pd

    deal = _ids(table)
    frame = cells.frame(table)
    parts = []
    for column, stage in table.entered.items():
        part = frame.assign(deal=deal, stage=stage, at=cells.times(table, column), **{CELL: True})
        parts.append(part[part["at"].notna() & part["deal"].notna()])
    ledger.note(
        table.sheet.file, "a deal that came back to a stage shows one of its visits there only"
    )
    return pd.concat(parts, ignore_index=True)


def records(
    table: Recognised, cells: Cells, ledger: Ledger, ids: str | None = None
) -> pd.DataFrame:
    """Return what a table knows of each deal, a row each.

    Parameters
    ----------
    ids : str, optional
        The column of the deals' ids when another file decides it.

    Returns
    -------
    DataFrame
        `deal` and, where the table has them, `created`, `closed`, `won_at`, `lost_at`, `stage`,
        `amount`, `pipeline`, `is_won`, `is_closed` and the keys of `GROUPS`.
    """
    frame = cells.frame(table)
    frame["deal"] = _ids(table, ids)
    for key in _TIMES:
        if table.has(key):
            frame[key] = cells.times(table, table.roles[key])
    if table.has("stage"):
        frame["stage"] = cells.text(table, "stage")
    frame = _beside(frame, table, cells)
    if table.has("deleted"):
        frame = ledger.drop(frame, cells.truth(table, "deleted"), "deleted in the CRM")
    frame = ledger.drop(frame, frame["deal"].isna(), "no id of a deal")
    whole = [name for name in frame if name != ROW]
    frame = ledger.drop(frame, frame.duplicated(whole), "duplicate of an earlier row")
    return ledger.drop(frame, frame.duplicated("deal"), "the deal's id stands in an earlier row")


def _ids(table: Recognised, column: str | None = None) -> Any:
    """Return the deals' ids: where no column has them, each row is a deal."""
    import pandas as pd

    if column is None and not table.has("deal"):
        return pd.Series([f"row {row}" for row in table.sheet.rows], dtype="str")
    cell = table.sheet.cells.column(column or table.roles["deal"])
    return pd.Series(cells_as_text(cell).to_pandas(), dtype="str")


def id_column(table: Recognised, reference: Any) -> str | None:
    """Return the column whose values are the ids of a history's deals; None when none is.

    Parameters
    ----------
    reference : Series of str
        The ids of the history.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pa.array(reference.dropna(), pa.string())
    best, column = 0.0, None
    for name in table.sheet.cells.column_names:
        if name != table.roles.get("deal") and not plain(name).endswith(("id", "deal", "lead")):
            continue
        ids = pc.drop_null(cells_as_text(table.sheet.cells.column(name)))
        share = pc.mean(pc.is_in(ids, value_set=known)).as_py() or 0.0
        if share > best:
            best, column = share, name
    return column


def stage_tables(tables: Sequence[Recognised], cells: Cells, labels: set[str]) -> Known:
    """Return what tables of stages say of the stages that the records name.

    Parameters
    ----------
    labels : set of str
        Stages as the records name them: ids or labels.
    """
    names: dict[str, str] = {}
    outcomes: dict[str, str] = {}
    places: dict[str, float] = {}
    for table in tables:
        if table.kind != "stages":
            continue
        ids, label = cells.text(table, "stage_id"), cells.text(table, "label")
        label = label.fillna(ids)
        names |= {one: str(text) for one, text in zip(ids, label, strict=True) if one in labels}
        if table.has("is_closed") and table.has("is_won"):
            won, closed = cells.truth(table, "is_won"), cells.truth(table, "is_closed")
            words = np.where(won, "won", np.where(closed, "lost", "open"))
            outcomes |= dict(zip(label, map(str, words), strict=True))
        if table.has("position"):
            places |= dict(zip(label, cells.money(table, "position"), strict=True))
    used = set(names.values()) | set(labels)
    return Known(
        labels=names,
        outcomes={one: word for one, word in outcomes.items() if one in used},
        positions={one: at for one, at in places.items() if one in used and np.isfinite(at)},
    )


def flagged(frames: Sequence[pd.DataFrame]) -> dict[str, str]:
    """Return the outcome of each stage by the flags beside it: won, closed.

    A flag that differs between rows of one stage says nothing of the stage.
    """
    import pandas as pd

    found = [one[["stage", *_FLAGS]] for one in frames if {"stage", *_FLAGS} <= set(one.columns)]
    if not found:
        return {}
    both = pd.concat(found, ignore_index=True).dropna(subset=["stage"])
    shares = both.groupby("stage")[list(_FLAGS)].mean()
    won, closed = shares["is_won"], shares["is_closed"]
    sure = won.isin([0.0, 1.0]) & closed.isin([0.0, 1.0])
    words = np.where(won == 1.0, "won", np.where(closed == 1.0, "lost", "open"))
    return dict(zip(shares.index[sure], map(str, words[sure.to_numpy()]), strict=True))


def file_of(frame: pd.DataFrame) -> int:
    """Return the number of the file of a table's first row."""
    return int(frame[FILE].iloc[0])
