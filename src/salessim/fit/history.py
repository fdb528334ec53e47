"""What a company's records say, whatever they were exported from: the one form all fits read.

Reading makes a `History`; `known_on` cuts it back to what was known at the end of a day; every
fit, picture and back-test starts from such a cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from salessim.fit.told import Told


@dataclass(frozen=True, kw_only=True)
class Deals:
    """Deals of one pipeline, and when each entered which stage.

    Times are naive ``datetime64`` in the clock of the records. A stage is a number: 0 to
    ``len(stages) - 1`` the open stages in order, `won` and `lost` after them.
    """

    pipeline: str
    stages: tuple[str, ...]
    """Names of the open stages, in the order in which deals pass them."""
    table: pd.DataFrame
    """A row for each deal, numbered from 0: `deal` (text) and `created`; then, as categories and
    only where the records have them, `owner`, `source`, `segment`, `customer` and whatever else
    deals may be grouped by."""
    moves: pd.DataFrame
    """Entries to stages: `deal` (row of `table`), `stage`, `at`; in order of deal, then of time.
    The first move of a deal is its entry to a stage; staying in a stage is no move."""
    amounts: pd.DataFrame
    """What a deal was known to be worth: `deal`, `at` (from when on), `amount` (> 0 or 0); in
    order of deal, then of time. A value filled in at closing stands at the closing."""
    complete_from: pd.Timestamp | None
    """Deals that ended before this moment are absent (left truncation); None = none are."""
    until: pd.Timestamp
    """The moment up to which the records tell everything."""

    @property
    def won(self) -> int:
        """Return the number of the stage of deals won."""
        return len(self.stages)

    @property
    def lost(self) -> int:
        """Return the number of the stage of deals lost."""
        return len(self.stages) + 1


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Purchases of customers, one row each: `customer` (text), `at`, `amount` (NaN = not known)."""

    table: pd.DataFrame
    until: pd.Timestamp
    known_from: pd.Timestamp
    """Orders before it are absent; who bought before may look like a new customer."""


@dataclass(frozen=True, kw_only=True)
class Subscriptions:
    """Contracts of customers, one row each.

    Columns `customer` (text), `start`, `end` (NaT = still running), `revenue` (per month, NaN =
    not known), and categories such as `segment`.
    """

    table: pd.DataFrame
    until: pd.Timestamp


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that reading met: how often, and in which rows of which file."""

    file: str
    what: str
    """``read``, ``repaired``, ``dropped`` or ``noted``."""
    reason: str
    """In words: ``closed before it was created: taken as closed on the day of creation``."""
    count: int
    rows: tuple[int, ...] = ()
    """Rows of the file (its header is row 1), at most the first 20."""


@dataclass(frozen=True, kw_only=True)
class History:
    """All that was read."""

    deals: tuple[Deals, ...] = ()
    """One entry for each pipeline."""
    orders: Orders | None = None
    subscriptions: Subscriptions | None = None
    findings: tuple[Finding, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    """(name, sha256) of what was read."""
    told: Told | None = None
    """How it was read, where it was read of files."""
