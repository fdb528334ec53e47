"""The pictures of a plan: all of it is there, nothing is cut, and curves are the laws' own."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pictured
import pytest
from matplotlib.figure import Figure

from salessim import SalessimError, draw, load_plan
from salessim.charts import stage_times, style, visits
from salessim.charts.map_layout import lay_out, pace
from salessim.charts.plan_plots import PlanPlots
from salessim.charts.process_map import process_map
from salessim.model.laws import Exponential, Fixed, LogLogistic
from salessim.model.plan import Curve, Segment, Slip, Stage

CONFIGS = Path(__file__).parents[2] / "configs"
PLANS = {
    "smallest": pictured.smallest,
    "largest": pictured.largest,
    "saas": lambda: load_plan(CONFIGS / "saas.toml").model,
    "w1": lambda: load_plan(CONFIGS / "w1.toml").model,
    "distributor": lambda: load_plan(CONFIGS / "distributor.toml").model,
}


@pytest.fixture(params=PLANS, scope="module")
def model(request):
    return PLANS[request.param]()


@pytest.fixture(scope="module")
def largest():
    return pictured.largest()


def exponential(mean):
    return Exponential(mean=mean)


def stage(**more):
    return Stage(**{"name": "s", "conversion": 0.5, "cycle_time": exponential(10.0),
                    "loss_time": exponential(20.0), **more})  # fmt: skip


def addresses(model):
    return [f"{p.name}.{s.name}" for p in model.pipelines for s in p.stages]


# The process map -------------------------------------------------------------------------------


def test_a_map_is_whole_and_its_texts_cover_neither_each_other_nor_the_edge(model):
    ax = process_map(model)
    figure, written = pictured.texts(ax)
    assert pictured.outside(figure) == []
    assert pictured.overlapping(written) == []
    said = " ".join(text.replace("\n", " ") for text, _ in written)
    for pipeline in model.pipelines:
        assert style.plain_label(pipeline.name) in said
        for part in pipeline.stages:
            assert style.plain_label(part.name.split()[0]) in said
    assert "no decision" not in said or any(
        part.no_decision for pipeline in model.pipelines for part in pipeline.stages
    )


def test_a_map_shows_what_becomes_of_visits(largest):
    _, written = pictured.texts(process_map(largest))
    said = {text for text, _ in written}
    # the last stage: slips 20%; of the rest 85% advance, and of those that do not 10% go back
    expected = {
        "68%", "slip 20%, 34 d", "back 1.2%, 7 d",
        "parked 1.2%, 30 d + rest 180 d, to\nidentified",
        "lost 7.2%, 120 d", "no decision 2.4%, 90 d", "stuck 2.5%", "10 open at the start",
        "3 at the start", "4 more sources", "mean 60 d\nmedian 47 d",
    }  # fmt: skip
    assert expected - said == set()
    _, written = pictured.texts(process_map(pictured.smallest()))
    assert {"100%", "at once", "won 100%", "mean 0.05 EUR"} <= {text for text, _ in written}


def test_loops_are_arcs_and_customers_lead_back(largest):
    layout = lay_out(largest)
    rows = layout.lanes[0].rows
    loops = [loop for row in rows for loop in row.loops]
    far = [out for row in rows for exits in row.exits for out in exits if ", to" in out.label]
    for outcome, arcs, branches in (("slipped", 4, 0), ("parked", 2, 1), ("back", 3, 2)):
        assert [loop.outcome for loop in loops].count(outcome) == arcs
        # to a stage of another row no arc leads
        assert [out.outcome for out in far].count(outcome) == branches
    assert all(loop.enters < loop.leaves for loop in loops)
    for row in rows:
        for one in row.loops:
            for other in row.loops:
                # one inside another is lower
                if other.enters < one.enters and one.leaves < other.leaves:
                    assert one.level < other.level
    assert layout.people_x is not None
    assert lay_out(pictured.smallest()).people_x is None


def test_boxes_keep_clear_of_each_other(model):
    layout = lay_out(model)
    for above, below in zip(layout.lanes, layout.lanes[1:], strict=False):
        assert above.bottom < below.top
    for lane in layout.lanes:
        for feeder in lane.feeders:
            assert lane.top < feeder.y < lane.bottom
        for one, other in zip(lane.rows, lane.rows[1:], strict=False):
            assert one.bottom < other.middle
        assert all(max(row.x) < row.right < layout.width for row in lane.rows)


def test_long_pipelines_are_drawn_in_rows(largest):
    lane = lay_out(largest).lanes[0]
    assert [len(row.stages) for row in lane.rows] == [4, 4]
    assert [part.name for row in lane.rows for part in row.stages] == list(pictured.NAMES)
    for count, lengths in ((1, [1]), (4, [4]), (5, [3, 2]), (9, [3, 3, 3]), (30, [4] * 7 + [2])):
        parts = tuple(pictured.simple(name=f"s{number}") for number in range(count))
        pipeline = replace(largest.pipelines[1], stages=parts)
        layout = lay_out(replace(largest, pipelines=(pipeline,), sources=(), open_deals=None))
        assert [len(row.stages) for row in layout.lanes[0].rows] == lengths
        assert layout.width < 17  # inches: letters of 7.5 points can be read at half of it


def test_a_map_on_given_axes_is_in_proportion(largest):
    own = process_map(largest)
    ax = Figure(figsize=style.figure_of(own).get_size_inches() / 2).add_axes((0, 0, 1, 1))
    assert process_map(largest, ax) is ax
    sizes = [[text.get_fontsize() for text in axes.texts] for axes in (own, ax)]
    assert sizes[1] == pytest.approx(np.array(sizes[0]) / 2)


def test_sources_that_bring_least_are_drawn_as_one(largest):
    boxes = lay_out(largest).lanes[0].feeders
    assert [box.name for box in boxes[-2:]] == ["4 more sources", "referral"]
    assert [box.pace for box in boxes[-2:]] == ["40 a month", "1 in 609 d each"]
    assert [box.is_external for box in boxes] == [True, True, True, True, False]


def test_segments_and_curves_are_said(largest):
    parts = tuple(Segment(name=n, lifetime=exponential(m)) for n, m in (("old", 90), ("new", 30)))
    curve = Curve(
        kind="pace", pipeline="expansion", stage=None, starts=largest.timeline.start, ends=None,
        factor=2.0,
    )  # fmt: skip
    people = replace(largest.customers, segments=parts)
    given = replace(largest, customers=people, curves=(curve,), title="T")
    said = " ".join(text for text, _ in pictured.texts(process_map(given))[1])
    assert "old: stay 90 d" in said
    assert "new: stay 30 d" in said
    assert "1 curve over the calendar is not drawn" in said


def test_many_segments_stay_in_their_box():
    model = pictured.largest()
    parts = tuple(Segment(name=f"part {n}", lifetime=exponential(n)) for n in range(1, 90))
    given = replace(model, customers=replace(model.customers, segments=parts))
    _, written = pictured.texts(process_map(given))
    (last,) = (text for text, _ in written if text.endswith("segments more"))
    shown = sum(text.startswith("part ") for text, _ in written)
    assert shown > 10
    assert last == f"and {89 - shown} segments more"
    heights = [box.y1 for text, box in written if text == "customers"]
    assert heights[0] < max(box.y1 for text, box in written if text == pictured.LONG)
    assert pictured.overlapping(written) == []


@pytest.mark.parametrize(
    ("per_day", "each", "said"),
    [(2.0, False, "60.9 a month"), (1 / 180, True, "1 in 180 d each"), (0.0, True, "no deals")],
)
def test_rates_are_said(per_day, each, said):
    assert pace(per_day, each=each) == said


# Stages ----------------------------------------------------------------------------------------


def test_charts_of_stages_are_whole_and_have_units(model):
    for address in addresses(model):
        for chart in (stage_times.cycle_times, stage_times.open_deals):
            ax = chart(model, address)
            assert pictured.outside(ax) == []
            assert "days" in ax.get_xlabel()
            assert ax.get_ylabel()
            assert ax.get_title(loc="left")
            assert ax.lines


def test_cycle_times_are_the_laws_survival():
    model = pictured.largest()
    address = f"{pictured.LONG}.proposal"
    _, part = stage_times.find_stage(model, address)
    lines = stage_times.cycle_times(model, address).get_lines()
    named = {line.get_label().partition(":")[0]: line for line in lines}
    lost = named["lost"]
    assert lost.get_ydata() == pytest.approx(part.loss_time.survival(lost.get_xdata()))
    slips, stays = 0.2, 0.8 * (1 - part.conversion)
    whole = named["all visits"]
    ages = np.asarray(whole.get_xdata())
    expected = (
        0.8 * part.conversion * part.cycle_time.survival(ages)
        + slips * part.slip.by.survival(ages)
        + stays * 0.6 * part.loss_time.survival(ages)
        + stays * 0.2 * part.no_decision.after.survival(ages)
        + stays * 0.1 * (ages < 7)
        + stays * 0.1 * (ages < 30)
    )
    assert whole.get_ydata() == pytest.approx(expected)
    marks = [
        (line.get_xdata()[0], line.get_ydata()[0]) for line in lines if len(line.get_xdata()) == 1
    ]
    assert (pytest.approx(part.loss_time.median), 0.5) in marks


def test_the_chance_to_advance_given_the_age():
    ages = np.array([0.0, 5.0, 40.0, 1e5])
    slow = stage(stuck_share=0.2)
    win, lose = 0.5 * np.exp(-ages / 10), 0.4 * np.exp(-ages / 20)
    assert visits.advance_given_age(slow, ages) == pytest.approx(win / (win + lose + 0.1))
    # a slip starts anew: what slips advances with the stage's conversion
    slipping = stage(slip=Slip(probability=0.3, by=exponential(5.0)))
    win, lose, slip = 0.35 * np.exp(-ages / 10), 0.35 * np.exp(-ages / 20), 0.3 * np.exp(-ages / 5)
    with np.errstate(invalid="ignore"):
        expected = (win + 0.5 * slip) / (win + lose + slip)
    given = visits.advance_given_age(slipping, ages)
    assert given[:3] == pytest.approx(expected[:3])
    assert given[0] == pytest.approx(0.5)
    assert given[3] == pytest.approx(0.0)  # where survival has long left the floats
    never = stage(cycle_time=Fixed(value=3.0), loss_time=Fixed(value=9.0))
    assert visits.advance_given_age(never, np.array([1.0, 5.0, 20.0])) == pytest.approx([0.5, 0, 0])


def test_quantiles_of_visits():
    same = stage(loss_time=exponential(10.0))
    assert visits.visit_quantile(same, 0.9) == pytest.approx(10 * math.log(10))
    stuck = stage(loss_time=exponential(10.0), stuck_share=1.0)
    assert visits.visit_quantile(stuck, 0.6) == math.inf
    assert visits.visit_quantile(stuck, 0.25) == pytest.approx(10 * math.log(2))
    heavy = stage(cycle_time=LogLogistic(median=9.0, shape=0.5), loss_time=Fixed(value=0.0))
    assert visits.visit_quantile(heavy, 0.75) == pytest.approx(9.0)
    assert visits.brief(heavy.cycle_time.mean) == "no mean"


def test_impossible_outcomes_are_not_drawn():
    sure = stage(conversion=1.0)
    assert [outcome.name for outcome in visits.outcomes(sure)] == ["advanced"]
    assert sum(o.probability for o in visits.outcomes(stage(stuck_share=0.2))) == pytest.approx(1)


def test_open_deals_are_counted_by_age_and_when_overdue(largest):
    address = f"{pictured.LONG}.{pictured.NAMES[1]}"
    _, part = stage_times.find_stage(largest, address)
    ages = stage_times.open_ages(largest, address)
    assert len(ages) == 10
    ax = stage_times.open_deals(largest, address)
    assert sum(int(text.get_text()) for text in ax.texts if text.get_text().isdigit()) == 10
    late = float(part.cycle_time.isf(np.array([0.1]))[0])
    overdue = int((ages > late).sum())
    assert 0 < overdue < 10
    title = ax.get_title(loc="left").replace("\n", " ")
    assert f"{overdue} of 10 open deals are overdue" in title
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert f"open deals overdue: {overdue}" in labels
    assert f"open deals in time: {10 - overdue}" in labels


def test_many_open_deals_share_marks(largest):
    count = 5_000
    deals = replace(
        largest.open_deals,
        ids=tuple(map(str, range(count))),
        stages=("expansion.offer",) * count,
        age_days=np.linspace(0, 30, count),
    )
    ax = stage_times.open_deals(replace(largest, open_deals=deals), "expansion.offer")
    assert sum(len(marks.get_offsets()) for marks in ax.collections[1:]) < 350
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "open deals in time: 5,000" in labels


def test_a_stage_that_is_not_there_is_said(largest):
    with pytest.raises(ValueError, match=r"no stage .*; there are .*expansion.offer"):
        stage_times.cycle_times(largest, "expansion.order")


# Files -----------------------------------------------------------------------------------------


def test_files_of_a_plan_are_whole_and_the_same_bytes(tmp_path, largest):
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
        PlanPlots(largest).save(folder)
    first, second = ({f.name: f.read_bytes() for f in folder.iterdir()} for folder in folders)
    assert first == second
    assert {name for name in first if "expansion" in name} == {"cycle_times-expansion.svg"}
    assert "process_map.svg" in first
    assert len(first) == 1 + 4 + 1  # the map, four pipelines, open deals of one
    assert all(b"</svg>" in content for content in first.values())


def test_names_of_pipelines_make_names_of_files(tmp_path, largest):
    names = ("a/b", "A b", "../c", "\u6f22")
    parts = tuple(replace(largest.pipelines[1], name=name) for name in names)
    PlanPlots(replace(largest, pipelines=parts, sources=(), open_deals=None)).save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {
        "process_map.svg", "cycle_times-a_b.svg", "cycle_times-A_b-2.svg", "cycle_times-_c.svg",
        "cycle_times-_.svg",
    }  # fmt: skip


def test_a_plan_draws_itself_into_a_new_folder(tmp_path):
    plan = load_plan(CONFIGS / "w1.toml")
    folder = draw(plan, tmp_path / "pictures")
    there = {file.name for file in folder.iterdir()}
    assert there >= {"process_map.svg", "open_deals-new_business.svg"}
    assert plan.plot.cycle_times("new_business.demo").lines
    assert plan.plot.open_deals("new_business.demo").lines
    with pytest.raises(SalessimError, match="exists and is not overwritten"):
        draw(plan, folder)
