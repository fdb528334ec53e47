"""The page of a fit: all that was measured, beside the records it was measured on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from salessim.config.words import counted
from salessim.fit import pictures
from salessim.fit.groups import Groups
from salessim.fit.groups.subjects import WHOLE
from salessim.fit.groups.words import RARE, compared
from salessim.fit.order_base import FittedOrders
from salessim.fit.pipelines import FittedPipeline
from salessim.fit.reading_report import report_table
from salessim.fit.shared_months import sentence
from salessim.fit.subscription_base import FittedSubscriptions
from salessim.readable import percent
from salessim.report.page import Figure, Page, Section, Table, save_page

if TYPE_CHECKING:
    import pandas as pd

    from salessim.fit.fit import Fitted

MOST_SOURCES = 12
"""More are named, not drawn: the smallest of them."""
HOW = (
    "A stage's picture shows the share of its visits that ended so by an age. Pale: as observed, "
    "visits still open counted as such (Aalen-Johansen). Thin: the law in the plan. Where they "
    "part, the plan is wrong about that age."
)
COLUMNS = {
    "of": "Of", "what": "What", "groups": "Groups", "deals": "Deals", "p": "p",
    "p_holm": "p, corrected", "factor": "Factor between groups", "low": "90% from", "high": "to",
}  # fmt: skip


def fit_page(fitted: Fitted, groups: Mapping[str, Groups] | None = None) -> Page:
    """Return the page of a fit.

    Parameters
    ----------
    fitted : Fitted
    groups : mapping, optional
        Name of a pipeline -> its groups compared.
    """
    sections = [_pipeline(fitted, pipeline) for pipeline in fitted.pipelines]
    sections += [*_sources(fitted), *_customers(fitted)]
    many = len(fitted.pipelines) > 1
    sections += [_groups(name, found, many=many) for name, found in (groups or {}).items()]
    sections.append(_reading(fitted))
    names = ", ".join(name for name, _ in fitted.history.files)
    return Page(
        title=f"What the records say, as of {fitted.as_of}",
        subtitle=f"Measured for a forecast of {fitted.horizon} from {fitted.start} on. {names}",
        warnings=fitted.warnings,
        sections=tuple(sections),
    )


def save_fit(
    fitted: Fitted, path: str | Path, *, groups: Mapping[str, Groups] | None = None
) -> Path:
    """Write the page of a fit; nothing may be there yet.

    Parameters
    ----------
    fitted : Fitted
        From `fit_history`.
    path : str or Path
        Of the page, which stands alone: ``fitted.html``.
    groups : mapping, optional
        Name of a pipeline -> its groups compared, from `compare_groups`.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    SalessimError
        The file exists, or cannot be written.
    """
    return save_page(fit_page(fitted, groups), Path(path))


def _pipeline(fitted: Fitted, pipeline: FittedPipeline) -> Section:
    """Return the stages of a pipeline, and what its deals are worth."""
    drawn = [
        Figure(drawn=pictures.stage_outcomes(stage), caption=f"{stage.name}: {stage.comment()}.")
        for stage in pipeline.stages
    ]
    for key, found in pipeline.months.found.items():
        rhythm = pipeline.months.rhythm if key == "pace" else None
        besides = f" And {rhythm.sentence}." if rhythm is not None else ""
        drawn.append(
            Figure(
                drawn=pictures.shared_months(found, key, rhythm=rhythm),
                caption=f"Of all stages, {sentence(key, found)}.{besides}",
            )
        )
    worth = Figure(
        drawn=pictures.amounts(pipeline.amount, fitted.currency),
        caption=f"What deals won were worth: {pipeline.amount.comment()}.",
    )
    return Section(
        title=f"Pipeline {pipeline.name}",
        text=(f"{pipeline.comment()}.", HOW),
        figures=(*drawn, worth),
        tables=(_stages(pipeline),),
    )


def _stages(pipeline: FittedPipeline) -> Table:
    rows = []
    for stage in pipeline.stages:
        conversion, share = stage.numbers[0][0], stage.probabilities
        low, high = conversion.interval
        rows.append(
            (
                stage.name,
                f"{sum(stage.seen.values()):,}",
                percent(share["advance"]),
                f"{percent(low)} to {percent(high)}",
                percent(share["lost"]),
                percent(share["stuck"]),
                f"{stage.seen['open']:,}",
            )
        )
    columns = ("Stage", "Visits", "Advance", "90%", "Lost", "Stuck", "Open now")
    return Table(
        columns=columns,
        rows=tuple(rows),
        numbers=(False, *(True for _ in columns[1:])),
        caption="Shares of all visits. 90%: where the share that advances lies in nine of ten "
        "cases. Stuck: they never leave.",
    )


def _sources(fitted: Fitted) -> Iterator[Section]:
    if not fitted.sources:
        return
    drawn = [
        Figure(
            drawn=pictures.monthly_leads(source),
            caption=f"{source.name}: leads by month, and what the plan goes on with. "
            f"{source.comment()}.",
        )
        for source in fitted.sources[:MOST_SOURCES]
    ]
    rest = [source.name for source in fitted.sources[MOST_SOURCES:]]
    text = (f"Not drawn, as there are too many: {', '.join(rest)}.",) if rest else ()
    yield Section(title="Where deals come from", text=text, figures=tuple(drawn))


def _customers(fitted: Fitted) -> Iterator[Section]:
    base = fitted.customers
    if base is None:
        return
    said = tuple(f"{text}." for text in base.part().comments.values())
    figures: tuple[Figure, ...] = ()
    if isinstance(base, FittedOrders):
        figures = (
            Figure(
                drawn=pictures.tracking(base),
                caption="All repeat orders so far, and as many as new customers of the fitted "
                "population would have made. Lines that part: something has changed since.",
            ),
            Figure(
                drawn=pictures.order_counts(base),
                caption="How many customers ordered again how often, and as many as the fitted "
                "population would have.",
            ),
        )
    elif isinstance(base, FittedSubscriptions):
        figures = (
            Figure(
                drawn=pictures.lifetimes(base),
                caption="How many subscribers are left by age. Pale: as observed (Kaplan-Meier), "
                "where ten or more are under observation; thin: the fitted law.",
            ),
        )
    yield Section(title="Customers", text=said, figures=figures)


def _groups(pipeline: str, found: Groups, *, many: bool) -> Section:
    """Return the comparison of groups: the whole first, then the stages that differ."""
    table = found.table
    chosen = table[(table["of"] == WHOLE) | (table["p_holm"] < RARE)]
    drawn = tuple(
        Figure(
            drawn=found.plot(of=row["of"], what=row["what"]),
            caption=f"{compared(row['of'], row['what'])}: each {found.by} by itself, and drawn "
            "towards the others as far as chance may have made the difference.",
        )
        for row in chosen.to_dict("records")
    )
    where = f" in {pipeline}" if many else ""
    return Section(
        title=f"One process or many? By {found.by}{where}",
        text=(found.sentence,),
        figures=drawn,
        tables=(Table.of(_compared(table), caption="All comparisons. p: chance of as much where "
                         "groups do not differ; corrected for their number by Holm's method."),),
    )  # fmt: skip


def _compared(table: pd.DataFrame) -> pd.DataFrame:
    """Return the comparisons as people read them: factors instead of logarithms."""
    import numpy as np

    shown = table.assign(low=np.exp(table["sd_low"]), high=np.exp(table["sd_high"]))
    return shown[[*COLUMNS]].rename(columns=COLUMNS)


def _reading(fitted: Fitted) -> Section:
    table = report_table(fitted.history).rename(columns=str.capitalize)
    return Section(
        title="What was read",
        text=(f"{counted(len(fitted.history.files), 'file')}; nothing is dropped unsaid.",),
        tables=(Table.of(table),),
    )
