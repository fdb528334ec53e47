"""The workbook of a run says what the forecast says, and its checks find what does not agree."""

import json
import re
import zipfile
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

import salessim as ss
from salessim.report.workbook import write_workbook
from tests.report import office

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


def test_a_run_that_is_read_back_gives_the_same_bytes(run, written, tmp_path):
    plan = ss.load_plan(CONFIGS / "saas.toml")
    folder = ss.save_run(plan, run.forecast, tmp_path / "run")
    again = write_workbook(ss.load_run(folder), tmp_path / "again.xlsx")
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


def test_every_chart_draws_something(written):
    drawn = office.charts(written)
    titles = (
        "With external leads: ", "Without external leads: ", "Mean bookings by the origin",
        "Active customers", "Customers gained and lost", "What became of the deals", "Open deals",
    )  # fmt: skip
    assert [sum(title.startswith(one) for title in drawn) for one in titles] == [1] * len(titles)
    assert all(sum(values) > 0 for values in drawn.values())


def test_computed_anew_all_formulas_give_what_is_cached(written, tmp_path):
    (computed,) = office.computed([written], tmp_path)
    cached, anew = office.sheets(written), office.sheets(computed)
    assert list(cached) == list(anew)
    numbers = 0
    for name, expected in cached.items():
        for row, (old, new) in enumerate(zip(expected, anew[name], strict=False)):
            for a, b in zip(old, new, strict=False):
                if isinstance(a, float) and isinstance(b, float):
                    assert a == pytest.approx(b, rel=1e-12, abs=1e-6), (name, row)
                    numbers += 1
                else:
                    assert a == b, (name, row)
    assert numbers > 1000
    results = [row[5] for row in anew["Checks"] if row[5] in ("OK", "NOT OK")]
    assert len(results) > 20
    assert set(results) == {"OK"}
    assert "OK" in [cell for row in anew["Summary"] for cell in row]


WRONG = (
    (
        {"Forecast": "B8", "Customers": "C12"},
        {"bookings: the periods add up", "Origins add up", "Pipelines add up to the forecast,",
         "Customers gained", "Customers at the end"},
    ),
    (
        {"Without external leads": "B8", "Funnel by period": "F60"},
        {"bookings: the periods add up", "Open deals and customers", "imbalance", "Deals won"},
    ),
    ({"Origins": "C8"}, {"Origin customers", "Origins add up", "Open deals and customers"}),
)  # fmt: skip
"""Numbers that are changed, and the checks that they must fail."""


def test_a_changed_number_does_not_agree_any_more(written, tmp_path):
    files = [
        office.changed(written, cells, tmp_path / f"{number}.xlsx", 1.001)
        for number, (cells, _) in enumerate(WRONG)
    ]
    for file, (cells, failing) in zip(office.computed(files, tmp_path), WRONG, strict=True):
        found = office.sheets(file)
        said = {row[0]: row[5] for row in found["Checks"] if row[5] in ("OK", "NOT OK")}
        assert said.pop("All checks") == "NOT OK"
        assert "NOT OK" in [cell for row in found["Summary"] for cell in row]
        bad = [name for name, result in said.items() if result == "NOT OK"]
        assert len(bad) < len(said) / 2, cells
        for words in failing:
            assert any(words in name for name in bad), (cells, words, bad)


HOSTILE = ("=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "<b>&\"'", "[x]*?/:\\", "http://a/b")
"""What a spreadsheet would compute or follow, and what breaks XML or the name of a sheet."""


def wild_plan(folder, *, periods, stages, sources, amount, unit="week"):
    names = [f"{HOSTILE[i % len(HOSTILE)]} {i}" for i in range(max(stages, sources))]
    quoted = [json.dumps(name) for name in names]
    text = [
        f"title = {json.dumps(HOSTILE[0])}", f"currency = {json.dumps('=A1&[$]')}",
        "[forecast]", "start = 2027-01-04", f'horizon = "{periods} {unit}s"', f'period = "{unit}"',
        f"[pipelines.{quoted[0]}]", f"amount = {{ fixed = {amount} }}",
    ]  # fmt: skip
    for name in quoted[:stages]:
        text += [f"[[pipelines.{quoted[0]}.stages]]", f"name = {name}", "conversion = 0.98"]
    for name in quoted[:sources]:
        text += [f"[sources.{name}]", 'kind = "external"', f"pipeline = {quoted[0]}"]
        text += ['rate = "2 per week"']
    path = folder / "plan.toml"
    path.write_text("\n".join(text), encoding="utf-8")
    return ss.load_plan(path)


WILD = (
    {"periods": 1, "stages": 1, "sources": 1, "amount": 0.01, "unit": "month"},
    {"periods": 260, "stages": 2, "sources": 3, "amount": 1e12},
    {"periods": 6, "stages": 40, "sources": 30, "amount": 0},
)


def test_wild_plans_make_good_workbooks(tmp_path):
    paths = []
    for number, wild in enumerate(WILD):
        plan = wild_plan(tmp_path, **wild)
        run = ss.Run.of(plan, ss.simulate(plan, trajectories=3, seed=1))
        paths.append(write_workbook(run, tmp_path / f"{number}.xlsx"))
    for file in (*paths, *office.computed(paths, tmp_path)):
        found = office.sheets(file)
        assert {row[5] for row in found["Checks"]} & {"OK", "NOT OK"} == {"OK"}
        assert found["Summary"][0][0] == "=1+1"
        cells = [str(cell) for rows in found.values() for row in rows for cell in row]
        assert not [cell for cell in cells if cell.startswith(("#", "Err:"))]


def test_what_people_called_things_is_never_computed_or_followed(tmp_path):
    plan = wild_plan(tmp_path, periods=2, stages=7, sources=12, amount=5)
    run = ss.Run.of(plan, ss.simulate(plan, trajectories=2, seed=1))
    with zipfile.ZipFile(write_workbook(run, tmp_path / "forecast.xlsx")) as book:
        parts = {name: book.read(name).decode() for name in book.namelist()}
    # of cells and of charts
    formulas = re.findall("<(?:c:)?f>(.*?)</", "".join(parts.values()))
    assert formulas
    marks = ("1+1", "cmd", "SUM(A1)", "&amp;", "http", "[")
    assert not [one for one in formulas if any(mark in one for mark in marks)]
    assert not [name for name, text in parts.items() if "<hyperlink" in text]
    for text in parts.values():
        fromstring(text)  # noqa: S314  (our own)


def test_one_trajectory_has_no_error_and_says_so(tmp_path):
    plan = ss.load_plan(CONFIGS / "saas.toml")
    run = ss.Run.of(plan, ss.simulate(plan, trajectories=1, seed=1))
    path = write_workbook(run, tmp_path / "forecast.xlsx")
    *by_period, _ = table(path, "Forecast", below="Month")
    assert {row[2] for row in by_period} == {""}
    said = [str(cell) for row in rows(path, "Summary") for cell in row]
    assert any("one trajectory has no Monte Carlo error" in cell for cell in said)
    assert "not defined for one trajectory" in said


def test_a_run_without_stage_flows_says_why_there_is_no_funnel(run, tmp_path):
    bare = replace(run, forecast=replace(run.forecast, stage_flows=None))
    path = write_workbook(bare, tmp_path / "forecast.xlsx")
    assert any("no funnel.parquet" in str(row[0]) for row in rows(path, "Funnel"))
    assert not any("Deals won" in str(row[0]) for row in rows(path, "Checks"))


def test_every_number_of_the_plan_is_an_input(run, written):
    found = {row[0]: row for row in table(written, "Inputs", below="Key")}

    assert found["sources.outbound.rate"][1:4] == [60.0, "per month", "60 per month"]
    assert found["sources.outbound.growth"][1:3] == [0.01, "per month"]
    assert found["pipelines.new_business.stages.contract.conversion"][1:3] == [0.85, "share"]
    assert found["pipelines.expansion.amount.lognormal.median"][1:3] == [4000.0, "USD"]
    assert found["sustainability.need"][1:3] == [420_000.0, "USD a month"]
    assert found["forecast.trajectories"][1] == 60.0
    assert found["forecast.seed"][1] == 5.0
    unsure = found["sources.upsell.rate.p05"]
    assert unsure[1:3] == [1.0, "per 220 days"]
    assert unsure[4].startswith("90% from 1 per 220 days to 1 per 147 days; middle")
    text = run.plan.to_toml().splitlines()
    assert text[int(found["sources.events.rate"][5]) - 1] == 'rate = "20 per quarter"'


def test_charts_do_not_cover_each_other(tmp_path):
    # narrow columns: the charts of the first sheet are wider than its tables
    plan = wild_plan(tmp_path, periods=3, stages=2, sources=1, amount=5, unit="month")
    run = ss.Run.of(plan, ss.simulate(plan, trajectories=2, seed=1))
    with zipfile.ZipFile(write_workbook(run, tmp_path / "forecast.xlsx")) as book:
        drawings = [name for name in book.namelist() if name.startswith("xl/drawings/drawing")]
        for name in drawings:
            place = (
                r"<xdr:col>(\d+)</xdr:col><xdr:colOff>(\d+)</xdr:colOff><xdr:row>(\d+)</xdr:row>"
            )
            ends = [tuple(map(int, one)) for one in re.findall(place, book.read(name).decode())]
            boxes = list(zip(ends[::2], ends[1::2], strict=True))
            for (_, (right, over, bottom)), (start, _) in combinations(boxes, 2):
                assert start[:2] >= (right, over) or start[2] >= bottom, name
    assert len(drawings) == 2
