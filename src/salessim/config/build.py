"""From a document to the model: sections first, then what holds between them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from salessim.config import schema
from salessim.config.checks import (
    Names,
    check_names,
    check_reachable,
    check_returns,
    check_source_pipelines,
    check_sources,
    make_timeline,
    notes_on,
)
from salessim.config.csv_text import TableError
from salessim.config.curves import make_curves
from salessim.config.customers import customers_by_count, make_customers, read_customers
from salessim.config.documents import BY_NAME
from salessim.config.make_laws import LawMaker
from salessim.config.open_deals import DealsReader, deals_by_count
from salessim.config.problems import Path, Problems
from salessim.config.sections import make_pipeline, make_source
from salessim.config.segments import check_segments
from salessim.config.tables import DataTable, does_without, read_table
from salessim.config.words import counted
from salessim.model.plan import Customers, Model, OpenDeals, Sustainability


@dataclass
class Builder:
    """Builds the model of one document; gathers problems, notes and what was read.

    Attributes
    ----------
    document : dict
        Merged and changed.
    locate : callable
        Path of a `file` key and its value -> the file.
    """

    document: dict[str, Any]
    locate: Callable[[Path, str], FilePath]
    problems: Problems = field(default_factory=Problems)
    notes: list[str] = field(default_factory=list)
    read: dict[FilePath, str] = field(default_factory=dict)
    """sha256 of each data file."""

    def build(self) -> tuple[schema.Document, Model] | None:
        """Return the checked document and its model; None when there are problems."""
        plan = self._checked_document()
        if plan is None:
            return None
        names = Names(self.document)
        check_names(plan, names, self.problems)
        check_returns(plan, self.problems)
        check_source_pipelines(self.document, names, self.problems)
        check_sources(plan, self.problems, has_customers="customers" in self.document)
        timeline = make_timeline(plan, self.problems)
        laws = LawMaker(self.problems, self._read_file)
        customers = self._customers(plan, laws)
        deals = self._open_deals(plan, names)
        check_segments(plan, deals, self.problems)
        open_stages = sorted(set(deals.stages)) if deals else []
        pipelines = tuple(
            make_pipeline(name, table, laws) for name, table in plan.pipelines.items()
        )
        deals_known = deals is not None or "open_deals" not in self.document
        for pipeline in pipelines if deals_known else ():
            if not self.problems.under(("pipelines", pipeline.name)):
                check_reachable(pipeline, open_stages, self.problems)
        end = timeline.period_start(timeline.simulated) if timeline else None
        curves = make_curves(plan.curves, names, end, self.problems)
        if end is None or timeline is None or self.problems:
            return None
        self.notes += notes_on(plan, open_stages, end=end)
        verdict = plan.sustainability
        model = Model(
            title=plan.title,
            currency=plan.currency,
            timeline=timeline,
            pipelines=pipelines,
            sources=tuple(make_source(name, table) for name, table in plan.sources.items()),
            customers=customers,
            open_deals=deals,
            sustainability=Sustainability(
                need=verdict.need,
                past=tuple(verdict.past or ()),
                self_sustaining=verdict.self_sustaining,
                fragile=verdict.fragile,
            ),
            curves=curves,
        )
        return plan, model

    def _checked_document(self) -> schema.Document | None:
        """Return the document by its schema; of an invalid one, the parts that are valid.

        So that one run says what is wrong with each table and what does not fit together.
        """
        try:
            return schema.Document.model_validate(self.document)
        except ValidationError as error:
            self.problems.add_invalid(error, self.document)
        rest = copy.deepcopy(self.document)
        for problem in self.problems:
            _cut(rest, problem.path)
        _stand_in(rest)
        try:
            return schema.Document.model_validate(rest)
        except ValidationError:
            return None

    def _customers(self, plan: schema.Document, laws: LawMaker) -> Customers | None:
        table = plan.customers
        if table is None:
            return None
        if table.file is None:
            return make_customers(table, customers_by_count(table), laws, self.problems)
        path: Path = ("customers", "file")
        data = self._read_file(path, table.file)
        if data is None:
            return None
        try:
            roster = read_customers(table, data, plan.forecast.start)
        except TableError as error:
            self._add_all(path, error)
            return None
        rows, people = counted(len(data.rows), "row"), counted(len(roster.ids), "customer")
        self.notes.append(f"{data.name}: {rows} read, {people}")
        if roster.tenure_days is None:
            self.notes.append(does_without(data, "since", "how long they stayed is unknown"))
        return make_customers(table, roster, laws, self.problems)

    def _open_deals(self, plan: schema.Document, names: Names) -> OpenDeals | None:
        table = plan.open_deals
        if table is None or self.problems.under(("open_deals", "count")):
            return None
        if table.file is None:
            return deals_by_count(table)
        path: Path = ("open_deals", "file")
        data = self._read_file(path, table.file)
        if data is None:
            return None
        reader = DealsReader(table, data, names.stages)
        try:
            deals = reader.read(plan.forecast.start)
        except TableError as error:
            self._add_all(path, error)
            return None
        self.notes += reader.notes
        return deals

    def _read_file(self, path: Path, name: str) -> DataTable | None:
        file = self.locate(path, name)
        try:
            data = read_table(file)
        except TableError as error:
            self._add_all(path, error)
            return None
        self.read[file] = data.sha256
        self.notes += data.notes
        return data

    def _add_all(self, path: Path, error: TableError) -> None:
        for text in error.args:
            self.problems.add(path, text)


def _cut(document: dict[str, Any], path: Path) -> None:
    """Take the part that holds an invalid value out: a pipeline, a source, a table, a key.

    A forecast without a good horizon gets a stand-in, so that files are still read by its start.
    """
    head, below = str(path[0]) if path else "", path[1:2]
    table = document.get(head)
    if head in BY_NAME and below and isinstance(table, dict):
        table.pop(below[0], None)
    elif (
        head == "forecast" and below != ("start",) and isinstance(table, dict) and "start" in table
    ):
        table.pop(below[0] if below else "horizon", None)
        table.setdefault("horizon", "24 months")
        if below == ("period",):
            table["horizon"] = "24 months"
    else:
        document.pop(head, None)


def _stand_in(document: dict[str, Any]) -> None:
    """Put a valid forecast or pipeline where none is left, to check what does not need them."""
    if "forecast" not in document:
        document["forecast"] = {"start": date(2000, 1, 1), "horizon": "24 months"}
        for name in ("customers", "open_deals"):
            document.pop(name, None)  # their files are read by the start
    if not document.get("pipelines"):
        stage = {"name": "stand-in", "conversion": 1}
        document["pipelines"] = {"stand-in": {"amount": {"fixed": 0}, "stages": [stage]}}
