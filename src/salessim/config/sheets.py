"""What the sheets of a plan in a workbook are made of, and the sheets of single settings.

Reading (`config.workbook`) and writing (`api.plan_workbook`) go by these, and by the sheets of
`config.flow_sheets` and `config.list_sheets`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from salessim.config.cells import ANY, DAY, DAYS, MONTHS, NUMBER, TEXT, Kind, Quantity
from salessim.config.problems import Path

ABOUT = "About"
NOTE = "Note"
"""Of every sheet the last column: never read."""
UNREAD = (ABOUT,)
UNREAD_START = "_"
"""Sheets whose names begin so are not read: for calculations of one's own."""
CUSTOMER_LIST, DEAL_LIST = "Customer list", "Deal list"
LISTS = {CUSTOMER_LIST: "customers", DEAL_LIST: "open_deals"}
"""Sheets that stand for a data file, and the table of the plan whose `file` they are."""
CHOICES = {
    "kind": ("external", "customer"),
    "buyer": ("new", "existing"),
    "period": ("month", "week", "quarter"),
    "way": ("back", "parked"),
    "law": (
        *("fixed", "exponential", "lognormal", "gamma", "weibull", "loglogistic", "lomax"),
        *("uniform", "triangular", "pert"),
    ),
}
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LAW_KEYS: dict[str, tuple[str, ...]] = {
    "exponential": ("mean",),
    "lognormal": ("median", "sigma"),
    "gamma": ("mean", "shape"),
    "weibull": ("scale", "shape"),
    "loglogistic": ("median", "shape"),
    "lomax": ("scale", "shape"),
}
"""Laws of one or two keys: what the two columns behind a law's name say."""
LAW_LISTS = ("uniform", "triangular", "pert")
"""Laws whose values stand in one cell: ``4 .. 12 .. 50``."""


@dataclass(frozen=True)
class Key:
    """A part of a path: what a key column says."""

    column: int


class Position(Enum):
    """A part of a path that is a position in a list."""

    NEXT = "behind the last row of the same list"
    NAMED = "that of the stage which the second key column names"


Part: TypeAlias = str | Key | Position


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a sheet.

    Attributes
    ----------
    header : str
    help : str
        Its unit and an example: the comment on the header.
    kind : Kind
    path : tuple
        The key of the plan, from the table or value that the row stands for.
    law : {"", "name", "value", "spread"}
        Which of the three columns of a law it is; they share the path.
    choices : str
        A list of `CHOICES`, or ``"Sheet!A"`` for what stands in a column.
    width : float
        In characters.
    above : tuple
        The table that the path starts from, when it is not the row's.
    """

    header: str
    help: str
    kind: Kind = TEXT
    path: Path = ()
    law: str = ""
    choices: str = ""
    width: float = 12.0
    above: tuple[Part, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class SheetPlan:
    """A sheet of rows: its key columns come first, one row for each table or value of the plan.

    Attributes
    ----------
    name : str
    base : tuple
        The path of what a row stands for.
    keys : tuple of Column
        Must be filled in each row, but where ``optional``.
    columns : tuple of Column
    joined : bool
        Whether the key columns say one key together: ``pipeline.stage``.
    optional : bool
        Whether the last key may be empty; the row then stands for the table above.
    """

    name: str
    base: tuple[Part, ...]
    keys: tuple[Column, ...] = ()
    columns: tuple[Column, ...] = field(default=())
    joined: bool = False
    optional: bool = False

    @property
    def is_entry(self) -> bool:
        """Whether a row stands for one value, which its one column says."""
        return len(self.columns) == 1 and self.columns[0].path == ()

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The key columns, the others, and the note."""
        note = Column(header=NOTE, help="Your words; not read", width=40)
        return (*self.keys, *self.columns, note)


def law_columns(title: str, path: Path, what: str, *, money: bool = False) -> tuple[Column, ...]:
    """Return the three columns of a law: its name, its middle and its spread."""
    unit = "" if money else " (days)"
    shown = "money" if money else 'days, or a text with a unit such as "2 weeks"'
    example = ("12000", "8000 .. 20000") if money else ("14", "4 .. 12 .. 50")
    value: Quantity = NUMBER if money else DAYS
    return (
        Column(
            header=f"{title} law",
            help=f"{what}: the law. lognormal: most are near the middle, a few far above; "
            "exponential: no memory; weibull: the chance to end grows with age when the spread is "
            "above 1; fixed; uniform, triangular, pert: by their ends. Any other law of the plan "
            "as TOML: { burr = { scale = ..., shape = ..., tail = ... } }",
            kind=ANY,
            path=path,
            law="name",
            choices="law",
            width=14,
        ),
        Column(
            header=f"{title}{unit}",
            help=f"{what}: the median (lognormal, loglogistic), mean (exponential, gamma), scale "
            f"(weibull, lomax) or value (fixed), in {shown}. Example: {example[0]}. "
            "Not known for sure: its ends, one in twenty lies below and one above, as in 12 .. 18. "
            f"uniform, triangular, pert: least .. likeliest .. most, as in {example[1]}",
            kind=value,
            path=path,
            law="value",
            width=18,
        ),
        Column(
            header=f"{title} spread",
            help=f"{what}: sigma (lognormal: 0.5 is moderate, 1 is wide) or shape (gamma, weibull, "
            "loglogistic, lomax). Without unit. Example: 0.7",
            kind=NUMBER,
            path=path,
            law="spread",
            width=11,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A row of the sheet `FORECAST`: its label, and the key of the plan that its value says."""

    label: str
    path: Path
    help: str
    kind: Kind = TEXT
    choices: str = ""


FORECAST = "Forecast"
SETTINGS = (
    Setting(label="Title", path=("title",), help="A name for the plan"),
    Setting(label="Currency", path=("currency",), help="Three letters, such as USD"),
    Setting(
        label="Start",
        path=("forecast", "start"),
        help="The first day; its midnight is time 0",
        kind=DAY,
    ),
    Setting(
        label="Horizon (months)",
        path=("forecast", "horizon"),
        help='A whole number of periods; other units as text: "52 weeks"',
        kind=MONTHS,
    ),
    Setting(
        label="Period",
        path=("forecast", "period"),
        help='month, week, quarter, or whole days as text: "30 days"',
        choices="period",
    ),
    Setting(
        label="Trajectories",
        path=("forecast", "trajectories"),
        help="Possible futures to simulate; more = smoother quantiles",
        kind=NUMBER,
    ),
    Setting(
        label="Seed",
        path=("forecast", "seed"),
        help="Same plan and seed, same numbers; empty: drawn and recorded",
        kind=NUMBER,
    ),
    Setting(
        label="Need per month",
        path=("sustainability", "need"),
        help="Money that must be booked in a month; the verdict is measured against it",
        kind=NUMBER,
    ),
    Setting(
        label="Age of open deals (days)",
        path=("open_deals", "age"),
        help="Of the deals counted on the sheet Open deals; empty: 0",
        kind=DAYS,
    ),
    Setting(
        label="Extends",
        path=("extends",),
        help="Another plan that this one is put on top of: a file beside this one",
    ),
)
MORE = "More"
FORECAST_SHEET = SheetPlan(
    name=FORECAST,
    base=(),
    keys=(Column(header="Setting", help="What is set; the names are fixed", width=26),),
    columns=(
        Column(header="Value", help="Yours; the note says what it may be", kind=ANY, width=24),
    ),
)
MORE_SHEET = SheetPlan(
    name=MORE,
    base=(),
    keys=(
        Column(
            header="Key",
            help="Any other key of the plan, as after --set. Example: customers.columns.since",
            width=58,
        ),
    ),
    columns=(
        Column(
            header="Value",
            help="A number, a date, a text, a .. b, or TOML: [1, 2], { p05 = 1, p95 = 2 }",
            kind=ANY,
            width=40,
        ),
    ),
)
