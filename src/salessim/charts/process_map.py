"""The process map: how deals are born, move, return and leave, drawn."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, PathPatch
from matplotlib.path import Path

from salessim.charts import map_layout as place
from salessim.charts import style
from salessim.charts.map_layout import Exit, Lane, Layout, Loop, Row, lay_out
from salessim.charts.visits import brief, quantile
from salessim.model.loops import mean_days_to_win
from salessim.model.plan import Model, Stage
from salessim.readable import percent, rounded

PALE = {style.BLUE: "#E3F0F8", style.ORANGE: "#FCF1DC", style.GREEN: "#DDF2EB"}
"""Insides of boxes by the colour of their edge."""
INK = "#222222"


@dataclass(frozen=True)
class Pen:
    """Draws in inches of the map; letters grow and shrink with the axes."""

    ax: Axes
    scale: float

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Draw a box with round corners; ``y`` is its middle."""
        shape = FancyBboxPatch(
            (x, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.09",
            facecolor=PALE[colour], edgecolor=colour, linewidth=1.3 * self.scale, zorder=3,
        )  # fmt: skip
        self.ax.add_patch(shape)

    def text(self, x: float, y: float, said: str, size: float = place.NOTE, **more: Any) -> None:
        """Write at a point; ``more`` goes to `Axes.text`."""
        fixed = {"ha": "center", "va": "center", "color": INK, "zorder": 5, "linespacing": 1.15}
        self.ax.text(x, y, said, fontsize=size * self.scale, **{**fixed, **more})

    def arrow(self, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
        """Draw a straight arrow."""
        self._arrow(colour, posA=start, posB=end)

    def flow(self, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
        """Draw an arrow that begins and ends level, a curve in between."""
        middle = (start[0] + end[0]) / 2
        points = [start, (middle, start[1]), (middle, end[1]), end]
        self._arrow(colour, path=Path(points, [Path.MOVETO, *[Path.CURVE4] * 3]))

    def rail(self, corners: list[tuple[float, float]], colour: str) -> None:
        """Draw an arrow along corners, which are rounded."""
        self._arrow(colour, path=_rounded(corners))

    def line(self, corners: list[tuple[float, float]], colour: str) -> None:
        """Draw a line along corners, which are rounded."""
        width = 1.2 * self.scale
        line = PathPatch(_rounded(corners), edgecolor=colour, linewidth=width, fill=False, zorder=2)
        self.ax.add_patch(line)

    def _arrow(self, colour: str, **where: Any) -> None:
        look: dict[str, Any] = {
            "arrowstyle": "-|>,head_length=4,head_width=2",
            "mutation_scale": self.scale,
            "linewidth": 1.2 * self.scale,
            "zorder": 2,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        self.ax.add_patch(FancyArrowPatch(color=colour, **look, **where))


def process_map(model: Model, ax: Axes | None = None) -> Axes:
    """Draw a plan: sources, stages, ways out and back, wins, and the customers that feed back.

    Arrows between stages carry the conversion, and mean and median of the time it takes. Below a
    stage are the deals that leave, above it those that slip, go back or rest; both as shares of
    its visits.

    Parameters
    ----------
    model : Model
    ax : Axes, optional
        Where to draw, letters in proportion; a figure as large as the map when None.
    """
    layout = lay_out(model)
    if ax is None:
        figure = style.new_figure(width=layout.width, height=layout.height)
        figure.set_layout_engine("none")
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_xlim(0.0, layout.width)
    ax.set_ylim(layout.height, 0.0)
    ax.set_aspect("equal", anchor="NW")
    ax.set_axis_off()
    pen = Pen(ax, _scale(ax, layout))
    _titles(pen, model, layout)
    for lane in layout.lanes:
        _lane(pen, model, lane)
    if layout.people_x is not None:
        _people(pen, model, layout, layout.people_x)
    return ax


def _scale(ax: Axes, layout: Layout) -> float:
    """Return inches on paper for an inch of the map."""
    figure, part = style.figure_of(ax), ax.get_position()
    width, height = figure.get_figwidth() * part.width, figure.get_figheight() * part.height
    return float(min(width / layout.width, height / layout.height))


def _rounded(corners: list[tuple[float, float]], radius: float = 0.14) -> Path:
    """Return a path along corners with the turns cut round, no turn larger than its sides."""
    points, codes = [corners[0]], [Path.MOVETO]
    for before, at, after in zip(corners, corners[1:], corners[2:], strict=False):
        for other, is_end in ((before, False), (after, True)):
            dx, dy = other[0] - at[0], other[1] - at[1]
            length = max((dx * dx + dy * dy) ** 0.5, 1e-9)
            cut = min(radius, length / 2) / length
            turn = (at[0] + dx * cut, at[1] + dy * cut)
            points += [at, turn] if is_end else [turn]
            codes += [Path.CURVE3, Path.CURVE3] if is_end else [Path.LINETO]
    return Path([*points, corners[-1]], [*codes, Path.LINETO])


def _titles(pen: Pen, model: Model, layout: Layout) -> None:
    first, *others = (f"{percent(p.win_rate)} in {p.name}" for p in model.pipelines[:4])
    more = [f"{len(model.pipelines) - 4} more"] if len(model.pipelines) > 4 else []
    title = f"Won of the deals that enter: {', '.join([first, *others, *more])}"
    notes = "shares are of a stage's visits; times are means of the outcome"
    several = f"{len(model.curves)} curves over the calendar are"
    curves = "1 curve over the calendar is" if len(model.curves) == 1 else several
    notes += f"; {curves} not drawn" if model.curves else ""
    below = f"{style.short(model.title, style.LONGEST_TITLE)}: {notes}"
    width = 72.0 * (layout.width - 2 * place.MARGIN)
    for said, y, size, weight, colour in (
        (title, 0.2, style.TITLE, "bold", INK),
        (below, 0.47, style.TEXT, "normal", style.QUIET),
    ):
        text = style.wrap(style.plain_label(said), size, width, weight=weight, lines=1)
        pen.text(place.MARGIN, y, text, size, ha="left", fontweight=weight, color=colour)


def _lane(pen: Pen, model: Model, lane: Lane) -> None:
    pipeline, first = lane.pipeline, lane.rows[0]
    room = 72.0 * (first.right + place.WON_WIDTH - 2 * place.MARGIN)
    name = style.wrap(style.plain_label(pipeline.name), 10, room, weight="bold", lines=1)
    pen.text(2 * place.MARGIN, lane.top + 0.1, name, 10, ha="left", fontweight="bold")
    for feeder in lane.feeders:
        colour = place.SOURCE_COLOURS[feeder.is_external]
        pen.box(2 * place.MARGIN, feeder.y, place.SOURCE_WIDTH, place.SOURCE_HEIGHT, colour)
        width = 72.0 * (place.SOURCE_WIDTH - 0.12)
        words = [style.wrap(style.plain_label(feeder.name), 8.5, width, weight="bold", lines=1)]
        middle = 2 * place.MARGIN + place.SOURCE_WIDTH / 2
        pen.text(middle, feeder.y - (0.09 if feeder.pace else 0), words[0], 8.5, fontweight="bold")
        pen.text(middle, feeder.y + 0.11, feeder.pace)
        start = (2 * place.MARGIN + place.SOURCE_WIDTH, feeder.y)
        pen.flow(start, (first.x[0], first.middle), colour)
    there = Counter(model.open_deals.stages if model.open_deals else ())
    for row in lane.rows:
        for stage, x, exits in zip(row.stages, row.x, row.exits, strict=True):
            _stage(pen, stage, (x, row.middle), there[f"{pipeline.name}.{stage.name}"])
            _exits(pen, exits, (x, row.middle + place.STAGE_HEIGHT / 2))
        for loop in row.loops:
            _loop(pen, loop, row.middle - place.STAGE_HEIGHT / 2)
        for x in row.x[1:]:
            pen.arrow((x - place.STAGE_GAP, row.middle), (x, row.middle), style.GREEN)
    for above, below in zip(lane.rows, lane.rows[1:], strict=False):
        _next_row(pen, above, below)
    pen.arrow((lane.won[0] - place.STAGE_GAP, lane.won[1]), lane.won, style.GREEN)
    _won(pen, model, lane)


def _next_row(pen: Pen, above: Row, below: Row) -> None:
    """Draw how deals go on from the last stage of a row to the first one of the next."""
    between, left = above.bottom + place.ROW_GAP / 2, below.x[0] - 0.3
    corners = [
        (above.right - place.STAGE_GAP, above.middle), (above.right, above.middle),
        (above.right, between), (left, between),
        (left, below.middle), (below.x[0], below.middle),
    ]  # fmt: skip
    pen.rail(corners, style.GREEN)


def _stage(pen: Pen, stage: Stage, at: tuple[float, float], opened: int) -> None:
    """Draw a stage's box, and what the arrow on from it says."""
    x, y = at
    pen.box(x, y, place.STAGE_WIDTH, place.STAGE_HEIGHT, style.BLUE)
    width = 72.0 * (place.STAGE_WIDTH - 0.16)
    name = style.wrap(style.plain_label(stage.name), 9.5, width, weight="bold", lines=2)
    middle = x + place.STAGE_WIDTH / 2
    pen.text(middle, y - (0.1 if opened else 0.0), name, 9.5, fontweight="bold")
    if opened:
        pen.text(middle, y + 0.26, f"{opened:,} open at the start", color=style.QUIET)
    start = x + place.STAGE_WIDTH
    share = (1.0 - (stage.slip.probability if stage.slip else 0.0)) * stage.conversion
    centre = start + place.STAGE_GAP / 2 - 0.03
    pen.text(centre, y - 0.12, percent(share), 9, fontweight="bold")
    median, mean = quantile(stage.cycle_time, 0.5), stage.cycle_time.mean
    same = abs(mean - median) <= 1e-9 * max(mean, 1.0)
    said = f"mean {brief(mean)}\nmedian {brief(median)}"
    if same:
        said = brief(mean) if mean > 0 else "at once"
    pen.text(centre, y + 0.05, said, 7, va="top", color=style.QUIET)


def _exits(pen: Pen, exits: tuple[Exit, ...], at: tuple[float, float]) -> None:
    """Draw the ways out below a stage: a branch each; stuck deals end at a bar, not an arrow."""
    x, top, line = at[0] + 0.16, at[1], 0
    for out in exits:
        y = top + place.EXIT_TOP + place.EXIT_STEP * line - 0.06
        line += out.lines
        colour = place.LOOP_COLOURS[out.outcome]
        if out.ends:
            pen.rail([(x, top), (x, y), (x + 0.24, y)], colour)
        else:
            pen.line([(x, top), (x, y), (x + 0.22, y)], colour)
            pen.line([(x + 0.22, y - 0.06), (x + 0.22, y + 0.06)], colour)
        lower = y + place.EXIT_STEP * (out.lines - 1) / 2
        pen.text(x + 0.3, lower, out.label, ha="left")


def _loop(pen: Pen, loop: Loop, top: float) -> None:
    """Draw a way back as an arc above the stages; a parked deal's has a pause on it."""
    y = top - place.LEVEL * loop.level + 0.1
    colour = place.LOOP_COLOURS[loop.outcome]
    corners = [(loop.leaves, top), (loop.leaves, y), (loop.enters, y), (loop.enters, top)]
    pen.rail(corners, colour)
    # What crosses a label passes behind it.
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.8 * pen.scale}
    pen.text(loop.label_left + 0.05, y - 0.12, loop.label, ha="left", bbox=paper)
    if loop.outcome == "parked":
        middle = ((loop.leaves + loop.enters) / 2, y)
        pause = Circle(middle, 0.055, facecolor="white", edgecolor=colour, zorder=6)
        pause.set_linewidth(1.2 * pen.scale)
        pen.ax.add_patch(pause)


def _won(pen: Pen, model: Model, lane: Lane) -> None:
    pipeline, (x, y) = lane.pipeline, lane.won
    pen.box(x, y, place.WON_WIDTH, place.STAGE_HEIGHT, style.GREEN)
    middle = x + place.WON_WIDTH / 2
    pen.text(middle, y - 0.21, f"won {percent(pipeline.win_rate)}", 9.5, fontweight="bold")
    days = mean_days_to_win(pipeline)
    after = f"after {brief(days)}" if days > 0 else "at once" if days == 0 else ""
    width = 72.0 * (place.WON_WIDTH - 0.1)
    money = f"mean {rounded(pipeline.amount.mean)} {model.currency}"
    pen.text(middle, y + 0.02, after)
    pen.text(middle, y + 0.2, style.wrap(style.plain_label(money), place.NOTE, width, lines=1))


def _people(pen: Pen, model: Model, layout: Layout, x: float) -> None:
    """Draw the customers, the wins that make them, and the rail on which they bring deals."""
    lanes = layout.lanes
    first, last = lanes[0].won[1], lanes[-1].won[1]
    top, bottom = first - 0.45, max(last + 0.45, first + 0.6)
    height, middle = bottom - top, x + place.PEOPLE_WIDTH / 2
    y = (top + bottom) / 2
    pen.box(x, y, place.PEOPLE_WIDTH, height, style.ORANGE)
    lines = _about(model)
    if len(lines) > (most := int(height / 0.18) - 2):
        lines = [*lines[: most - 1], f"and {len(lines) - most + 1} segments more"]
    pen.text(middle, y - 0.09 * len(lines), "customers", 9.5, fontweight="bold")
    width = 72.0 * (place.PEOPLE_WIDTH - 0.1)
    for index, line in enumerate(lines):
        said = style.wrap(style.plain_label(line), place.NOTE, width, lines=1)
        pen.text(middle, y - 0.09 * len(lines) + 0.18 * (index + 1), said)
    for lane in lanes:
        if lane.makes_customers:
            won_x, won_y = lane.won
            pen.arrow((won_x + place.WON_WIDTH, won_y), (x, won_y), style.GREEN)
    fed = [feeder.y for lane in lanes for feeder in lane.feeders if not feeder.is_external]
    if not fed:
        return
    rail, left = layout.height - 0.18, place.MARGIN
    pen.line([(middle, bottom), (middle, rail), (left, rail), (left, min(fed) + 0.2)], style.ORANGE)
    for at in fed:
        pen.rail([(left, at + 0.2), (left, at), (2 * place.MARGIN, at)], style.ORANGE)


def _about(model: Model) -> list[str]:
    """Say how many customers there are and how long they stay, by segment when there are some."""
    given = model.customers
    if given is None:
        return ["none at the start", "they stay for good"]
    lines = [f"{len(given.ids):,} at the start"]
    if not given.segments:
        return [*lines, f"stay {brief(given.lifetime.mean)} on average"]
    return lines + [f"{part.name}: stay {brief(part.lifetime.mean)}" for part in given.segments]
