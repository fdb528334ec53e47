"""From a document to the model: sections first, then what holds between them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import ValidationError

from salessim.config import schema
from salessim.config.checks import (
    Names,
    check_customer_sources,
    check_names,
    check_source_pipelines,
    notes_on,
)
from salessim.config.correlation import Inputs, make_correlations
from salessim.config.csv_text import TableError
from salessim.config.curves import idle_curves, make_curves
from salessim.config.customers import (
    NOBODY,
    Roster,
    customers_by_count,
    make_customers,
    read_customers,
)
from salessim.config.flow import check_flow, check_returns
from salessim.config.make_laws import LawMaker
from salessim.config.mend import valid_parts
from salessim.config.numbers import name_numbers
from salessim.config.open_deals import DealsReader, deals_by_count
from salessim.config.problems import Path, Problems
from salessim.config.sections import make_pipeline, make_source, make_sustainability
from salessim.config.segments import check_segments
from salessim.config.shocks import make_shocks
from salessim.config.tables import DataTable, does_without, read_table
from salessim.config.timeline import make_targets, make_timeline
from salessim.config.within import check_within
from salessim.config.words import counted
from salessim.model.calendar import Timeline
from salessim.model.plan import Curve, Customers, Model, OpenDeals, Pipeline
from salessim.model.uncertain import Uncertain

Known = TypeVar("Known")


@dataclass
class Builder:
    """Builds the model of one document; gathers problems, notes and what was read.

    Attributes
    ----------
    document : dict
        Merged and changed.
    locate : callable
        Path of a `file` key and its value -> the file.
    known : dict
        What data files say, by all that it depends on; shared by a plan and its scenarios, which
        mostly name the same files.
    """

    document: dict[str, Any]
    locate: Callable[[Path, str], FilePath]
    problems: Problems = field(default_factory=Problems)
    notes: list[str] = field(default_factory=list)
    known: dict[Any, Any] = field(default_factory=dict)
    read: dict[FilePath, str] = field(default_factory=dict)
    """sha256 of each data file."""
    _not_read: set[str] = field(default_factory=set)
    """Tables whose data files are not read: it is not known how."""

    def build(self) -> tuple[schema.Document, Model] | None:
        """Return the checked document and its model; None when there are problems."""
        plan = self._checked_document()
        if plan is None or self._lacks_stages():
            return None
        numbers = name_numbers(plan)
        names = self._check_tables(plan)
        timeline = self._timeline(plan)
        laws = LawMaker(self.problems, self._read_file)
        customers = self._customers(plan, laws)
        deals = self._open_deals(plan, names)
        check_segments(self.document, plan, deals, self.problems)
        pipelines = tuple(
            make_pipeline(name, table, laws) for name, table in plan.pipelines.items()
        )
        end = timeline.period_start(timeline.simulated) if timeline else None
        curves = self._curves(plan, names, pipelines, deals, end)
        shocks = make_shocks(self.document, plan, self.problems, self.notes)
        persistence = {shock.address: shock.persistence for shock in shocks}
        inputs = Inputs(numbers=numbers, shocks=persistence, document=self.document)
        correlations = make_correlations(plan.correlation, inputs, self.problems, self.notes)
        targets = make_targets(plan.targets, timeline, self.problems) if timeline else ()
        if timeline is None or self.problems:
            return None
        model = Model(
            title=plan.title,
            currency=plan.currency,
            timeline=timeline,
            pipelines=pipelines,
            sources=tuple(make_source(name, table) for name, table in plan.sources.items()),
            customers=customers,
            open_deals=deals,
            sustainability=make_sustainability(plan.sustainability),
            curves=curves,
            uncertain=tuple(n for n in numbers.values() if isinstance(n, Uncertain)),
            shocks=shocks,
            correlations=correlations,
            targets=targets,
        )
        return plan, model

    def _curves(
        self,
        plan: schema.Document,
        names: Names,
        pipelines: tuple[Pipeline, ...],
        deals: OpenDeals | None,
        end: date | None,
    ) -> tuple[Curve, ...]:
        """Return the curves, after a look at how deals flow under them."""
        curves = make_curves(plan.curves, names, end, self.problems)
        open_stages = sorted(set(deals.stages)) if deals else []
        unread = deals is None and "open_deals" in self.document
        span = (plan.forecast.start, end)
        check_flow(pipelines, curves, span, None if unread else open_stages, self.problems)
        if end is not None and not self.problems:
            self.notes += notes_on(plan, open_stages, end=end)
            self.notes += idle_curves(curves, pipelines, plan.forecast.start)
        return curves

    def _checked_document(self) -> schema.Document | None:
        """Return the document by its schema; of an invalid one, what its valid parts make."""
        document = self._with_samples(self.document, ())
        try:
            return schema.Document.model_validate(document)
        except ValidationError as error:
            self.problems.add_invalid(error, self.document)
        for head in ("customers", "open_deals"):
            # files are read by the columns and the start that the plan says, or not at all
            if self.problems.under((head,)) or self.problems.touch(("forecast", "start")):
                self._not_read.add(head)
        return valid_parts(document)

    def _lacks_stages(self) -> bool:
        """Say whether stages are no list: what names them would all be wrong too."""
        pipelines = self.document.get("pipelines")
        tables = pipelines.values() if isinstance(pipelines, dict) else ()
        written = (
            table["stages"] for table in tables if isinstance(table, dict) and "stages" in table
        )
        return any(not isinstance(stages, list) for stages in written)

    def _with_samples(self, value: Any, path: Path) -> Any:
        """Copy a part of the document; the files of samples become what they hold, or an error."""
        match value:
            case {"samples": str(name), **others} if not others:
                try:
                    return {"samples": self._table((*path, "samples"), name)}
                except TableError as error:
                    return {"samples": error}
            case dict():
                return {key: self._with_samples(item, (*path, key)) for key, item in value.items()}
            case list():
                return [self._with_samples(item, (*path, at)) for at, item in enumerate(value)]
        return value

    def _check_tables(self, plan: schema.Document) -> Names:
        """Check what needs no laws and no files; return the names that the document gives."""
        names = Names(self.document)
        check_within(self.document, plan, self.problems)
        check_names(plan, names, self.problems)
        check_returns(plan, self.problems)
        check_source_pipelines(self.document, names, self.problems)
        check_customer_sources(plan, self.document, self.problems)
        return names

    def _timeline(self, plan: schema.Document) -> Timeline | None:
        """Return the simulated time; None where it is not said."""
        keys = (("forecast", "start"), ("forecast", "horizon"), ("forecast", "period"))
        if any(self.problems.touch(key) for key in (*keys, ("sustainability", "span"))):
            return None
        return make_timeline(plan, self.problems)

    def _customers(self, plan: schema.Document, laws: LawMaker) -> Customers | None:
        table = plan.customers
        if table is None:
            return None
        busy = [name for name, source in plan.sources.items() if source.kind == "customer"]
        roster = self._roster(table, plan.forecast.start, busy)
        return make_customers(table, roster or NOBODY, laws, self.problems)

    def _roster(
        self, table: schema.Customers, start: date, sources: Sequence[str]
    ) -> Roster | None:
        """Return the customers at the start; None when their file cannot be read."""
        if table.file is None:
            return customers_by_count(table)
        path: Path = ("customers", "file")
        data = None if "customers" in self._not_read else self._read_file(path, table.file)
        if data is None:
            return None
        how = (
            data.name,
            data.sha256,
            repr(table.columns),
            table.date_format,
            *table.segments,
            *sources,
        )
        try:
            roster = self._once((*how, start), lambda: read_customers(table, data, start, sources))
        except TableError as error:
            self._add_all(path, error)
            return None
        rows, people = counted(len(data.rows), "row"), counted(len(roster.ids), "customer")
        self.notes.append(f"{data.name}: {rows} read, {people}")
        if roster.tenure_days is None:
            self.notes.append(does_without(data, "since", "how long they stayed is unknown"))
        return roster

    def _open_deals(self, plan: schema.Document, names: Names) -> OpenDeals | None:
        table = plan.open_deals
        unsound = "open_deals" in self._not_read or self.problems.under(("open_deals", "count"))
        if table is None or unsound:
            return None
        if table.file is None:
            return deals_by_count(table)
        path: Path = ("open_deals", "file")
        data = self._read_file(path, table.file)
        if data is None:
            return None
        start = plan.forecast.start
        how = (data.name, data.sha256, repr(table), *names.stages)

        def read() -> tuple[OpenDeals, list[str]]:
            reader = DealsReader(table, data, names.stages)
            return reader.read(start), reader.notes

        try:
            deals, notes = self._once((*how, start), read)
        except TableError as error:
            self._add_all(path, error)
            return None
        self.notes += notes
        return deals

    def _read_file(self, path: Path, name: str) -> DataTable | None:
        """Return what the file named at a path holds; None and a problem when it cannot be read."""
        try:
            return self._table(path, name)
        except TableError as error:
            self._add_all(path, error)
            return None

    def _table(self, path: Path, name: str) -> DataTable:
        file = self.locate(path, name)
        data = self._once(file, lambda: read_table(file))
        self.read[file] = data.sha256
        self.notes += data.notes
        return data

    def _once(self, key: Hashable, make: Callable[[], Known]) -> Known:
        """Return what was made for a key before, or make it."""
        if key not in self.known:
            self.known[key] = make()
        made: Known = self.known[key]
        return made

    def _add_all(self, path: Path, error: TableError) -> None:
        for text in error.args:
            self.problems.add(path, text)
