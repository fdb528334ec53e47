"""By what deals may be grouped: columns that were filled in before their outcome was known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.fit.reading.book import Book
from salessim.fit.reading.names import GROUPS

if TYPE_CHECKING:
    import pandas as pd

CHANCE = 1e-6
"""Open deals must lack a value more often than this allows before it counts as filled later."""


def groups_of(
    book: Book, table: pd.DataFrame, closing: pd.Series, columns: Mapping[str, str]
) -> dict[str, pd.Series]:
    """Return the columns by which deals may be grouped, by id.

    A column that open deals (or deals lost, against those won) lack more often than chance
    allows was filled in later: it tells of the outcome and is left out, unless `--map` names it.

    Parameters
    ----------
    table : DataFrame
        The records of the deals, by number.
    closing : Series
        When each closed deal closed, by number.
    """
    found = {}
    # histories repeat them in every row: the first row says what was known at the beginning
    first = book.events.drop_duplicates("deal").set_index("deal").reindex(table.index)
    for key in GROUPS:
        if key not in table and key not in first:
            continue
        values = table[key] if key in table else first[key]
        if _filled_later(values, table.index.isin(closing.index)):
            taken = key in columns
            book.tell(
                table.index[values.isna()].to_numpy(),
                "noted",
                f"no {key}, as open deals more often than closed ones: filled in later; "
                + (
                    "taken, as --map says"
                    if taken
                    else f"no group is made of it (--map {key}=COLUMN takes it all the same)"
                ),
            )
            if not taken:
                continue
        found[key] = values
    return found


def _filled_later(values: pd.Series, closed: Any) -> bool:
    """Say whether open deals lack a value more often than chance (Fisher's exact test)."""
    from scipy.stats import fisher_exact

    missing = values.isna().to_numpy()
    if not missing.any() or closed.all() or not closed.any():
        return False
    table = [
        [int((missing & ~closed).sum()), int((~missing & ~closed).sum())],
        [int((missing & closed).sum()), int((~missing & closed).sum())],
    ]
    return bool(fisher_exact(np.array(table), alternative="greater").pvalue < CHANCE)
