"""Sheets of how deals move and where they come from: pipelines, stages, sources, curves."""

from __future__ import annotations

from salessim.config.cells import DAY, GROWTH, NUMBER, PER_MONTH, SHARE
from salessim.config.sheets import MONTH_NAMES, Column, Key, Position, SheetPlan, law_columns


def _pipeline(what: str) -> Column:
    return Column(
        header="Pipeline",
        help=f"{what}: a name of the sheet Pipelines. Example: new_business",
        choices="Pipelines!A",
        width=16,
    )


_STAGE = Column(
    header="Stage",
    help="The stage: a name of the sheet Stages. Example: proposal",
    choices="Stages!B",
    width=16,
)
_SHARE = "of the deals that do not advance, 0 to 1 or percent. Example: 5%"

PIPELINES = SheetPlan(
    name="Pipelines",
    base=("pipelines", Key(0)),
    keys=(Column(header="Pipeline", help="Its name. Example: new_business", width=18),),
    columns=(
        *law_columns("Amount", ("amount",), "What a won deal is worth", money=True),
        Column(
            header="Open deals make",
            help="Whether a win of a deal that is open at the start makes a new customer (new) or "
            "not (existing). Default: new",
            path=("open_deals", "buyer"),
            above=("open_deals", "buyer", Key(0)),
            choices="buyer",
        ),
        Column(
            header="Segment",
            help="The segment of the customers that its wins make, when the plan has segments",
            path=("segment",),
            choices="Customers!A",
        ),
    ),
)
STAGES = SheetPlan(
    name="Stages",
    base=("pipelines", Key(0), "stages", Position.NEXT),
    keys=(
        _pipeline("The pipeline; its stages stand in the order deals pass them"),
        Column(header="Stage", help="Its name. Example: proposal", path=("name",), width=16),
    ),
    columns=(
        Column(
            header="Conversion",
            help="Share of the deals entering that advance (from the last stage: are won), 0 to 1 "
            "or percent. Example: 60%. Not known for sure: 40% .. 50%, or counted: "
            "{ beta = [91, 111] } after 90 of 200",
            kind=SHARE,
            path=("conversion",),
            width=20,
        ),
        *law_columns(
            "Cycle time", ("cycle_time",), "How long deals that advance take; empty: no time"
        ),
        *law_columns(
            "Loss time", ("loss_time",), "How long lost deals take; empty: as the cycle time"
        ),
        Column(
            header="Stuck share",
            help=f"Deals that never leave: {_SHARE}",
            kind=SHARE,
            path=("stuck", "share"),
            width=9,
        ),
        Column(
            header="No decision share",
            help=f"Buyers who decide for nobody: {_SHARE}",
            kind=SHARE,
            path=("no_decision", "share"),
            width=13,
        ),
        *law_columns("No decision", ("no_decision", "after"), "When that is known"),
        Column(
            header="Slip chance",
            help="Chance that the expected close moves and the visit starts anew, 0 to 1 or "
            "percent. Example: 20%",
            kind=SHARE,
            path=("slip", "probability"),
            width=9,
        ),
        *law_columns("Slip", ("slip", "by"), "By how much it moves"),
    ),
)
RETURNS = SheetPlan(
    name="Returns",
    base=("pipelines", Key(0), "stages", Position.NAMED, Key(2)),
    keys=(
        _pipeline("The pipeline"),
        _STAGE,
        Column(
            header="Way",
            help="back: sent to an earlier stage; parked: rests, then comes again",
            choices="way",
            width=10,
        ),
    ),
    columns=(
        Column(header="Share", help=f"How many: {_SHARE}", kind=SHARE, path=("share",), width=9),
        Column(
            header="To",
            help="The stage they come to. Example: qualified",
            path=("to",),
            choices="Stages!B",
            width=16,
        ),
        *law_columns("After", ("after",), "Time in the stage until then"),
        *law_columns("Rest", ("rest",), "Of parked deals: time until they come again"),
    ),
)
SOURCES = SheetPlan(
    name="Sources",
    base=("sources", Key(0)),
    keys=(Column(header="Source", help="Its name. Example: outbound", width=16),),
    columns=(
        Column(
            header="Kind",
            help="external: nobody who buys already has a part in it; customer: each active "
            "customer starts such deals",
            path=("kind",),
            choices="kind",
            width=10,
        ),
        Column(
            header="Pipeline",
            help="Where its deals go: a name of the sheet Pipelines",
            path=("pipeline",),
            choices="Pipelines!A",
            width=16,
        ),
        Column(
            header="Rate (per month)",
            help="New deals: a number per month, or a text with another time: 1 per 180 days. Of "
            "kind customer: per active customer. Not known for sure: 58 .. 84",
            kind=PER_MONTH,
            path=("rate",),
            width=20,
        ),
        Column(
            header="Growth (per month)",
            help="Of the rate, compounded from the start. Example: 1%, or 10% per year as text",
            kind=GROWTH,
            path=("growth",),
        ),
        Column(
            header="Buyer",
            help="Does a win make a new customer? new or existing. Default of external: new",
            path=("buyer",),
            choices="buyer",
            width=10,
        ),
        Column(header="From", help="First day with deals", kind=DAY, path=("from",)),
        Column(header="Until", help="First day without again", kind=DAY, path=("until",)),
        Column(
            header="Over-dispersion",
            help="Of kind external: variance of the luck of each month beside chance. Example: "
            "0.02 (14% up or down)",
            kind=NUMBER,
            path=("over_dispersion",),
            width=11,
        ),
        Column(
            header="Rate shape",
            help="Of kind customer: how alike customers are; the smaller, the more they differ. "
            "Example: 1.5. Empty: all have the same rate",
            kind=NUMBER,
            path=("rate_shape",),
            width=8,
        ),
        Column(
            header="Segment",
            help="Of kind customer: only these customers have it",
            path=("segment",),
            choices="Customers!A",
        ),
        *(
            Column(
                header=month,
                help="Season: factor on the rate in this month; all twelve or none. Example: 1.1",
                kind=NUMBER,
                path=("season", at),
                width=5.5,
            )
            for at, month in enumerate(MONTH_NAMES)
        ),
    ),
)
CAMPAIGNS = SheetPlan(
    name="Campaigns",
    base=("sources", Key(0), "campaign", Key(1)),
    keys=(
        Column(header="Source", help="A name of the sheet Sources", choices="Sources!A", width=16),
        Column(header="From", help="The day from which the factor holds", kind=DAY),
    ),
    columns=(
        Column(
            header="Factor",
            help="On the rate from that day until the next row of the source. Example: 1.4, later "
            "1 again",
            kind=NUMBER,
        ),
    ),
)
CURVES = SheetPlan(
    name="Curves",
    base=("curves", Position.NEXT),
    columns=(
        Column(
            header="Target",
            help="What changes: pipelines.NAME.conversion or .pace, or of one stage: "
            "pipelines.NAME.stages.STAGE.conversion or .pace",
            path=("target",),
            width=56,
        ),
        Column(header="From", help="First day with the factor", kind=DAY, path=("from",)),
        Column(
            header="Until",
            help="First day without it; empty: the next row of the target, else never",
            kind=DAY,
            path=("until",),
        ),
        Column(
            header="Factor",
            help="On the odds of advancing, or on the speed (2 = twice as fast). Example: 1.15",
            kind=NUMBER,
            path=("factor",),
        ),
    ),
)
