"""Where everything stands on a process map: inches from the left and from the top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from salessim.charts.style import BLUE, FLOW_COLOURS, ORANGE, plain_label, text_width, wrap
from salessim.charts.visits import brief, outcomes
from salessim.model.calendar import DAYS_PER_MONTH
from salessim.model.plan import Model, Pipeline, Source, Stage
from salessim.readable import percent, rounded

MARGIN = 0.25
SOURCE_WIDTH, SOURCE_HEIGHT, SOURCE_STEP = 1.65, 0.46, 0.56
STAGE_WIDTH, STAGE_HEIGHT, STAGE_GAP = 1.45, 0.78, 0.92
WON_WIDTH, PEOPLE_WIDTH, PEOPLE_GAP = 1.3, 1.6, 0.75
TITLE_HEIGHT, LANE_TITLE, LANE_GAP, RAIL_HEIGHT = 0.75, 0.42, 0.3, 0.3
LEVEL, EXIT_STEP, EXIT_TOP = 0.36, 0.19, 0.26
FOOT, FOOT_STEP = 0.12, 0.19
"""From a stage's edge to the next arc's foot, and between two feet."""
NOTE = 7.5
"""Points of the letters beside arrows."""
MOST_IN_ROW = 4
"""Stages beside each other; more are shared out over rows, or the letters would be tiny."""
ROW_GAP = 0.4
MOST_SOURCES = 4
"""Sources of a kind that a pipeline shows; those that bring least are drawn as one."""


@dataclass(frozen=True, kw_only=True)
class Feeder:
    """A box at the left of a pipeline: a source, or the smallest of them together."""

    name: str
    pace: str
    is_external: bool
    y: float
    """Its middle."""


class _WayBack(NamedTuple):
    """A loop before it has a place: stages by their index."""

    outcome: str
    label: str
    leaves: int
    enters: int
    to: str


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A way back, drawn as an arc above the stages."""

    outcome: str
    label: str
    leaves: float
    enters: float
    label_left: float
    level: int
    """Height of the arc, lowest 1."""


@dataclass(frozen=True, kw_only=True)
class Exit:
    """A branch below a stage: what leaves the pipeline, or goes back to a stage of another row."""

    outcome: str
    label: str
    ends: bool
    """Whether the deals get out: stuck ones do not."""

    @property
    def lines(self) -> int:
        """Lines of the label."""
        return self.label.count("\n") + 1


@dataclass(frozen=True, kw_only=True)
class Row:
    """Stages beside each other."""

    stages: tuple[Stage, ...]
    x: tuple[float, ...]
    """Left edge of each stage."""
    middle: float
    """Of the stages' boxes."""
    bottom: float
    loops: tuple[Loop, ...]
    exits: tuple[tuple[Exit, ...], ...]
    """By stage."""

    @property
    def right(self) -> float:
        """Where the arrow on from the last stage ends."""
        return self.x[-1] + STAGE_WIDTH + STAGE_GAP


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A pipeline from left to right, in rows when it is long."""

    pipeline: Pipeline
    top: float
    bottom: float
    feeders: tuple[Feeder, ...]
    rows: tuple[Row, ...]
    makes_customers: bool

    @property
    def won(self) -> tuple[float, float]:
        """Left edge and middle of the box of the deals won."""
        return self.rows[-1].right, self.rows[-1].middle


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A whole map."""

    width: float
    height: float
    lanes: tuple[Lane, ...]
    people_x: float | None
    """Left edge of the customers' box; None = the plan has none."""


def lay_out(model: Model) -> Layout:
    """Place pipelines below each other, sources at the left, customers at the right."""
    people = model.customers is not None or any(s.buyer_is_new for s in model.sources)
    top, lanes = TITLE_HEIGHT, []
    for pipeline in model.pipelines:
        lanes.append(_lane(model, pipeline, top))
        top = lanes[-1].bottom + LANE_GAP
    right = max(max(lane.won[0] + WON_WIDTH, *(row.right for row in lane.rows)) for lane in lanes)
    feedless = all(feeder.is_external for lane in lanes for feeder in lane.feeders)
    people_x = right + PEOPLE_GAP if people else None
    return Layout(
        width=(right if people_x is None else people_x + PEOPLE_WIDTH) + MARGIN,
        height=top + (0.0 if feedless else RAIL_HEIGHT),
        lanes=tuple(lanes),
        people_x=people_x,
    )


def _lane(model: Model, pipeline: Pipeline, top: float) -> Lane:
    sources = [source for source in model.sources if source.pipeline == pipeline.name]
    half_sources = 0.5 * len(_boxes(sources)) * SOURCE_STEP
    rows: list[Row] = []
    bottom = top + LANE_TITLE
    for stages in _shares(pipeline.stages):
        # The sources stand at the left of the first row, and nothing of the second beside them.
        beside = 0.0 if rows else half_sources
        rows.append(_row(pipeline, stages, bottom, beside))
        bottom = rows[-1].bottom + ROW_GAP
    return Lane(
        pipeline=pipeline,
        top=top,
        bottom=rows[-1].bottom,
        feeders=_feeders(sources, rows[0].middle),
        rows=tuple(rows),
        makes_customers=_makes_customers(model, pipeline, sources),
    )


def _shares(stages: tuple[Stage, ...]) -> list[tuple[Stage, ...]]:
    """Return the stages of each row: as few rows as can be, the first ones as long as any."""
    rows = -(-len(stages) // MOST_IN_ROW)
    length = -(-len(stages) // rows)
    return [stages[first : first + length] for first in range(0, len(stages), length)]


def _row(pipeline: Pipeline, stages: tuple[Stage, ...], top: float, half_sources: float) -> Row:
    first = 2 * MARGIN + SOURCE_WIDTH + 0.6
    x = tuple(first + i * (STAGE_WIDTH + STAGE_GAP) for i in range(len(stages)))
    begins = pipeline.stages.index(stages[0])
    ways = [way for way in _ways_back(pipeline) if begins <= way.leaves < begins + len(stages)]
    near = [
        way._replace(leaves=way.leaves - begins, enters=way.enters - begins)
        for way in ways
        if way.enters >= begins
    ]
    loops = _loops(near, x)
    exits = tuple(
        _exits(stage, [way for way in ways if way.enters < begins and way.leaves == number])
        for number, stage in enumerate(stages, begins)
    )
    lines = max(sum(out.lines for out in each) for each in exits)
    above = STAGE_HEIGHT / 2 + LEVEL * max((loop.level for loop in loops), default=0) + 0.1
    below = STAGE_HEIGHT / 2 + EXIT_TOP + EXIT_STEP * lines
    middle = top + max(above, half_sources)
    bottom = middle + max(below, half_sources)
    return Row(stages=stages, x=x, middle=middle, bottom=bottom, loops=loops, exits=exits)


def _makes_customers(model: Model, pipeline: Pipeline, sources: Sequence[Source]) -> bool:
    """Whether a win of this pipeline can make a customer."""
    opened = model.open_deals
    deals = zip(opened.stages, opened.buyer_is_new, strict=True) if opened else ()
    return any(source.buyer_is_new for source in sources) or any(
        new and name.startswith(f"{pipeline.name}.") for name, new in deals
    )


def _exits(stage: Stage, far: Sequence[_WayBack]) -> tuple[Exit, ...]:
    """Return what leaves the pipeline, and then the ways back to stages of rows above."""
    found = []
    for out in outcomes(stage):
        if out.name in ("lost", "no_decision", "stuck"):
            after = f", {brief(out.law.mean)}" if out.law and out.law.mean > 0 else ""
            label = f"{out.words} {percent(out.probability)}{after}"
            found.append(Exit(outcome=out.name, label=label, ends=out.law is not None))
    room = 72.0 * (STAGE_WIDTH + STAGE_GAP - 0.5)
    for way in far:
        label = wrap(f"{way.label}, to {plain_label(way.to)}", NOTE, room, lines=2)
        found.append(Exit(outcome=way.outcome, label=label, ends=True))
    return tuple(found)


def _boxes(sources: Sequence[Source]) -> list[tuple[str, str, bool]]:
    """Return name, pace and kind of what is drawn: external sources, then the customers'."""
    boxes = []
    for kind in ("external", "customer"):
        of_kind = [source for source in sources if source.kind == kind]
        most = sorted(of_kind, key=lambda source: -source.rate.mean_per_day())
        drawn = most if len(most) <= MOST_SOURCES else most[: MOST_SOURCES - 1]
        each, rest = kind == "customer", [source for source in most if source not in drawn]
        named = [(s.name, s.rate.mean_per_day()) for s in of_kind if s in drawn]
        if rest:
            named.append((f"{len(rest)} more sources", sum(s.rate.mean_per_day() for s in rest)))
        boxes += [(name, pace(per_day, each=each), not each) for name, per_day in named]
    return boxes


def _feeders(sources: Sequence[Source], middle: float) -> tuple[Feeder, ...]:
    """Return the sources' boxes around the middle of their lane."""
    boxes = _boxes(sources)
    first = middle - (len(boxes) - 1) / 2 * SOURCE_STEP
    return tuple(
        Feeder(name=name, pace=said, is_external=outside, y=first + i * SOURCE_STEP)
        for i, (name, said, outside) in enumerate(boxes)
    )


def pace(per_day: float, *, each: bool) -> str:
    """Say a rate per month, or when that is less than one, the days between two events."""
    if per_day <= 0.0:
        return "no deals"
    per_month = per_day * DAYS_PER_MONTH
    said = f"{rounded(per_month)} a month" if per_month >= 1 else f"1 in {rounded(1 / per_day)} d"
    return f"{said} each" if each else said


def _loops(found: Sequence[_WayBack], x: Sequence[float]) -> tuple[Loop, ...]:
    """Return the arcs of a row, each as low as leaves room for those it encloses.

    Along the top of a stage stand, from the left: the slip, then at the right end what rests and
    returns to it, what leaves for the stages before (the nearest first), what comes from those
    behind (the farthest first): so no arc crosses the feet of another that it could enclose.
    """
    placed: list[Loop] = []
    for way in found:
        feet = [_feet(found, at) for at in (way.leaves, way.enters)]
        leaves, enters = x[way.leaves] + feet[0][way, True], x[way.enters] + feet[1][way, False]
        placed.append(_placed(placed, way, leaves, enters))
    return tuple(placed)


def _ways_back(pipeline: Pipeline) -> list[_WayBack]:
    """Return the loops of a pipeline, the shortest first."""
    names = [stage.name for stage in pipeline.stages]
    found = []
    for i, stage in enumerate(pipeline.stages):
        for o in outcomes(stage):
            said = f"{percent(o.probability)}, {brief(o.law.mean) if o.law else ''}"
            if o.name == "slipped":
                found.append(_WayBack(o.name, f"slip {said}", i, i, stage.name))
            elif o.name == "back" and stage.back:
                to = stage.back.to
                found.append(_WayBack(o.name, f"back {said}", i, names.index(to), to))
            elif o.name == "parked" and stage.parked:
                label, to = f"parked {said} + rest {brief(stage.parked.rest.mean)}", stage.parked.to
                found.append(_WayBack(o.name, label, i, names.index(to), to))
    return sorted(
        found, key=lambda way: (way.leaves - way.enters, way.outcome != "slipped", way.leaves)
    )


def _feet(found: Sequence[_WayBack], stage: int) -> dict[tuple[_WayBack, bool], float]:
    """Return where arcs leave (True) and enter (False) a stage's top, inches from its left edge."""
    own = [way for way in found if way.leaves == way.enters == stage]
    slips = [way for way in own if way.outcome == "slipped"]
    rests = [way for way in own if way not in slips]
    away = [way for way in found if way.leaves == stage != way.enters]
    into = [way for way in found if way.enters == stage != way.leaves]
    # Shorter arcs come first in `found`; those that come in stand from the farthest on.
    order = [(way, leaving) for way in rests for leaving in (False, True)]
    order += [(way, True) for way in away] + [(way, False) for way in reversed(into)]
    first = STAGE_WIDTH - FOOT - FOOT_STEP * (len(order) - 1)
    places = {foot: first + FOOT_STEP * i for i, foot in enumerate(order)}
    for way in slips:
        places |= {(way, False): FOOT, (way, True): FOOT + FOOT_STEP}
    return places


def _placed(placed: Sequence[Loop], way: _WayBack, leaves: float, enters: float) -> Loop:
    """Return an arc on the lowest level where neither it nor its label meets another."""
    width = _label_width(way.label)
    left = (leaves + enters - width) / 2
    if leaves - enters < width:
        # Too narrow for its label: that goes to where fewer feet stand.
        left = enters - 0.05 if way.outcome == "slipped" else leaves - width
    start, end = min(enters, left), max(leaves, left + width)
    below = [
        other.level
        for other in placed
        if start < max(other.leaves, other.label_left + _label_width(other.label))
        and min(other.enters, other.label_left) < end
    ]
    return Loop(
        outcome=way.outcome,
        label=way.label,
        leaves=leaves,
        enters=enters,
        label_left=left,
        level=1 + max(below, default=0),
    )


def _label_width(label: str) -> float:
    return text_width(label, NOTE) / 72 + 0.1


LOOP_COLOURS = {**FLOW_COLOURS, "parked": "#B8860B"}
"""Yellow is too light for a line: of a parked deal the arc is a dark goldenrod."""
SOURCE_COLOURS = {True: BLUE, False: ORANGE}
"""External, or of the customers."""
