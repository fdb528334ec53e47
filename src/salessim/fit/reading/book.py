"""Everything read about deals, table by table, until it is put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.fit.reading.ledger import FILE, ROW, Ledger

if TYPE_CHECKING:
    import pandas as pd

_TIMES = ("created", "closed", "won_at", "lost_at")


def by_time(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table in order of `deal` and `at`; rows of one moment stay as they are."""
    deal, at = frame["deal"].to_numpy(), frame["at"].to_numpy()
    if ((deal[1:] > deal[:-1]) | ((deal[1:] == deal[:-1]) & (at[1:] >= at[:-1]))).all():
        return frame.reset_index(drop=True)
    order = np.lexsort((at, deal))
    return frame.iloc[order].reset_index(drop=True)


@dataclass
class Book:
    """Entries to stages and records of deals; what is dropped, is dropped everywhere.

    Attributes
    ----------
    events : DataFrame
        `deal` (number), `stage`, `at`, and what else `frames.entries` found; empty without
        histories.
    records : list of DataFrame
        `frames.records`, one of each table; `deal` is a number here too.
    names : Index of str
        The id of each deal, by its number.
    in_order : bool
        Whether the rows of each deal are in the order of time, or against it, in the files.
    """

    events: pd.DataFrame
    records: list[pd.DataFrame]
    names: pd.Index[str]
    ledger: Ledger
    in_order: bool = True

    @classmethod
    def of(cls, events: pd.DataFrame, records: list[pd.DataFrame], ledger: Ledger) -> Book:
        """Give each deal a number: texts are slow to compare."""
        import pandas as pd

        frames = [events, *records]
        codes, names = pd.factorize(pd.concat([one["deal"] for one in frames], ignore_index=True))
        parts = np.split(codes, np.cumsum([len(one) for one in frames])[:-1])
        events, *records = (one.assign(deal=part) for one, part in zip(frames, parts, strict=True))
        return cls(events, records, pd.Index(names), ledger)

    def drop_deals(self, ids: Any, reason: str) -> None:
        """Drop all rows of some deals, given by their numbers."""
        if not len(ids):
            return
        self.events = self.ledger.drop(self.events, self.events["deal"].isin(ids), reason)
        self.records = [
            self.ledger.drop(one, one["deal"].isin(ids), reason) for one in self.records
        ]

    def drop_events(self, these: Any, reason: str) -> None:
        """Drop some entries; rows of wide tables are records and stay."""
        self.events = self.ledger.drop(self.events, these, reason)

    def tell(self, ids: Any, what: str, reason: str) -> None:
        """Say something of some deals: with the rows of the first table that has them."""
        for frame in [*self.records, self.events.drop_duplicates("deal")]:
            these = frame["deal"].isin(ids)
            self.ledger.tell(frame, these, what, reason)
            ids = ids[~np.isin(ids, frame["deal"][these])]
            if not len(ids):
                return

    def known(self) -> pd.DataFrame:
        """Return one row for each deal of the records, by its id: the first that is known.

        `created` is the earliest; `amount_at` is when the table that has the amount began to
        know the deal.
        """
        import pandas as pd

        joined = pd.DataFrame(index=pd.Index([], dtype="int64", name="deal"))
        created: list[pd.Series] = []
        for one in self.records:
            frame = one.drop(columns=[FILE, ROW]).set_index("deal")
            if "created" in frame:
                created.append(frame["created"])
                frame = frame.assign(amount_at=frame["created"])
            if "amount" not in frame:
                frame = frame.drop(columns="amount_at", errors="ignore")
            joined = frame if joined.empty else joined.combine_first(frame)
        if "created" in self.events:
            created.append(self.events.set_index("deal")["created"].dropna())
        if created:
            earliest = pd.concat(created).groupby(level=0).min()
            joined = joined.reindex(joined.index.union(earliest.index))
            joined["created"] = earliest.reindex(joined.index)
        for name in _TIMES:
            if name not in joined:
                joined[name] = pd.Series(pd.NaT, index=joined.index, dtype="datetime64[us]")
        return joined
