"""What notebooks show: numbers of the result, and names that are text whatever they hold."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import forecast_cube as fc
import numpy as np
import pytest

import salessim as ss
from salessim.forecast import notebook
from salessim.forecast.answer import answer
from salessim.readable import amount, few_digits, percent
from tests.html_reader import Reader

SAAS = Path(__file__).parents[2] / "configs" / "saas.toml"
WICKED = "<script>alert(1)</script> & \x1b[31m"


class Cells(Reader):
    """Rows of all tables of a page, as text."""

    def __init__(self, text):
        self.rows = []
        super().__init__(text)

    def handle_starttag(self, tag, attrs):
        super().handle_starttag(tag, attrs)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        super().handle_data(data)
        if self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def rows(shown):
    """The rows of what is shown by their first cell, the last where several begin alike."""
    return {first: rest for first, *rest in Cells(shown._repr_html_()).rows}


@pytest.fixture(scope="module")
def noise():
    return fc.forecast(fc.random_cube(), need=34_500)


@pytest.fixture(scope="module")
def plan():
    return ss.load_plan(SAAS)


def test_a_forecast_shows_its_totals_with_and_without_leads(noise):
    found = rows(noise)
    total = noise.bookings.total_summary
    assert found["Bookings"] == [amount(float(x) / 1_000) for x in total]
    customers = noise.without_external_leads().active_customers.total_summary
    assert found["- without external leads"] == [amount(float(x)) for x in customers]
    assert len(found["2027-03-01"]) == 5
    said = Reader(noise._repr_html_()).text
    assert all(sentence in said for sentence in answer(noise))
    assert f"{percent(noise.verdict.probability)} probability" in said


def test_a_verdict_shows_its_sentences(noise):
    said = Reader(noise.verdict._repr_html_()).text
    assert said == "".join(noise.verdict.sentences())


def test_series_and_their_parts_show_statistics(noise):
    found = rows(noise.wins)
    february = [float(values[1]) for values in noise.wins.summary]
    assert found["2027-02-01"] == [amount(value) for value in february]
    parts = rows(noise.wins.by("origin"))
    for name, part in noise.wins.by("origin").items():
        assert parts[name] == [amount(float(x)) for x in part.total_summary]


def test_a_funnel_shows_flows_and_stock(noise):
    found = rows(noise.funnel)["new_business.proposal"]
    sums = noise.funnel.flows.mean(axis=0).sum(axis=0)[1]
    left = noise.funnel.open[:, -1, 1].mean()
    assert found == [few_digits(float(x)) for x in (4, *sums, left)]


def test_names_are_never_html(noise):
    labels = replace(noise.labels, title=WICKED, currency=WICKED)
    html = replace(noise, labels=labels)._repr_html_()
    read = Reader(html)
    assert "script" not in read.tags
    assert read.text.startswith(f"{WICKED.replace(chr(27), ' ')}: 50 trajectories")
    assert "\x1b" not in html


@pytest.mark.parametrize(("periods", "count"), [(1, 1), (260, 3)])
def test_few_or_many_periods_make_small_tables(periods, count):
    simulated = max(periods, 24)
    given = fc.forecast(
        fc.random_cube(n=count, periods=simulated),
        line=fc.timeline(periods=periods, simulated=simulated, unit="week"),
        customers=None,
    )
    found = Cells(given._repr_html_()).rows
    assert len(found) < notebook.MOST_ROWS + 12
    assert ("..." in [row[0] for row in found]) == (periods > notebook.MOST_ROWS)
    assert "Active customers" not in rows(given)
    assert (rows(given)["Bookings"][1] == "-") == (count == 1)


def test_nothing_at_all_is_shown_as_nothing():
    given = fc.forecast(fc.cube(bookings=np.zeros((2, 24, 2, 3))), need=0.0)
    assert rows(given)["Bookings"] == ["0"] * 5
    assert rows(given.bookings)["In all"] == ["0"] * 5


def test_studies_show_their_numbers(plan):
    more = plan.with_({"sources.outbound.rate": "90 per month"})
    compared = ss.compare({"plan": plan, WICKED: more}, trajectories=20, seed=1)
    found = rows(compared)[WICKED.replace("\x1b", " ")]
    beats = compared.differences[WICKED].beats
    assert found[-1] == percent(float(beats.share))
    assert "script" not in Reader(compared._repr_html_()).tags
    vary = {"sources.outbound.rate": "10 per month:90 per month"}
    goals = ss.goal(plan, target="bookings.total >= 30e6", vary=vary, trajectories=20, seed=1)
    (answer,) = goals
    assert rows(goals)["sources.outbound.rate"][3] == percent(answer.probability, fine=True)
    rates = {"sources.outbound.rate": ["10 per month", "90 per month"]}
    swept = ss.sweep(plan, rates, trajectories=20, seed=1)
    point = swept.points[0]
    assert rows(swept)["10 per month"][-1] == percent(point.verdict.probability)


def test_ranked_deals_show_those_that_add_most(plan):
    ranked = ss.open_deals(plan)
    first = ranked.frame.iloc[0]
    shown = rows(ranked)
    assert len(shown) == 1 + notebook.MOST_ROWS
    assert shown[first["deal"]][3] == percent(first["won_in_time"])
    assert f"{len(ranked.frame) - notebook.MOST_ROWS} more add less" in ranked._repr_html_()


def test_a_sensitivity_shows_all_levers(plan):
    found = ss.sensitivity(plan, trajectories=4, worlds=4, seed=1)
    shown = rows(found)
    for one in found.levers:
        assert float(shown[one.lever.name][0]) == pytest.approx(one.result.value, abs=0.0051)
    assert {one.address for one in found.tornado} <= set(shown)
    assert "-0.00" not in found._repr_html_()


def test_showing_a_forecast_loads_nothing_heavy(noise, tmp_path):
    noise.to_parquet(tmp_path / "f.parquet")
    code = (
        "import sys\n"
        "from salessim.forecast import Forecast\n"
        f"given = Forecast.from_parquet({str(tmp_path / 'f.parquet')!r})\n"
        "before = set(sys.modules)\n"
        "given._repr_html_()\n"
        "loaded = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(loaded - {'html', 'salessim'}))"
    )
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
