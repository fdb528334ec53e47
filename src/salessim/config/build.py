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
    check_source_pipelines,
    check_sources,
    make_timeline,
    notes_on,
)
from salessim.config.csv_text import TableError
from salessim.config.customers import customers_by_count, read_customers
from salessim.config.documents import BY_NAME
from salessim.config.make_laws import LawMaker
from salessim.config.open_deals import DealsReader, deals_by_count
from salessim.config.problems import Path, Problems
from salessim.config.tables import DataTable, does_without, read_table
from salessim.config.words import counted
from salessim.model.plan import (
    Customers,
    Model,
    NoDecision,
    OpenDeals,
    Pipeline,
    Source,
    Stage,
    Sustainability,
)


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
        check_source_pipelines(self.document, names, self.problems)
        check_sources(plan, self.problems, has_customers="customers" in self.document)
        timeline = make_timeline(plan, self.problems)
        laws = LawMaker(self.problems, self._read_file)
        customers = self._customers(plan, laws)
        deals = self._open_deals(plan, names)
        open_stages = sorted(set(deals.stages)) if deals else []
        pipelines = tuple(
            self._pipeline(name, table, laws, open_stages, deals_known=self._deals_known(deals))
            for name, table in plan.pipelines.items()
        )
        if timeline is None or self.problems:
            return None
        self.notes += notes_on(plan, open_stages, end=timeline.period_start(timeline.simulated))
        verdict = plan.sustainability
        model = Model(
            title=plan.title,
            currency=plan.currency,
            timeline=timeline,
            pipelines=pipelines,
            sources=tuple(_source(name, table) for name, table in plan.sources.items()),
            customers=customers,
            open_deals=deals,
            sustainability=Sustainability(
                need=verdict.need,
                past=tuple(verdict.past or ()),
                self_sustaining=verdict.self_sustaining,
                fragile=verdict.fragile,
            ),
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

    def _deals_known(self, deals: OpenDeals | None) -> bool:
        return deals is not None or "open_deals" not in self.document

    def _pipeline(
        self,
        name: str,
        table: schema.Pipeline,
        laws: LawMaker,
        open_stages: list[str],
        *,
        deals_known: bool,
    ) -> Pipeline:
        path: Path = ("pipelines", name)
        if deals_known:
            check_reachable(name, table, open_stages, self.problems)
        return Pipeline(
            name=name,
            stages=tuple(
                _stage(stage, laws, (*path, "stages", index))
                for index, stage in enumerate(table.stages)
            ),
            amount=laws.amount_law(table.amount, (*path, "amount")),
        )

    def _customers(self, plan: schema.Document, laws: LawMaker) -> Customers | None:
        table = plan.customers
        if table is None:
            return None
        lifetime = laws.time_law(table.lifetime, ("customers", "lifetime"))
        ids, tenures = customers_by_count(table)
        path: Path = ("customers", "file")
        if table.file is not None:
            data = self._read_file(path, table.file)
            if data is None:
                return None
            try:
                ids, tenures = read_customers(table, data, plan.forecast.start)
            except TableError as error:
                self._add_all(path, error)
                return None
            rows, people = counted(len(data.rows), "row"), counted(len(ids), "customer")
            self.notes.append(f"{data.name}: {rows} read, {people}")
            if tenures is None:
                self.notes.append(does_without(data, "since", "how long they stayed is unknown"))
        if ids and tenures is None and not lifetime.is_memoryless:
            remedy = (
                'say tenure = "200 days"'
                if table.file is None
                else "give the file a column `since`"
            )
            self.problems.add(
                ("customers", "lifetime"),
                "only an exponential lifetime does without the customers' tenure: how long they "
                f"will stay depends on how long they have; {remedy}",
            )
        return Customers(lifetime=lifetime, ids=ids, tenure_days=tenures)

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


def _stage(table: schema.Stage, laws: LawMaker, path: Path) -> Stage:
    cycle_time = laws.time_law(table.cycle_time, (*path, "cycle_time"))
    loss_time = cycle_time
    if table.loss_time is not None:
        loss_time = laws.time_law(table.loss_time, (*path, "loss_time"))
    no_decision = None
    if table.no_decision is not None:
        after = laws.time_law(table.no_decision.after, (*path, "no_decision", "after"))
        no_decision = NoDecision(share=table.no_decision.share, after=after)
    return Stage(
        name=table.name,
        conversion=table.conversion,
        cycle_time=cycle_time,
        loss_time=loss_time,
        no_decision=no_decision,
        stuck_share=table.stuck.share if table.stuck else 0.0,
    )


def _source(name: str, table: schema.Source) -> Source:
    return Source(
        name=name,
        kind=table.kind,
        pipeline=table.pipeline,
        rate=table.rate,
        buyer_is_new=table.buyer != "existing",
        growth_per_month=table.growth,
        season=tuple(table.season or ()),
        starts=table.starts,
        ends=table.ends,
    )
