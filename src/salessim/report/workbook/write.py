"""A finished run as a workbook: what goes where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from salessim.api.finished import Run
from salessim.forecast.ranked_deals import RankedDeals
from salessim.report.new_file import write_new
from salessim.report.workbook.book import Book
from salessim.report.workbook.charts import charts_sheets
from salessim.report.workbook.checks import Tables, checks_sheet
from salessim.report.workbook.deals import deals_sheet
from salessim.report.workbook.funnel import funnel_sheets
from salessim.report.workbook.inputs import inputs_sheet
from salessim.report.workbook.series import (
    base_sheet,
    customers_sheet,
    forecast_sheet,
    origins_sheet,
)
from salessim.report.workbook.studies import Studies
from salessim.report.workbook.summary import summary_sheet

FIRST = (
    "Summary", "Charts", "Forecast", "Without external leads", "Origins", "Customers", "Funnel",
    "Funnel by period",
)  # fmt: skip
LAST = ("Inputs", "Checks", "Chart data")


def write_workbook(run: Run, path: Path) -> Path:
    """Write the workbook of a run; the same run gives the same bytes.

    Parameters
    ----------
    run : Run
    path : Path
        Nothing may be there.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SalessimError
        The file exists, or cannot be written; nothing of it is left then.
    """
    return write_new(path, lambda: workbook(run))


def workbook(run: Run) -> bytes:
    """Return the bytes that `write_workbook` writes."""
    forecast = run.forecast
    ranked = run.deals
    studies = Studies.of(run)
    book = Book(forecast.labels.title, (*FIRST, *_more(ranked, studies), *LAST))
    sheets = book.sheets
    tables = Tables(
        forecast=forecast_sheet(sheets["Forecast"], forecast),
        base=base_sheet(sheets["Without external leads"], forecast),
        origins=origins_sheet(sheets["Origins"], forecast),
        customers=customers_sheet(sheets["Customers"], forecast),
        funnel=funnel_sheets(sheets["Funnel"], sheets["Funnel by period"], forecast.stage_flows),
    )
    if ranked.count:
        deals_sheet(sheets["Open deals"], ranked)
    checks, charts = studies.write(sheets)
    inputs_sheet(sheets["Inputs"], run)
    checked = checks_sheet(sheets["Checks"], tables, more=checks)
    summary_sheet(sheets["Summary"], run, checked=checked)
    charts_sheets(
        sheets["Charts"], sheets["Chart data"], sheets["Summary"], tables=tables,
        forecast=forecast, more=charts,
    )  # fmt: skip
    return book.content()


def _more(ranked: RankedDeals, studies: Studies) -> Iterator[str]:
    """Yield the sheets that not every run has."""
    if ranked.count:
        yield "Open deals"
    yield from studies.names
