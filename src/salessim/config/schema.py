"""The plan's schema: every table and key of the TOML file.

Attributes are what the keys are called in the file; the descriptions show up in editors.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
)

from salessim.config.laws import AmountLaw, TimeLaw
from salessim.config.numbers import (
    AnyAmount,
    AnyGrowth,
    AnyProbability,
    AnyRate,
    AnyVariance,
    above_zero,
)
from salessim.config.values import (
    Amount,
    Buyer,
    CampaignDay,
    CorrelationValue,
    Count,
    DateFormat,
    Day,
    Duration,
    Effect,
    GammaShape,
    Length,
    Period,
    Persistence,
    Probability,
    Table,
    Text,
    Whole,
)
from salessim.model.calendar import Span


def _one_or_each(value: Any) -> str:
    return "each" if isinstance(value, dict) else "all"


class Forecast(Table):
    """What is forecast: from when, how far, in which bins."""

    start: Day = Field(description="first day; midnight of it is time 0")
    horizon: Length = Field(description="a whole number of periods")
    period: Period = Field(
        default=Span(value=1.0, unit="month"),
        json_schema_extra={"default": "month"},
        description="reporting period: week, month, quarter or whole days",
    )
    trajectories: Annotated[Whole, Field(ge=1, le=2**32 - 1)] = 10_000
    seed: Annotated[Whole, Field(ge=0, le=2**64 - 1)] | None = None


class Sustainability(Table):
    """What the verdict is measured against."""

    need: AnyAmount | None = Field(default=None, description="money per month to be booked")
    past: Annotated[list[Amount], Field(min_length=12, max_length=12)] | None = Field(
        default=None, description="bookings of the last twelve months, oldest first"
    )
    span: Length = Field(
        default=Span(value=24.0, unit="month"),
        json_schema_extra={"default": "24 months"},
        description="simulated at least that long, 24 months or more",
    )
    self_sustaining: Probability = 0.9
    fragile: Probability = 0.5


class Slip(Table):
    """The expected close moves: the visit starts anew."""

    probability: AnyProbability = Field(description="per visit, whatever the conversion")
    by: TimeLaw = Field(description="after that time the visit starts anew")


class Stuck(Table):
    """Deals that never leave the stage."""

    share: AnyProbability = Field(description="of those that do not advance")


class NoDecision(Table):
    """The buyer decides for nobody."""

    share: AnyProbability = Field(description="of those that do not advance")
    after: TimeLaw


class Back(Table):
    """Deals sent back to an earlier stage."""

    share: AnyProbability = Field(description="of those that do not advance")
    to: Text = Field(description="name of a stage before this one")
    after: TimeLaw


class Parked(Table):
    """Deals put aside, which rest and re-enter."""

    share: AnyProbability = Field(description="of those that do not advance")
    to: Text = Field(description="name of the stage re-entered: this one or one before")
    after: TimeLaw = Field(description="time in the stage until it is put aside")
    rest: TimeLaw = Field(description="time from then until it re-enters")


class Stage(Table):
    """One room of a pipeline."""

    name: Text
    conversion: AnyProbability = Field(
        description="share of the deals entering that advance, slips aside"
    )
    cycle_time: TimeLaw | None = Field(default=None, description="none = instant")
    loss_time: TimeLaw | None = Field(default=None, description="default: cycle_time")
    slip: Slip | None = None
    stuck: Stuck | None = None
    no_decision: NoDecision | None = None
    back: Back | None = None
    parked: Parked | None = None


class Pipeline(Table):
    """Ordered stages; a deal that advances from the last one is won."""

    amount: AmountLaw = Field(description="what a won deal is worth")
    stages: Annotated[list[Stage], Field(min_length=1)]
    segment: Text | None = Field(
        default=None, description="segment of the customers that its wins make"
    )


class Source(Table):
    """Where deals are born."""

    kind: Literal["external", "customer"]
    pipeline: Text
    rate: AnyRate = Field(description="of a customer source: per active customer")
    growth: AnyGrowth = Field(default=0.0, json_schema_extra={"default": "0% per month"})
    season: Annotated[list[AnyAmount], Field(min_length=12, max_length=12)] | None = Field(
        default=None, description="twelve factors, January first"
    )
    starts: Day | None = Field(default=None, alias="from", description="first day with deals")
    ends: Day | None = Field(default=None, alias="until", description="first day without again")
    buyer: Buyer | None = Field(
        default=None, description='does a win make a new customer? default "new" if external'
    )
    campaign: dict[CampaignDay, AnyAmount] = Field(
        default_factory=dict, description="day = factor on the rate from that day on"
    )
    over_dispersion: AnyVariance = Field(
        default=0.0,
        description="of an external source: variance of the gamma factor of each calendar month",
    )
    segment: Text | None = Field(
        default=None, description="of a customer source: only these customers have it"
    )
    rate_shape: GammaShape | None = Field(
        default=None,
        description="of a customer source: customers have rates of their own, gamma distributed "
        "around `rate` with this shape; the smaller, the more they differ",
    )


class CustomerColumns(Table):
    """Which column of the file is what."""

    customer_id: Text | None = None
    since: Text | None = None
    segment: Text | None = None
    alive: Text | None = None


class Segment(Table):
    """A class of customers that stay equally long."""

    lifetime: TimeLaw | None = Field(default=None, description="default: that of [customers]")
    count: Count | None = None
    tenure: Duration | None = Field(default=None, description="of all in the segment, with count")


class HealthClass(Table):
    """Customers who answered a survey alike."""

    answers: Count = Field(description="how many answered so")
    churn: Annotated[AnyAmount, AfterValidator(above_zero)] = Field(
        default=1.0, description="factor on the hazard of leaving"
    )
    up_sell: AnyAmount = Field(
        default=1.0, description='factor on the rates of sources with buyer = "existing"'
    )
    referral: AnyAmount = Field(
        default=1.0, description='factor on the rates of customer sources with buyer = "new"'
    )


class Health(Table):
    """How customers feel, by a survey of those who are still here."""

    promoter: HealthClass
    passive: HealthClass
    detractor: HealthClass


class Customers(Table):
    """Who already buys, and how long a customer stays."""

    lifetime: TimeLaw | None = Field(
        default=None, description="required, but where each segment has its own"
    )
    count: Count | None = Field(default=None, description="without segments")
    tenure: Duration | None = Field(default=None, description="of all, with count")
    file: Text | None = Field(default=None, description="CSV, CSV.gz, Parquet, or NAME.xlsx#Sheet")
    columns: CustomerColumns = CustomerColumns()
    date_format: DateFormat | None = None
    segments: dict[str, Segment] = Field(default_factory=dict)
    health: Health | None = None


class DealColumns(Table):
    """Which column of the file is what."""

    id: Text | None = None
    stage: Text | None = None
    entered: Text | None = None
    amount: Text | None = None
    closed: Text | None = Field(default=None, description="the file is then read as of the start")


class OpenDeals(Table):
    """Deals in progress at the start."""

    count: dict[str, Count] | None = Field(
        default=None, description='deals by stage: "pipeline.stage" = 60'
    )
    age: Duration | None = Field(default=None, description="of all, with count; default 0 days")
    file: Text | None = Field(default=None, description="CSV, CSV.gz, Parquet, or NAME.xlsx#Sheet")
    columns: DealColumns = DealColumns()
    stages: dict[str, Text] = Field(
        default_factory=dict, description='stage in the file = "pipeline.stage" or "ignore"'
    )
    date_format: DateFormat | None = None
    buyer: Annotated[
        Annotated[Buyer, Tag("all")] | Annotated[dict[str, Buyer], Tag("each")],
        Discriminator(_one_or_each),
    ] = Field(default="new", description="of all, or a table by pipeline")


class Curve(Table):
    """A factor on conversion or pace within some dates."""

    target: Text = Field(
        description="pipelines.NAME.stages.STAGE.conversion or .pace, or pipelines.NAME.conversion "
        "or .pace for all its stages"
    )
    starts: Day = Field(alias="from", description="first day with the factor")
    ends: Day | None = Field(
        default=None,
        alias="until",
        description="first day without it; default: the next curve of the target, else never",
    )
    factor: AnyAmount = Field(
        description="on the odds of advancing (above 0), or on the speed of time (2 = twice as "
        "fast, 0 = standstill)"
    )


Effects = Annotated[
    Annotated[Effect, Tag("all")] | Annotated[dict[str, Effect], Tag("each")],
    Discriminator(_one_or_each),
]


class Shock(Table):
    """What moves the whole business: a level, normal by month; effects are on the log scale."""

    persistence: Persistence = Field(
        default=0.0, description="correlation of a month's level with the next month's"
    )
    leads: Effects = Field(
        default=0.0, description="on the rates of all external sources, or by source"
    )
    conversion: Effects = Field(
        default=0.0, description="on the odds of advancing in all pipelines, or by pipeline"
    )
    pace: Effects = Field(
        default=0.0, description="on the speed of deals in all pipelines, or by pipeline"
    )
    amount: Effects = Field(
        default=0.0, description="on the amounts won in all pipelines, or by pipeline"
    )
    churn: Effects = Field(
        default=0.0, description="on the hazard of leaving of all customers, or by segment"
    )


class Records(Table):
    """What the plan was measured from, and how that was read; `backtest` reads it so again."""

    files: Annotated[list[Text], Field(min_length=1)] | None = Field(
        default=None, description="exports, beside the plan; a run needs none of them"
    )
    as_of: Day | None = Field(
        default=None, description="the files tell everything up to the end of this day"
    )
    columns: dict[str, Text] = Field(
        default_factory=dict, description="which column is what, as --map: key = column"
    )
    stages: Annotated[list[Text], Field(min_length=1)] | None = Field(
        default=None, description="open stages in the order in which deals pass them"
    )
    half_life: Annotated[Duration, AfterValidator(above_zero)] | None = Field(
        default=None, description="after so long a visit counts half"
    )


class Document(Table):
    """A plan for salessim."""

    extends: Text | None = Field(default=None, description="the plan this one is put on top of")
    title: Text = ""
    currency: Text = "USD"
    forecast: Forecast
    sustainability: Sustainability = Field(default_factory=Sustainability)
    pipelines: Annotated[dict[str, Pipeline], Field(min_length=1)]
    sources: dict[str, Source] = Field(default_factory=dict)
    curves: list[Curve] = Field(default_factory=list)
    customers: Customers | None = None
    open_deals: OpenDeals | None = None
    shocks: dict[str, Shock] = Field(default_factory=dict)
    correlation: dict[str, dict[str, CorrelationValue]] = Field(
        default_factory=dict,
        description="what goes together: two uncertain numbers by their addresses, or two shocks "
        'as "shocks.NAME"; what is not named has correlation 0',
    )
    targets: dict[str, Amount] = Field(
        default_factory=dict,
        description='bookings to be reached: "2027Q2" = 1_200_000; also "2027", "2027-03", '
        '"2027-W05", "total"',
    )
    records: Records | None = None
    scenarios: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description='what differs, by scenario: "sources.outbound.rate" = "80 per month"',
    )
