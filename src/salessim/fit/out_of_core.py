"""Histories larger than memory: reduced on disk to visits that stand for many each.

The extra ``duckdb`` reads a long table of stage changes, however long, sorts it on disk, and leaves
what a fit needs: how many visits to which stage ended how, after what time. Durations are put
together as fits do anyway (`salessim.fit.durations`): nothing that a fit sees is lost.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salessim.config.words import counted, nearest
from salessim.errors import SalessimError
from salessim.fit.history import Deals, Finding
from salessim.fit.moves_on_disk import clean, counted_visits, created, some_deals, tick
from salessim.fit.visits import Visits

if TYPE_CHECKING:
    import pandas as pd

ROLES = {"deal": ("deal",), "stage": ("to", "stage"), "at": ("at",), "amount": ("amount",)}
OPTIONAL = "amount"
"""What a column holds -> kinds of names by which `salessim.fit.reading` knows it."""
MEMORY = "2GB"
NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Reduced:
    """A history of one pipeline, reduced.

    Attributes
    ----------
    visits : Visits
        Equal ones together: `Visits.weight` says how many. Durations are the shortest of their
        kind, `Visits.entered` is the first of the month, `Visits.deal` -1.
    created : DataFrame
        `day`, `deals`: how many were created on each.
    open : Deals
        Deals in progress, a row each, with the move into the stage where they are.
    won : Deals
        Deals won, at most 100,000 of them, with the win and the amount last known.
    findings : tuple of Finding
        What was read and what was dropped.
    """

    visits: Visits
    created: pd.DataFrame
    open: Deals
    won: Deals
    findings: tuple[Finding, ...]


def reduce_moves(
    path: Path | str,
    *,
    stages: Sequence[str],
    columns: Mapping[str, str],
    as_of: date | None = None,
    complete_from: date | None = None,
    memory: str = MEMORY,
    scratch: Path | None = None,
) -> Reduced:
    """Reduce a long table of stage changes: a row says that a deal entered a stage.

    Equal to `visits` of the same moves, but that of moves of a deal at one time the earlier stage
    comes first.

    Parameters
    ----------
    path : path
        CSV (plain or compressed) or Parquet. Times as ``2027-01-31 13:45:00``, with or without
        the time of day.
    stages : sequence of str
        Open stages, in the order in which deals pass them.
    columns : mapping
        ``won``, ``lost`` -> the stages of deals won and lost, parted by commas; ``deal``,
        ``stage``, ``at``, ``amount`` -> names of columns, where they are not recognised: as
        `read_history` has it. Entries to other stages are dropped, and counted. Amounts are plain
        numbers; without the column nothing is known of them.
    as_of : date, optional
        Nothing after the end of this day is used; the last day in the table when not given.
    complete_from : date, optional
        Deals that ended before it are absent.
    memory : str
        What duckdb may use: ``"2GB"``. The rest is kept on disk.
    scratch : path, optional
        Folder for what is kept on disk: up to three times the table; the system's for temporary
        files when not given.

    Raises
    ------
    SalessimError
        duckdb is not installed; the file cannot be read, lacks a column, or holds no move.
    """
    duckdb = _duckdb()
    kinds = _kinds(stages, *(_parted(columns.get(end, "")) for end in ("won", "lost")))
    with tempfile.TemporaryDirectory(prefix="salessim-", dir=scratch) as folder:
        base = duckdb.connect(str(Path(folder) / "moves.duckdb"))
        try:
            base.execute("SET memory_limit = ?", [memory])
            base.execute("SET temp_directory = ?", [folder])
            base.execute("SET preserve_insertion_order = false")
            base.execute("SET TimeZone = 'UTC'")
            base.execute("SET enable_progress_bar = false")
            return _reduced(base, Path(path), kinds, tuple(stages), columns, as_of, complete_from)
        except duckdb.Error as error:
            raise SalessimError(f"{path}: {_first_line(error)}") from None
        finally:
            base.close()


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        raise SalessimError(
            "reducing a history on disk needs duckdb; install it: pip install salessim[duckdb]"
        ) from None
    return duckdb


def _parted(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]


def _kinds(stages: Sequence[str], won: Sequence[str], lost: Sequence[str]) -> list[tuple[str, int]]:
    """Return (name in small letters, number) of all stages; won and lost after the open ones."""
    count = len(stages)
    pairs = [(name, number) for number, name in enumerate(stages)]
    pairs += [(name, count) for name in won] + [(name, count + 1) for name in lost]
    kinds = [(name.strip().lower(), number) for name, number in pairs]
    if not stages or len({name for name, _ in kinds}) < len(kinds):
        raise SalessimError(
            "expected open stages, and stages of deals won and lost, each once; found "
            + (", ".join(f"`{name}`" for name, _ in pairs) or "none")
        )
    return kinds


def _reduced(
    base: Any,
    path: Path,
    kinds: list[tuple[str, int]],
    stages: tuple[str, ...],
    columns: Mapping[str, str],
    as_of: date | None,
    complete_from: date | None,
) -> Reduced:
    findings = _load(base, path, kinds, columns)
    last = base.execute("SELECT max(second) FROM moves").fetchone()[0]
    if last is None:
        raise SalessimError(
            f"{path}: none of its {counted(findings[0].count, 'row')} says when a deal entered "
            f"one of the stages {', '.join(stages)}"
        )
    day = as_of or date(1970, 1, 1) + timedelta(days=int(last // 86_400))
    until = 86_400 * ((day - date(1970, 1, 1)).days + 1)
    begin = None if complete_from is None else 86_400 * (complete_from - date(1970, 1, 1)).days
    reopened = clean(base, until, len(stages))
    seen = counted_visits(base, stages, (begin, until), tick(base), reopened)
    return Reduced(
        visits=seen,
        created=created(base),
        open=some_deals(base, stages, until, won=False),
        won=some_deals(base, stages, until, won=True),
        findings=findings,
    )


def _load(
    base: Any, path: Path, kinds: list[tuple[str, int]], columns: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Make the table ``moves``: deal, stage, second and amount; return what was read."""
    if not path.is_file():
        raise SalessimError(f"{path}: there is no such file")
    parquet = path.suffix == ".parquet"
    reader = "read_parquet(?)" if parquet else "read_csv(?, all_varchar = true)"
    names = base.execute(f"SELECT * FROM {reader} LIMIT 0", [str(path)])  # noqa: S608  # no input
    deal, stage, at, amount = _columns(path, [column[0] for column in names.description], columns)
    worth = f"source.{amount}" if amount else "NULL"
    base.execute("CREATE TABLE kinds (name VARCHAR, stage TINYINT)")
    base.executemany("INSERT INTO kinds VALUES (?, ?)", kinds)
    # Only names of columns of the file itself get into the text, as quoted identifiers.
    base.execute(
        f"""
        CREATE TABLE found AS
        SELECT CAST(source.{deal} AS VARCHAR) AS deal, kinds.stage AS stage,
            CAST(floor(epoch(TRY_CAST(source.{at} AS TIMESTAMP))) AS BIGINT) AS second,
            lower(trim(CAST(source.{stage} AS VARCHAR))) AS name,
            TRY_CAST({worth} AS DOUBLE) AS amount, CAST({worth} AS VARCHAR) IS NOT NULL
                AND TRY_CAST({worth} AS DOUBLE) IS NULL AS unread
        FROM {reader} AS source LEFT JOIN kinds
            ON lower(trim(CAST(source.{stage} AS VARCHAR))) = kinds.name
        """,  # noqa: S608
        [str(path)],
    )
    base.execute(
        """
        CREATE VIEW moves AS SELECT deal, stage, second, amount FROM found
        WHERE deal IS NOT NULL AND stage IS NOT NULL AND second IS NOT NULL
        """
    )
    return tuple(_findings(base, path.name))


def _findings(base: Any, name: str) -> Iterator[Finding]:
    """Yield how many rows were read, and which of them were not used, or not wholly."""
    rows, no_deal, no_time, other, unread = base.execute(
        """
        SELECT count(*), count(*) FILTER (deal IS NULL),
            count(*) FILTER (deal IS NOT NULL AND second IS NULL),
            count(*) FILTER (deal IS NOT NULL AND second IS NOT NULL AND stage IS NULL),
            count(*) FILTER (unread)
        FROM found
        """
    ).fetchone()
    strange = _others(base) if other else ""
    for what, reason, count in (
        ("read", "rows", rows),
        ("dropped", "no deal is named", no_deal),
        ("dropped", "the time is missing, or not like 2027-01-31 13:45:00", no_time),
        ("dropped", f"entry to a stage that is not asked for{strange}", other),
        ("noted", "the amount is no plain number such as 1234.56: taken as not known", unread),
    ):
        if count or what == "read":
            yield Finding(file=name, what=what, reason=reason, count=count)


def _others(base: Any) -> str:
    """Name stages that were not asked for, the most frequent first."""
    found = base.execute(
        "SELECT name FROM found WHERE stage IS NULL AND name IS NOT NULL "
        "GROUP BY name ORDER BY count(*) DESC, name LIMIT ?",
        [NAMED],
    ).fetchall()
    return f": {', '.join(f'`{name}`' for (name,) in found)}" if found else ""


def _columns(path: Path, there: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    """Return the columns of deal, stage, time and amount, as quoted identifiers.

    That of the amount is empty where there is none.
    """
    from salessim.fit.reading.names import NAMES
    from salessim.fit.reading.recognise import plain

    chosen = []
    for role, kinds in ROLES.items():
        asked = columns.get(role)
        if asked is not None and asked not in there:
            raise SalessimError(
                f"{path}: --map {role}={asked}: no such column; {nearest(asked, there)}"
            )
        known = [name for kind in kinds for name in NAMES[kind]]
        found = [name for name in there if plain(name) in known]
        found.sort(key=lambda name: known.index(plain(name)))  # used at once
        if asked is None and not found and role == OPTIONAL:
            chosen.append("")
            continue
        if asked is None and not found:
            raise SalessimError(
                f"{path}: no column of the {role} is recognised; say which it is: "
                f"--map {role}=COLUMN, one of {', '.join(f'`{name}`' for name in there)}"
            )
        chosen.append('"' + (asked or found[0]).replace('"', '""') + '"')
    return chosen
