"""Open deals ranked: what each adds to the forecast, and how its age stands against its stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from salessim.forecast.summary import safe_cell
from salessim.readable import percent, rounded

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

OLD = 0.9
"""Share of a stage's visits that have ended by the age from which on a deal is old."""
STUCK = 0.5
"""Probability to never close from which on a deal is probably stuck."""
RISKS = ("in its usual time", "older than most", "probably stuck")
"""In the words of documents, the worst last."""
COLUMNS = (
    "rank",
    "deal",
    "deals",
    "pipeline",
    "stage",
    "age_days",
    "amount",
    "amount_known",
    "bookings",
    "share",
    "won_in_time",
    "won",
    "won_when_entered",
    "outlived",
    "stuck",
    "never_closed",
    "risk",
    "risk_rank",
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RankedDeals:
    """The open deals of a plan, what adds most to the forecast first.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row for each deal, or for each group of deals that were given as a count; columns as in
        `COLUMNS`:

        - ``rank``, ``risk_rank``: from 1; by ``bookings``, and by ``outlived``, where two are
          equal by ``never_closed``, then by ``amount``;
        - ``deal``: its id, or the group in words; ``deals``: how many there are in the row;
        - ``age_days``: since the stage was entered; ``amount``: of each deal, in currency units,
          the mean of its pipeline's law unless ``amount_known``;
        - ``bookings``: expected within the horizon, of all deals of the row together; ``share``:
          of the bookings of all rows;
        - ``won_in_time``, ``won``: probability to be won within the horizon, and at all;
          ``won_when_entered``: at all, for a deal that enters the stage at the start;
        - ``outlived``: share of the visits to its stage that ever end which have ended by its age;
        - ``stuck``, ``never_closed``: probability to be stuck already, and to get stuck here or
          in a later stage;
        - ``risk``: one of `RISKS`.
    currency : str
    until : datetime.date
        First day after the horizon.
    notes : tuple of str
        What a reader must know, a sentence each.
    """

    frame: pd.DataFrame
    currency: str
    until: date
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of deals."""
        return int(self.frame["deals"].sum())

    @property
    def bookings(self) -> float:
        """Expected bookings of all of them within the horizon, in currency units."""
        return float(self.frame["bookings"].sum())

    def sentences(self) -> list[str]:
        """Say what the ranking comes to."""
        if not self.count:
            return ["No deal is open at the start."]
        frame = self.frame
        open_deals = "1 open deal" if self.count == 1 else f"{self.count:,} open deals"
        money = f"{rounded(self.bookings)} {self.currency}"
        said = [f"{open_deals}: expected to book {money} before {self.until:%-d %B %Y}."]
        for risk, why in (
            (RISKS[2], f"never close with a probability of {percent(STUCK)} or more"),
            (RISKS[1], f"are older than {percent(OLD)} of the visits to their stage that end"),
        ):
            those = frame[frame["risk"] == risk]
            many = int(those["deals"].sum())
            if many:
                share = percent(float(those["share"].sum()))
                who = "others" if len(said) > 1 else "of them"
                said.append(f"{many:,} {who} {why}; they carry {share} of these bookings.")
        return said

    def to_csv(self, path: str | Path) -> None:
        """Write the frame, names that a spreadsheet would take for formulas quoted.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        shown = self.frame.copy()
        for column in ("deal", "pipeline", "stage"):
            shown[column] = shown[column].map(safe_cell)
        shown.to_csv(path, index=False, lineterminator="\n", float_format="%.6g")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what adds most to the forecast, coloured by its risk."""
        from salessim.forecast.ranked_deals_plot import draw

        return draw(self, ax)

    def _repr_html_(self) -> str:
        from salessim.forecast import notebook_studies

        return notebook_studies.ranked_deals(self)

    def __repr__(self) -> str:
        return f"RankedDeals({self.count:,} deals, {rounded(self.bookings)} {self.currency})"
