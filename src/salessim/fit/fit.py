"""From a history to a plan that runs by itself."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salessim._version import __version__
from salessim.config import Plan, load_plan
from salessim.config.words import counted
from salessim.errors import SalessimError
from salessim.fit.at_start import open_deals, past_bookings
from salessim.fit.customers import FittedBase, fit_customers
from salessim.fit.history import Deals, History
from salessim.fit.known import known_on
from salessim.fit.leads import leads_of, new_customers
from salessim.fit.merging import merged
from salessim.fit.names import plain
from salessim.fit.parts import Part
from salessim.fit.pipelines import FittedPipeline, fit_pipeline
from salessim.fit.reading_report import report_lines
from salessim.fit.records import with_records
from salessim.fit.sources import SourceFit, fit_sources, silent_pipelines, sources_part
from salessim.fit.writing import plan_text, publish
from salessim.readable import printable

if TYPE_CHECKING:
    import pandas as pd

OPEN_DEALS, CUSTOMERS = "open_deals.csv", "customers.csv"
MOST_FINDINGS = 40
"""Lines about reading in a plan; the report has all."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What was measured, and the plan it makes.

    Attributes
    ----------
    history : History
        As it was known at the end of `as_of`.
    as_of : date
        The plan starts the day after.
    horizon : str
        Of the plan: ``"12 months"``.
    currency : str
    pipelines : tuple of FittedPipeline
    sources : tuple of SourceFit
    customers : FittedBase or None
    remarks : tuple of str
        What is to be known of the whole, in sentences.
    asked_as_of : date or None
        `as_of` where it was asked for; None = the last day of the records.
    half_life : float or None
        In days, as asked for.
    """

    history: History
    as_of: date
    horizon: str
    currency: str
    pipelines: tuple[FittedPipeline, ...]
    sources: tuple[SourceFit, ...]
    customers: FittedBase | None
    remarks: tuple[str, ...]
    asked_as_of: date | None = None
    half_life: float | None = None

    @property
    def start(self) -> date:
        """Return the first day of the plan."""
        return self.as_of + timedelta(days=1)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what must be read before the plan is trusted, in sentences."""
        return self.part.warnings

    @cached_property
    def open_deals(self) -> pd.DataFrame:
        """Return the deals in progress: `id`, `stage`, `entered`, `amount`."""
        factors = {pipeline.name: pipeline.won_to_quoted for pipeline in self.pipelines}
        measured = [deals for deals in self.history.deals if deals.pipeline in factors]
        return open_deals(measured, won_to_quoted=factors)

    @cached_property
    def part(self) -> Part:
        """Return all that the plan says."""
        parts = [Part(document=self._frame())]
        parts += [pipeline.part() for pipeline in self.pipelines]
        if self.customers is not None:
            parts.append(self.customers.part())
        parts += [sources_part(self.sources), Part(document={}, warnings=self.remarks)]
        whole = merged(parts)
        order = ("title", "currency", "forecast", "sustainability", "pipelines", "sources")
        known = [key for key in order if key in whole.document]
        keys = [*known, *(key for key in whole.document if key not in known)]
        return replace(whole, document={key: whole.document[key] for key in keys})

    def _frame(self) -> dict[str, Any]:
        """Return what no single fit says."""
        frame: dict[str, Any] = {
            "title": f"Forecast from {_names(self.history)}, as of {self.as_of}",
            "currency": self.currency,
            "forecast": {"start": self.start, "horizon": self.horizon, "period": "month"},
        }
        past = past_bookings(self.history, self.start)
        if past is not None:
            frame["sustainability"] = {"past": past}
        if len(self.open_deals):
            frame["open_deals"] = {"file": OPEN_DEALS}
        return frame

    def files(
        self, name: str, *, folder: Path | None = None, command: Sequence[str] = ()
    ) -> dict[str, str | pd.DataFrame]:
        """Return what is written, by file name; the plan, called ``name``, comes last.

        ``folder`` is where the plan goes: from there it names what it was measured from.
        """
        files: dict[str, str | pd.DataFrame] = {}
        if len(self.open_deals):
            files[OPEN_DEALS] = self.open_deals
        if self.customers is not None:
            files[CUSTOMERS] = self.customers.customers
        part = self.part
        if self.history.told is not None and folder is not None:
            asked, half_life = self.asked_as_of, self.half_life
            part = with_records(part, self.history.told, folder, as_of=asked, half_life=half_life)
        return {**files, name: plan_text(part, header=self._header(command))}

    def plan(self) -> Plan:
        """Return the plan, ready to be simulated."""
        folder = Path(tempfile.mkdtemp(prefix="salessim-fit-"))
        publish(folder / "fitted.toml", self.files("fitted.toml", folder=folder))
        plan = load_plan(folder / "fitted.toml")
        # Changed copies read the files again; all of them share what was read of the plan itself.
        weakref.finalize(plan._layers[0], shutil.rmtree, folder, ignore_errors=True)  # noqa: SLF001
        return plan

    def save(self, path: str | Path, *, command: Sequence[str] = ()) -> Path:
        """Write the plan, and beside it ``open_deals.csv`` and ``customers.csv`` where it has them.

        Parameters
        ----------
        path : str or path
            Of the plan. Neither it nor the files beside it may exist.
        command : sequence of str
            As typed, for the plan's comments.

        Returns
        -------
        Path
            That of the plan.

        Raises
        ------
        SalessimError
            A file exists, or cannot be written: nothing is.
        """
        path = Path(path)
        publish(path, self.files(path.name, folder=path.parent, command=command))
        return path

    def _header(self, command: Sequence[str]) -> list[str]:
        """Return the comments at the top of the plan."""
        first = (
            f"Written by salessim {__version__}: what the records say, as of {self.as_of}. To "
            "decide otherwise, write a plan of your own that extends this one."
        )
        said = [first, ""]
        if command:
            said += [f"Command: {' '.join(command)}"]
        said += [f"{name}: sha256 {digest}" for name, digest in self.history.files]
        found = report_lines(self.history)
        said += found[:MOST_FINDINGS]
        if len(found) > MOST_FINDINGS:
            said.append(f"... and {counted(len(found) - MOST_FINDINGS, 'line')} more")
        if self.warnings:
            said += ["", "Read before you trust it:"]
            said += [f"- {warning}" for warning in self.warnings]
        return said


def fit_history(
    history: History,
    *,
    as_of: date | None = None,
    horizon: str = "12 months",
    half_life: float | None = None,
    families: Sequence[str] | None = None,
    currency: str = "USD",
) -> Fitted:
    """Measure stages, sources and customers, and make them a plan.

    Parameters
    ----------
    history : History
        From `read_history`.
    as_of : date, optional
        Nothing after the end of this day is used; the last complete day when not given.
    horizon : str
        How far the plan forecasts, from the day after.
    half_life : float, optional
        Days after which a visit to a stage counts half; all count alike when not given.
    families : sequence of str, optional
        Of laws of times to choose from; all when not given.
    currency : str
        What amounts are called.

    Raises
    ------
    SalessimError
        There is nothing to measure by then, with the remedy.
    """
    day = last_day(history) if as_of is None else as_of
    known = _plain_names(known_on(history, day))
    pipelines, remarks = _pipelines(known.deals, half_life=half_life, families=families)
    customers = fit_customers(known)
    if not pipelines and customers is None:
        raise SalessimError(*(remarks or ["the history holds no deals, orders or subscriptions"]))
    measured = tuple(
        deals for deals in known.deals if deals.pipeline in {fitted.name for fitted in pipelines}
    )
    # where deals are won their buyers are the new customers; else first orders say how many come
    leads = list(map(leads_of, measured))
    if customers is not None and not measured:
        leads = new_customers(known, customers.first_orders)
    sources = fit_sources(leads)
    return Fitted(
        history=known,
        as_of=day,
        horizon=horizon,
        currency=currency,
        pipelines=pipelines,
        sources=sources,
        customers=customers,
        remarks=(*remarks, *silent_pipelines([each.pipeline for each in leads], sources)),
        asked_as_of=as_of,
        half_life=half_life,
    )


def last_day(history: History) -> date:
    """Return the last day that the records tell whole."""
    parts = (*history.deals, history.orders, history.subscriptions)
    ends = [part.until for part in parts if part is not None]
    if not ends:
        raise SalessimError("the history holds no deals, orders or subscriptions")
    return max(ends).floor("D").date() - timedelta(days=1)


def _pipelines(
    many: Iterable[Deals], *, half_life: float | None, families: Sequence[str] | None
) -> tuple[tuple[FittedPipeline, ...], list[str]]:
    """Fit each pipeline; those of which nothing is known yet are left out and said."""
    fitted: list[FittedPipeline] = []
    left_out: list[str] = []
    for deals in many:
        try:
            fitted.append(fit_pipeline(deals, half_life=half_life, families=families))
        except SalessimError as error:
            if len(deals.moves):
                raise
            left_out += error.problems
    return tuple(fitted), left_out


def _plain_names(history: History) -> History:
    """Return a history whose names may stand in addresses of a plan."""
    pipelines = plain([deals.pipeline for deals in history.deals])
    return replace(
        history,
        deals=tuple(
            replace(deals, pipeline=name, stages=tuple(plain(deals.stages)))
            for name, deals in zip(pipelines, history.deals, strict=True)
        ),
    )


def _names(history: History) -> str:
    names = [printable(name) for name, _ in history.files]
    if len(names) > 2:
        return f"{names[0]} and {len(names) - 1} more files"
    return " and ".join(names) or "records"
