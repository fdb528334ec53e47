"""The sections of a run's page: what each shows, and what it says about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from salessim import api
from salessim.charts import style
from salessim.forecast.funnel_plot import row_height
from salessim.forecast.goals import Goals
from salessim.report import run_tables
from salessim.report.page import Figure, Section
from salessim.report.run_added import added_sections
from salessim.report.run_deals import deals_section
from salessim.report.run_goals import goal_section

if TYPE_CHECKING:
    from salessim.api.finished import Run
    from salessim.forecast import Forecast


def sections(run: Run) -> Iterator[Section]:
    """Return the sections of a run's page in their order; what a run has not is left out."""
    forecast = run.forecast
    yield plan_in_words(run)
    yield bookings(forecast)
    if forecast.labels.external_sources:
        yield with_and_without(forecast)
    yield origins(forecast)
    if forecast.labels.starting_customers is not None:
        yield customers(forecast)
    if forecast.stage_flows is not None:
        yield stages(forecast)
    yield total(forecast)
    yield lasting(forecast)
    yield from added_sections(run)
    if run.deals.count:
        yield deals_section(run.deals)
    yield from map(goal_section, map(Goals.from_summary, run.goals))
    yield Section(title="What this was made from", tables=(run_tables.stamp(run),))


def plan_in_words(run: Run) -> Section:
    """Say the plan, and draw it."""
    said = api.explain(run.plan)
    drawn = run.plan.plot.process_map()
    return Section(
        title="The plan in words",
        points=said.sentences,
        figures=(Figure(drawn=drawn, caption="How deals are born, move, return and leave."),),
        tables=(run_tables.stages(said.stages),),
        folded=True,
    )


def bookings(forecast: Forecast) -> Section:
    """Show the fan of the bookings."""
    return Section(
        title="Bookings",
        figures=(
            Figure(
                drawn=forecast.plot.fan(),
                caption="Bookings by period. They lie in the darker band 8 times in 10, in the "
                "paler one 9 times in 10, and above the line as often as below.",
            ),
        ),
        tables=(run_tables.by_period(forecast),),
    )


def with_and_without(forecast: Forecast) -> Section:
    """Show the bookings with and without external leads side by side."""
    left, right = style.new_panels()
    return Section(
        title="With and without new external leads",
        figures=(
            Figure(
                drawn=forecast.plot.with_and_without((left, right)),
                caption="Bookings with external leads, and on the same scale what is left of them "
                "in the same trajectories without.",
            ),
        ),
    )


def origins(forecast: Forecast) -> Section:
    """Show where bookings come from."""
    return Section(
        title="Where bookings come from",
        figures=(
            Figure(
                drawn=forecast.plot.origins(),
                caption="Mean bookings by period, stacked by the origin that they descend from: "
                "what customers and open deals bring, directly or through others, is theirs.",
            ),
        ),
        tables=(run_tables.origins(forecast),),
    )


def customers(forecast: Forecast) -> Section:
    """Show how many customers there are, come and go."""
    left, right = style.new_panels()
    return Section(
        title="Customers",
        figures=(
            Figure(
                drawn=forecast.plot.customers((left, right)),
                caption="Active customers at the end of each period, and beside it how many are "
                "gained and lost on average.",
            ),
        ),
        tables=(run_tables.loyalty(forecast.verdict), run_tables.customers(forecast)),
    )


def stages(forecast: Forecast) -> Section:
    """Show what flows through the stages of each pipeline, and what stands in them."""
    figures = []
    for pipeline in forecast.labels.pipelines:
        left, right = style.new_panels(height=row_height(forecast.funnel, pipeline))
        figures.append(
            Figure(
                drawn=forecast.plot.funnel(pipeline, (left, right)),
                caption="What becomes of all that is in a stage over the whole span, and what "
                "stands in it at the end of each period.",
            )
        )
    return Section(
        title="Through the stages",
        figures=tuple(figures),
        tables=(run_tables.funnel(forecast.funnel),),
    )


def total(forecast: Forecast) -> Section:
    """Show the distribution of all bookings, and how likely the targets are reached."""
    figures = [
        Figure(
            drawn=forecast.plot.total(),
            caption="Bookings of the whole span: how often they come to how much.",
        )
    ]
    if forecast.targets:
        figures.append(
            Figure(
                drawn=forecast.plot.targets(),
                caption="How likely each target is reached, and how likely without new external "
                "leads.",
            )
        )
    return Section(
        title="All bookings, and the chance of each target" if forecast.targets else "All bookings",
        figures=tuple(figures),
        tables=tuple(run_tables.targets(forecast)),
    )


def lasting(forecast: Forecast) -> Section:
    """Say the verdict, and show for how long the need is met."""
    figures: tuple[Figure, ...] = ()
    # A run of an older version holds no runway by period.
    if forecast.verdict.need_met:
        figures = (
            Figure(
                drawn=forecast.plot.runway(),
                caption="The runway: in how many trajectories what is already there books the "
                "need, without any new external lead.",
            ),
        )
    return Section(
        title="Does it last without new external leads?",
        text=tuple(forecast.verdict.sentences()),
        figures=figures,
    )
