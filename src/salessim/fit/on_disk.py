"""A plan of a history larger than memory: reduced on disk, then fitted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from salessim.config.words import found
from salessim.errors import SalessimError
from salessim.fit.amounts import fit_amount
from salessim.fit.fit import Fitted
from salessim.fit.history import Deals, History
from salessim.fit.leads import Leads
from salessim.fit.names import plain
from salessim.fit.out_of_core import MEMORY, Reduced, reduce_moves
from salessim.fit.pipelines import fit_visits
from salessim.fit.sources import fit_sources, silent_pipelines
from salessim.fit.told import Told

NEVER = "none"
"""What `--map complete_from` is when no deal is absent."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is fitted, and how: as `fit_history` has it."""

    horizon: str = "12 months"
    half_life: float | None = None
    families: Sequence[str] | None = None
    currency: str = "USD"


def fit_on_disk(
    path: Path | str,
    *,
    stages: Sequence[str],
    columns: Mapping[str, str],
    as_of: date | None = None,
    wanted: Wanted | None = None,
    memory: str = MEMORY,
) -> Fitted:
    """Measure the stages and the rate of deals in a table too large for memory.

    Parameters
    ----------
    path, stages, as_of, memory
        As `reduce_moves` has them.
    columns : mapping
        As `reduce_moves` has it; ``complete_from`` -> the day before which deals that ended are
        absent, or ``none``.
    wanted : Wanted, optional

    Raises
    ------
    SalessimError
        As `reduce_moves` and `fit_history` do.
    """
    reduced = reduce_moves(
        path, stages=stages, columns=columns, as_of=as_of,
        complete_from=_complete_from(columns), memory=memory,
    )  # fmt: skip
    with Path(path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    told = Told(files=(Path(path),), columns=columns, stages=tuple(stages), as_of=None)
    return replace(
        fit_reduced(
            reduced, complete_from=_complete_from(columns), wanted=wanted or Wanted(),
            files=((Path(path).name, digest),), told=told,
        ),
        asked_as_of=as_of,
    )  # fmt: skip


def fit_reduced(
    reduced: Reduced,
    *,
    complete_from: date | None,
    wanted: Wanted,
    files: tuple[tuple[str, str], ...] = (),
    told: Told | None = None,
) -> Fitted:
    """Fit what a history was reduced to; the plan's open deals are those of the history."""
    (name,), names = plain([reduced.open.pipeline]), tuple(plain(reduced.open.stages))
    still, won = (
        replace(deals, pipeline=name, stages=names) for deals in (reduced.open, reduced.won)
    )
    pipeline = fit_visits(
        replace(reduced.visits, stages=names), fit_amount(won),
        until=np.datetime64(still.until), half_life=wanted.half_life, families=wanted.families,
    )  # fmt: skip
    sources = fit_sources([_leads(reduced, still, complete_from)])
    return Fitted(
        history=History(deals=(still,), findings=reduced.findings, files=files, told=told),
        as_of=still.until.date() - timedelta(days=1),
        horizon=wanted.horizon,
        currency=wanted.currency,
        pipelines=(pipeline,),
        sources=sources,
        customers=None,
        remarks=silent_pipelines([name], sources),
        half_life=wanted.half_life,
    )


def _leads(reduced: Reduced, deals: Deals, complete_from: date | None) -> Leads:
    """Return when deals were created: a day each, which is all that rates need."""
    import pandas as pd

    days = reduced.created
    begin = pd.Timestamp(complete_from or days["day"].iloc[0] + pd.Timedelta(days=1))
    return Leads(
        pipeline=deals.pipeline,
        name="leads",
        at=days["day"].repeat(days["deals"].tolist()).reset_index(drop=True),
        source=None,
        begin=begin,
        until=deals.until,
    )


def _complete_from(columns: Mapping[str, str]) -> date | None:
    said = columns.get("complete_from", NEVER)
    if said == NEVER:
        return None
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise SalessimError(
            f"--map complete_from: expected a day such as 2027-01-31, or none; found {found(said)}"
        ) from None
