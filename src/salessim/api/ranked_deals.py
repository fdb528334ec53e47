"""The open deals of a plan, ranked by what they add to the forecast and by their risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salessim.api.refusals import addressed
from salessim.config import Plan
from salessim.forecast.ranked_deals import COLUMNS, OLD, RISKS, STUCK, RankedDeals
from salessim.model.plan import Model, OpenDeals

if TYPE_CHECKING:
    import pandas as pd


def open_deals(plan: Plan) -> RankedDeals:
    """Rank the open deals of a plan: exact, nothing is simulated.

    The sum of their bookings is the mean of the forecast's origin ``open_deals``, without what
    the customers that they win will buy. Uncertain numbers stand at their middle values and shocks
    at their mean; a note says so.

    Parameters
    ----------
    plan : Plan
        Deals that it gives as counts are ranked in groups, one for each stage.

    Returns
    -------
    RankedDeals
        Without rows when no deal is open.

    Raises
    ------
    SalessimError
        The plan cannot be run.
    """
    from salessim.lowering.facts import checked_stage_entries

    model = plan.model
    with addressed(plan):
        checked_stage_entries(model)
        frame = _each(model)
    if "count" in plan.document.get("open_deals", {}):
        frame = _grouped(frame)
    return RankedDeals(
        frame=_ranked(frame),
        currency=model.currency,
        until=model.timeline.period_start(model.timeline.periods),
        notes=tuple(_notes(model)),
    )


def _each(model: Model) -> pd.DataFrame:
    """Return the deals as they were given, with all that does not compare them."""
    import pandas as pd

    from salessim.lowering.open_deals import prospects

    none = OpenDeals(
        ids=(), stages=(), age_days=np.zeros(0), amounts=np.zeros(0), buyer_is_new=np.zeros(0, bool)
    )
    deals, found = model.open_deals or none, prospects(model)
    where = [stage.partition(".")[::2] for stage in deals.stages]
    known = ~np.isnan(deals.amounts)
    means = {pipeline.name: pipeline.amount.mean for pipeline in model.pipelines}
    means_of = np.array([means[pipeline] for pipeline, _ in where], float)
    amounts = np.where(known, deals.amounts, means_of)
    return pd.DataFrame(
        {
            "deal": pd.Series(deals.ids, dtype="str"),
            "deals": np.ones(len(where), np.int64),
            "pipeline": pd.Series([pipeline for pipeline, _ in where], dtype="str"),
            "stage": pd.Series([stage for _, stage in where], dtype="str"),
            "age_days": deals.age_days,
            "amount": amounts,
            "amount_known": known,
            "bookings": found.won_in_time * amounts,
            "won_in_time": found.won_in_time,
            "won": found.won,
            "won_when_entered": found.won_when_entered,
            "outlived": found.outlived,
            "stuck": found.stuck,
            "never_closed": found.never_closed,
        }
    )


def _grouped(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row for the deals of each stage, which are alike."""
    stage = frame.groupby(["pipeline", "stage"], sort=False)
    groups = stage.first().reset_index()
    groups["deals"] = stage["deals"].sum().to_numpy()
    groups["bookings"] = stage["bookings"].sum().to_numpy()
    groups["deal"] = [
        "1 deal" if many == 1 else f"{many:,} deals" for many in groups["deals"].tolist()
    ]
    return groups


def _ranked(frame: pd.DataFrame) -> pd.DataFrame:
    total = float(frame["bookings"].sum())
    frame["share"] = frame["bookings"] / total if total else 0.0
    old = frame["outlived"] >= OLD
    probably_stuck = frame["never_closed"] >= STUCK
    frame["risk"] = np.select([probably_stuck, old], [RISKS[2], RISKS[1]], RISKS[0])
    by_risk = ["outlived", "never_closed", "amount"]
    frame = frame.sort_values(by_risk, ascending=False, kind="stable", ignore_index=True)
    frame["risk_rank"] = np.arange(1, len(frame) + 1)
    frame = frame.sort_values("bookings", ascending=False, kind="stable", ignore_index=True)
    frame["rank"] = np.arange(1, len(frame) + 1)
    return frame[list(COLUMNS)]


def _notes(model: Model) -> list[str]:
    notes = []
    deals = model.open_deals
    brings = any(source.kind == "customer" for source in model.sources)
    if model.customers and brings and deals is not None and deals.buyer_is_new.any():
        notes.append(
            "what the customers won from open deals buy or bring later is not counted here; where "
            "bookings are split by origin it counts as open deals too"
        )
    if model.uncertain or model.shocks:
        notes.append(
            "open deals are ranked with uncertain numbers at their middle values and shocks at "
            "their mean; the forecast averages over what else they may be"
        )
    return notes
