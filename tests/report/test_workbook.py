"""The workbook of a run says what the forecast says, and its checks find what does not agree."""

from pathlib import Path

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

import salessim as ss
from salessim.report.workbook import write_workbook

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def run():
    plan = ss.load_plan(CONFIGS / "saas.toml")
    return ss.Run.of(plan, ss.simulate(plan, trajectories=60, seed=5))


@pytest.fixture(scope="module")
def written(run, tmp_path_factory):
    return write_workbook(run, tmp_path_factory.mktemp("books") / "forecast.xlsx")


def rows(path, sheet):
    """All rows of a sheet as calamine reads them: the cached values of formulas."""
    return CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python()


def table(path, sheet, *, below):
    """The rows under the header whose first cell is ``below``, up to an empty one."""
    found = rows(path, sheet)
    start = next(at for at, row in enumerate(found) if row and row[0] == below) + 1
    end = next((at for at in range(start, len(found)) if found[at][0] == ""), len(found))
    return found[start:end]


def test_every_figure_of_the_forecast_is_in_it_to_the_cent(run, written):
    forecast = run.forecast
    for sheet, part in (
        ("Forecast", forecast),
        ("Without external leads", forecast.without_external_leads()),
    ):
        *by_period, total = table(written, sheet, below="Month")
        series = part.bookings
        probabilities = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
        quantiles = np.quantile(series.samples, probabilities, axis=0)
        expected = np.column_stack([series.summary.mean, series.summary.se, quantiles.T])
        # the file holds 16 digits
        np.testing.assert_allclose([row[1:10] for row in by_period], expected, rtol=1e-14)
        assert [row[0] for row in by_period] == list(series.periods)
        whole = series.total_summary
        expected = [whole.mean, whole.se, *np.quantile(series.total(), probabilities)]
        np.testing.assert_allclose(total[1:10], expected, rtol=1e-14)


def test_the_same_run_gives_the_same_bytes(run, written, tmp_path):
    again = write_workbook(run, tmp_path / "again.xlsx")
    assert again.read_bytes() == written.read_bytes()


def test_a_file_that_is_there_is_kept(run, tmp_path):
    path = tmp_path / "forecast.xlsx"
    path.write_text("mine")
    with pytest.raises(ss.SalessimError, match=r"forecast\.xlsx: it exists already"):
        write_workbook(run, path)
    assert path.read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named(run, tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "forecast.xlsx"
    with pytest.raises(ss.SalessimError, match=r"forecast\.xlsx: cannot be written: "):
        write_workbook(run, path)
