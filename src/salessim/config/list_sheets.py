"""Sheets of who buys, what is open, what may happen, and what is asked; and all sheets in order."""

from __future__ import annotations

from salessim.config.cells import ANY, DAYS, NUMBER, SPAN
from salessim.config.flow_sheets import CAMPAIGNS, CURVES, PIPELINES, RETURNS, SOURCES, STAGES
from salessim.config.sheets import Column, Key, SheetPlan, law_columns

CUSTOMERS = SheetPlan(
    name="Customers",
    base=("customers", "segments", Key(0)),
    optional=True,
    keys=(
        Column(
            header="Segment",
            help="A class of customers who stay equally long; empty: all customers",
            width=16,
        ),
    ),
    columns=(
        Column(
            header="Count",
            help="How many there are at the start; empty when they stand in a list",
            kind=NUMBER,
            path=("count",),
            width=9,
        ),
        Column(
            header="Tenure (days)",
            help="How long they have been customers, when all are counted; empty: not known",
            kind=DAYS,
            path=("tenure",),
            width=14,
        ),
        *law_columns("Lifetime", ("lifetime",), "How long a customer stays"),
        Column(
            header="File",
            help="A list of customers in a file: customers.csv, or crm.xlsx#Sheet1. Empty: the "
            "sheet Customer list, if it has rows",
            path=("file",),
            width=18,
        ),
    ),
)
OPEN_DEALS = SheetPlan(
    name="Open deals",
    base=("open_deals", "count", Key(0)),
    joined=True,
    keys=(
        Column(
            header="Pipeline",
            help="A name of the sheet Pipelines",
            choices="Pipelines!A",
            width=16,
        ),
        Column(header="Stage", help="A name of the sheet Stages", choices="Stages!B", width=16),
    ),
    columns=(
        Column(
            header="Count",
            help="Deals in this stage at the start, when they are not listed one by one",
            kind=NUMBER,
        ),
    ),
)
DEAL_STAGES = SheetPlan(
    name="Deal stages",
    base=("open_deals", "stages", Key(0)),
    keys=(
        Column(
            header="In the list",
            help="A stage as the list of deals calls it. Example: Qualified (2)",
            width=22,
        ),
    ),
    columns=(
        Column(
            header="Stage",
            help="What it is here: pipeline.stage, or ignore to skip such deals. Example: "
            "new_business.proposal",
            width=30,
        ),
    ),
)
TARGETS = SheetPlan(
    name="Targets",
    base=("targets", Key(0)),
    keys=(
        Column(
            header="Span",
            help="What is to be reached when: 2027, 2027Q2, 2027-03, 2027-W05 or total",
            kind=SPAN,
        ),
    ),
    columns=(Column(header="Bookings", help="Money. Example: 1200000", kind=NUMBER, width=16),),
)


def _effect(header: str, path: str, what: str, each: str) -> Column:
    return Column(
        header=header,
        help=f"Effect of one standard deviation on {what}, on the log scale: 0.10 is about 10%. "
        f"For some only: {{ {each} = 0.08 }}",
        kind=NUMBER,
        path=(path,),
        width=20,
    )


SHOCKS = SheetPlan(
    name="Shocks",
    base=("shocks", Key(0)),
    keys=(Column(header="Shock", help="Its name. Example: economy", width=16),),
    columns=(
        Column(
            header="Persistence",
            help="Correlation of a month's level with the next month's, from 0 to below 1. "
            "Example: 0.9",
            kind=NUMBER,
            path=("persistence",),
        ),
        _effect("Leads", "leads", "the rates of external sources", "outbound"),
        _effect("Conversion", "conversion", "the odds of advancing", "new_business"),
        _effect("Pace", "pace", "the speed of deals", "new_business"),
        _effect("Amount", "amount", "the amounts won", "new_business"),
        _effect("Churn", "churn", "the hazard of leaving", "small"),
    ),
)
CORRELATION = SheetPlan(
    name="Correlation",
    base=("correlation", Key(0), Key(1)),
    keys=(
        Column(
            header="One",
            help="An uncertain number by its key, or a shock: sources.inbound.rate, shocks.economy",
            width=44,
        ),
        Column(header="Other", help="Another one", width=44),
    ),
    columns=(Column(header="Correlation", help="From -1 to 1", kind=NUMBER),),
)
SCENARIOS = SheetPlan(
    name="Scenarios",
    base=("scenarios", Key(0), Key(1)),
    optional=True,
    keys=(
        Column(header="Scenario", help="Its name, the same in each of its rows", width=22),
        Column(
            header="Key",
            help="What differs from the plan: sources.NAME.rate, "
            "pipelines.NAME.stages.STAGE.conversion, ...",
            width=58,
        ),
    ),
    columns=(
        Column(
            header="Value",
            help="A number, or a text with its unit: 50 per month; 30%; 40% .. 50%",
            kind=ANY,
            width=40,
        ),
    ),
)
SHEETS = (
    *(PIPELINES, STAGES, RETURNS, SOURCES, CAMPAIGNS, CURVES, CUSTOMERS, OPEN_DEALS),
    *(DEAL_STAGES, TARGETS, SHOCKS, CORRELATION, SCENARIOS),
)
"""All sheets of rows, in their order."""
