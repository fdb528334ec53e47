"""One process or many? Whether owners (or other groups of deals) differ more than chance allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.config.words import nearest
from salessim.errors import SalessimError
from salessim.fit.groups.between import Difference
from salessim.fit.groups.estimates import conversion, time
from salessim.fit.groups.spread import Spread, spread_of_wins
from salessim.fit.groups.subjects import WHOLE, Subject, subjects
from salessim.fit.groups.words import sentence
from salessim.fit.history import Deals
from salessim.fit.visits import ADVANCE
from salessim.model.law import floats

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

HORIZON_DAYS = 365.0

HORIZON_DAYS = 365.0
COLUMNS = ("of", "what", "groups", "deals", "p", "p_holm", "sd", "sd_low", "sd_high", "factor")


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Groups of deals compared, in all conversions and times."""

    by: str
    table: pd.DataFrame
    """A row for each comparison: `of` (win rate or a stage), `what` (``conversion`` or ``time``),
    `groups`, `deals`, `p`, `p_holm` (Holm's correction for all of them), `sd`, `sd_low`, `sd_high`
    (between groups, on the log scale of odds or of time, 90 % interval), `factor` (exp sd)."""
    groups: pd.DataFrame
    """A row for each comparison and group: `of`, `what`, `group`, `deals`, `events`, `observed`
    with `low` and `high` (90 % interval; a share or days), `shrunken` with `shrunken_low` and
    `shrunken_high`, and `pooled`."""
    spread: Spread | None
    """None where there is nothing to forecast with."""
    unnamed: int
    """Deals that belong to no group; they are left out."""
    won: tuple[float, float]
    """Shares of the deals won: of those left out, and of the others; NaN of none. When they are
    far apart, the column may have been filled in when deals ended."""

    @property
    def sentence(self) -> str:
        """Say what was found, how large it is, and what it does to a forecast."""
        return sentence(self)

    def plot(self, ax: Axes | None = None, *, of: str = WHOLE, what: str = "conversion") -> Axes:
        """Draw the groups of one comparison: own and shrunken estimates, and the pooled one.

        Parameters
        ----------
        ax : Axes, optional
            A new figure when None, reached as ``.figure`` of the result.
        of : str
            ``win rate`` or a stage.
        what : str
            ``conversion`` or ``time``.

        Raises
        ------
        ValueError
            There is no such comparison.
        """
        from salessim.fit.groups.plot import caterpillar

        return caterpillar(self, of, what, ax)


def compare_groups(
    deals: Deals, by: str = "owner", *, horizon_days: float = HORIZON_DAYS
) -> Groups:
    """Compare groups of deals in their conversions and times, stage by stage and as a whole.

    What a visit could have shown by the end of the records is taken from the pooled Aalen-Johansen
    curves: young groups are not taken for slow ones, or for ones that win little. Visits already
    in progress at the beginning of the records help the curves only.

    Parameters
    ----------
    deals : Deals
        As known on a day.
    by : str
        Column of `Deals.table`.
    horizon_days : float
        How far ahead the spread of wins is asked for, > 0.

    Raises
    ------
    SalessimError
        The deals have no such column.
    """
    import pandas as pd

    group, names = _group_of(deals, by)
    # Records of the same length are compared by the same simulated chance.
    rng = np.random.default_rng(len(deals.moves))
    rows: list[dict[str, object]] = []
    parts: list[pd.DataFrame] = []
    spread = None
    compared = subjects(deals, group)
    for subject in compared:
        if (answer := conversion(subject, names, rng)) is not None:
            found, own = answer
            rows.append(_row(subject, "conversion", found, own))
            parts.append(own)
            if subject.name == WHOLE:
                share = float(own["pooled"].iloc[0])
                spread = spread_of_wins(subject, found, share, days=horizon_days)
        if (answer := time(subject, names)) is not None:
            rows.append(_row(subject, "time", *answer))
            parts.append(answer[1])
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS))
    table["p_holm"] = holm(floats(table["p"]))
    return Groups(
        by=by,
        table=table,
        groups=pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(),
        spread=spread,
        unnamed=int((group < 0).sum()),
        won=_won(compared[0]),
    )


def _won(whole: Subject) -> tuple[float, float]:
    """Return the share won of the deals of no group, and of the others."""
    won, named = whole.rows.outcome == ADVANCE, whole.group >= 0
    left_out, others = (
        float(won[some].mean()) if some.any() else math.nan for some in (~named, named)
    )
    return left_out, others


def holm(p: FloatArray) -> FloatArray:
    """Return p-values corrected for their number, so that one below 0.05 is rarely by chance.

    Holm 1979 (Scandinavian Journal of Statistics 6). NaN (nothing was tested) stays and is not
    counted.
    """
    result = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    result[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return result


def _group_of(deals: Deals, by: str) -> tuple[IntArray, list[str]]:
    """Return the group of each deal, numbered, and their names."""
    import pandas as pd

    columns = [name for name in deals.table.columns if name not in ("deal", "created")]
    if by not in columns:
        hint = nearest(by, columns, named="to group by")
        raise SalessimError(f'the deals of {deals.pipeline} have no "{by}": {hint}')
    codes, names = pd.factorize(deals.table[by], sort=True)
    return codes.astype(np.int64), [str(name) for name in names]


def _row(subject: Subject, what: str, found: Difference, own: pd.DataFrame) -> dict[str, object]:
    return {
        "of": subject.name, "what": what, "groups": len(own), "deals": int(own["deals"].sum()),
        "p": found.p, "sd": found.sd, "sd_low": found.low, "sd_high": found.high,
        "factor": float(np.exp(found.sd)),
    }  # fmt: skip
