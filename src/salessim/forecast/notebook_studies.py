"""What a notebook shows of comparisons, goals, sensitivities and sweeps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from salessim.forecast.goals import percent_change
from salessim.forecast.judge import WILSON_Z
from salessim.forecast.notebook import MOST_ROWS, Grid, shown
from salessim.readable import amount, few_digits, percent, rounded, scale, signed, trajectories

if TYPE_CHECKING:
    from salessim.forecast.comparison import Comparison, Difference, Outcome
    from salessim.forecast.elasticity import Estimate
    from salessim.forecast.goals import Answer, Goals
    from salessim.forecast.ranked_deals import RankedDeals
    from salessim.forecast.sensitivity import Sensitivity
    from salessim.forecast.sweep import Point, Sweep

HALF = "+/-: half the 95% interval"


def comparison(given: Comparison) -> str:
    """Return the levels of all scenarios, and their differences from the first."""
    count = trajectories(given.trajectories)
    return shown(
        f"{given.base.labels.title}: {count} of each scenario",
        sentences=[f"Note: {note}." for note in given.notes],
        grids=[_levels(given), _differences(given)],
    )


def _levels(given: Comparison) -> Grid:
    totals = {name: one.series("bookings").total_summary for name, one in given.outcomes.items()}
    unit, scaled = scale(max(abs(float(total.p90)) for total in totals.values()), digits=6)
    rows = [
        (
            name,
            *(amount(float(value) / unit) for value in total[2:]),
            *_judged(given.outcomes[name]),
        )
        for name, total in totals.items()
    ]
    caption = (
        f"bookings over the whole span in {scaled}{given.base.labels.currency}; sustained: "
        "trajectories in which what is already there books the need"
    )
    return Grid(("Scenario", "P10", "P50", "P90", "Sustained", "Verdict"), rows, caption)


def _judged(outcome: Outcome) -> tuple[str, str]:
    share = outcome.verdict.probability
    return "-" if share is None else percent(share), outcome.verdict.word or "-"


def _differences(given: Comparison) -> Grid:
    totals = [one.total("bookings") for one in given.differences.values()]
    largest = (abs(float(value)) for total in totals for value in (total.mean, *total[2:5]))
    unit, scaled = scale(max(largest), digits=5)
    rows = [_difference(one, unit) for one in given.differences.values()]
    caption = (
        f"bookings over the whole span, trajectory by trajectory, in {scaled}"
        f"{given.base.labels.currency}; {HALF} of the mean; books more: one future against one, "
        "each with luck of its own"
    )
    columns = (f"Minus {given.base.name}", "Mean", "+/-", "P10", "P90", "Books more")
    return Grid(columns, rows, caption)


def _difference(one: Difference, unit: int) -> tuple[str, ...]:
    total = one.total("bookings")
    half = float(total.high - total.mean)
    return (
        one.name,
        signed(float(total.mean) / unit),
        "-" if math.isnan(half) else amount(half / unit),
        signed(float(total.p10) / unit),
        signed(float(total.p90) / unit),
        percent(float(one.beats.share)) if one.beats else "-",
    )


def goals(given: Goals) -> str:
    """Return the goal, where the plan stands, and what reaches it."""
    goal, now, *_ = given.sentences()
    rows = [_answer(answer) for answer in given]
    columns = ("Vary", "Needs", "95% interval", "Change", "Probability", "That is")
    return shown(goal, sentences=[now], grids=[Grid(columns, rows, given.precision())])


def _answer(answer: Answer) -> tuple[str, ...]:
    found = answer.status == "found"
    edge = {"always": "reached anyway", "never": "not reachable"}
    return (
        answer.key,
        answer.text if found else f"{edge[answer.status]}, at {answer.text}",
        answer.interval_text if found else "-",
        percent_change(answer.change) if found else "-",
        percent(answer.probability, fine=True),
        answer.means,
    )


def sensitivity(given: Sensitivity) -> str:
    """Return what moves the result most: levers, uncertain numbers, and their shares."""
    unit = given.of.unit(given.currency)
    link = given.weakest_link
    said = [f"Weakest link: {link.lever.name}."] if link else []
    return shown(
        f"{given.title}: what moves {given.of.describe()}, on average "
        f"{rounded(given.mean.value)} {unit}",
        sentences=[*said, *(f"Note: {note}." for note in given.notes)],
        grids=[lever_grid(given), swing_grid(given), share_grid(given)],
    )


def lever_grid(given: Sensitivity) -> Grid:
    """Return what 1 % more of each lever brings."""
    rows = [(one.lever.name, *_moved(one.result), *_moved(one.base)) for one in given.levers]
    caption = (
        "percent that 1% more of the lever brings; base: of the bookings without new external "
        f"leads in the verdict's 12 months; {HALF}"
    )
    return Grid(("Lever", "Result", "+/-", "Base", "+/-"), rows, caption)


def _moved(one: Estimate) -> tuple[str, str]:
    if math.isnan(one.value):
        return "-", "-"
    half = WILSON_Z * one.se
    moved = f"{one.value:+.2f}"
    return moved if float(moved) else "0.00", "-" if math.isnan(half) else f"{half:.3f}"


def swing_grid(given: Sensitivity) -> Grid:
    """Return what each uncertain number does at its ends."""
    largest = max((end.size for one in given.tornado for end in one.changes), default=0.0)
    unit, scaled = scale(largest, digits=5)
    rows = [
        (one.address, *one.words, *(signed(end.value / unit) for end in one.changes))
        for one in given.tornado
    ]
    caption = (
        "what the mean changes by when the number is at its 5% or 95% point, in "
        f"{scaled}{given.of.unit(given.currency)}"
    )
    return Grid(("Uncertain number", "P05", "P95", "at P05", "at P95"), rows, caption)


def share_grid(given: Sensitivity) -> Grid:
    """Return the inputs' shares of the variance between worlds."""
    rows = [
        (" + ".join(one.inputs), _share(one.first.value), _share(one.total.value))
        for one in given.shares
    ]
    caption = (
        "of the variance of the result expected in a world: what would go if the input were known, "
        "and what would be left if all others were"
    )
    return Grid(("Input", "Alone", "In all"), rows, caption)


def _share(value: float) -> str:
    # an unbiased estimate of nearly nothing may be below 0
    return percent(max(0.0, value))


def sweep(given: Sweep) -> str:
    """Return what each point comes to over the whole span."""
    largest = max((abs(float(one.totals["bookings"].p90)) for one in given.points), default=0.0)
    unit, scaled = scale(largest, digits=6)
    rows = [(*point.typed, *_point(point, unit)) for point in given.points]
    caption = (
        f"bookings over the whole span in {scaled}{given.labels.currency}; without: mean without "
        "external leads; sustained: trajectories in which what is already there books the need"
    )
    columns = (
        *(key.name for key in given.keys), "Mean", "P10", "P50", "P90", "Without", "Sustained",
    )  # fmt: skip
    title = f"{given.labels.title}: {trajectories(given.trajectories)} of each point"
    rest = given.requested - len(given.points)
    missing = [f"Interrupted: {rest:,} of {given.requested:,} points are missing."] if rest else []
    return shown(title, sentences=missing, grids=[Grid(columns, rows, caption)])


def _point(point: Point, unit: int) -> tuple[str, ...]:
    bookings = point.totals["bookings"]
    values = (bookings.mean, *bookings[2:], point.totals["base_bookings"].mean)
    share = point.verdict.probability
    sustained = "-" if share is None else percent(share)
    return (*(amount(float(value) / unit) for value in values), sustained)


def ranked_deals(given: RankedDeals) -> str:
    """Return the open deals that add most to the forecast."""
    frame = given.frame.head(MOST_ROWS)
    unit, scaled = scale(float(frame["bookings"].max()) if len(frame) else 0.0, digits=6)
    rows = [
        (
            str(row["deal"]),
            f"{row['pipeline']}.{row['stage']}",
            few_digits(row["age_days"]),
            amount(row["bookings"] / unit),
            percent(row["won_in_time"]),
            str(row["risk"]),
        )
        for row in frame.to_dict("records")
    ]
    first, *more = given.sentences()
    caption = f"adds: expected bookings within the horizon, in {scaled}{given.currency}"
    rest = len(given.frame) - len(frame)
    said = f"{caption}; {rest:,} more add less" if rest else caption
    columns = ("Deal", "Stage", "Age, days", "Adds", "Won in time", "Risk")
    notes = [f"Note: {note}" for note in given.notes]
    return shown(first, sentences=[*more, *notes], grids=[Grid(columns, rows, said)])
