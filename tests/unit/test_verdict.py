"""The verdict on bookings made by hand, with answers worked out on paper."""

import json
from dataclasses import replace
from datetime import date

import forecast_cube as fc
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from salessim.forecast import Verdict
from salessim.forecast.judge import past_bookings, shortfall, wilson
from salessim.lowering.program import Facts
from salessim.readable import percent

MONTH = 30.4375
BASE = ("open_deals", "customers")
FIRST = "first fall below the need in the period from 2027-07-01 (P50; P10 2027-06-01"
NEVER = "never fall below the need in 60% of the trajectories"
JUNE, JULY, AUGUST = (date(2027, month, 1) for month in (6, 7, 8))


def bookings(*, base=0.0, external=0.0, opened=0.0, n=4, periods=24):
    """Bookings in currency units per period; scalars or arrays that broadcast to (n, period)."""
    cents = np.zeros((n, periods, 2, 3))
    for origin, value in enumerate((opened, base, external)):
        cents[:, :, 0, origin] = 100 * np.broadcast_to(value, (n, periods))
    return fc.cube(bookings=cents)


def verdict(counts, **given):
    return fc.forecast(counts, **given).sustainability()


def test_words_and_their_thresholds():
    need = {"need": 1_000.0}
    rising = np.array([[900.0], [1_100.0], [1_100.0], [1_100.0]])
    assert verdict(bookings(base=2_000.0), **need).word == "self-sustaining"
    fragile = verdict(bookings(base=rising), **need)
    assert (fragile.word, fragile.probability) == ("fragile", 0.75)
    assert verdict(bookings(base=500.0), **need).word == "dependent on external leads"
    assert verdict(bookings(base=rising), **need, self_sustaining=0.7).word == "self-sustaining"
    assert verdict(bookings(base=rising), **need, fragile=0.8).word.startswith("dependent")


def test_need_of_the_window_goes_by_months():
    # A month needs as much as a month, though 2028 is a leap year and January is long.
    just = verdict(bookings(base=1_000.0), need=1_000.0)
    assert just.probability == 1
    assert just.runway == (None, None, None)
    assert verdict(bookings(base=999.99), need=1_000.0).probability == 0
    assert verdict(bookings(base=1_000.0), past=(1_000.0,) * 12).runway == (None, None, None)
    # Periods of 30 days: the window is 12 of them, the nearest to twelve months.
    line = fc.timeline(periods=3, value=30, unit="day")
    given = verdict(bookings(base=1_000 * 30 / MONTH + 0.01), line=line, need=1_000.0)
    assert given.probability == 1
    assert (given.window[1] - given.window[0]).days == 360


def test_a_longer_horizon_changes_no_verdict():
    late = np.where(np.arange(36) < 24, 2_000.0, 0.0)
    line = fc.timeline(periods=36, simulated=24)
    longer = verdict(bookings(base=late, periods=36), line=line, need=1_000.0)
    shorter = verdict(bookings(base=2_000.0), need=1_000.0)
    assert longer.window == shorter.window == (date(2028, 1, 1), date(2029, 1, 1))
    assert (longer.probability, longer.runway) == (shorter.probability, shorter.runway)
    assert len(longer.external_share) == 36


def test_only_the_last_twelve_months_count():
    late = np.where(np.arange(24) < 12, 0.0, 2_000.0)
    assert verdict(bookings(base=late), need=1_000.0).probability == 1
    assert verdict(bookings(base=late[::-1]), need=1_000.0).probability == 0


def test_open_deals_are_base_but_not_customers():
    given = verdict(bookings(base=600.0, opened=600.0, external=9_000.0), need=1_000.0)
    assert given.probability == 1
    assert given.customers_only_probability == 0


def test_need_comes_from_plan_then_past_then_run_rate():
    past = (100.0,) * 11 + (1_300.0,)
    counts = bookings(base=1_000.0)
    plan = verdict(counts, need=10.0, past=past)
    assert (plan.need_per_month, plan.need_from) == (10.0, "plan")
    before = verdict(counts, past=past)
    assert (before.need_per_month, before.need_from) == (200.0, "past")
    rate = verdict(counts)
    assert (rate.need_per_month, rate.need_from) == (1_000.0, "run rate")


def test_runway_since_the_start_pro_rata():
    fall = np.where(np.arange(24) < 3, 2_000.0, 0.0)
    never = np.full(24, 2_000.0)
    paths = np.stack([fall, fall, never, never])
    given = verdict(bookings(base=paths), need=1_000.0)
    # 6,000 since the start: enough for six months, not for seven.
    assert given.runway == (date(2027, 7, 1), date(2027, 7, 1), None)
    assert given.never_short == 0.5
    assert "since the start, pro rata" in " ".join(given.sentences())


def test_runway_with_the_past_filled_in():
    nothing = bookings(base=0.0)
    given = verdict(nothing, past=(1_000.0,) * 12)
    # January books nothing where 1,000 a month are needed: short at once.
    assert given.runway[0] == date(2027, 1, 1)
    rich = verdict(nothing, need=500.0, past=(1_000.0,) * 12)
    # 1,000 a month of the past carry 500 a month until half of the window is gone.
    assert rich.runway[1] == date(2027, 7, 1)
    assert "pro rata" not in " ".join(rich.sentences())


def test_past_is_spread_over_its_own_months():
    line = fc.timeline()
    past = tuple(float(m) for m in range(1, 13))
    assert past_bookings(past, 31, line) == 12.0
    assert past_bookings(past, 46, line) == pytest.approx(12 + 11 * 15 / 30)
    assert past_bookings(past, 365, line) == pytest.approx(sum(past))
    assert past_bookings(past, 0, line) == 0


@given(seed=st.integers(0, 2**32 - 1))
def test_shortfall_equals_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    line = fc.timeline(simulated=26, value=int(rng.integers(20, 40)), unit="day")
    base = rng.integers(0, 200_000, (3, 26))
    past = tuple(rng.uniform(500, 1_500, 12)) if rng.random() < 0.5 else ()
    got = shortfall(base, np.array([1_000.0]), past, line)
    for t in range(26):
        first = t + 1 - line.window
        booked = base[:, max(first, 0) : t + 1].sum(axis=1) / 100
        begin = line.period_start(first if past else max(first, 0))
        if past:
            booked = booked + past_bookings(past, max((line.start - begin).days, 0), line)
        need = 1_000.0 * (t + 1 - (first if past else max(first, 0))) * line.period.months
        assert (got[:, t] == (booked < need)).tolist() == [True] * 3


def test_lead_level_just_enough():
    base = np.array([[0.0], [500.0], [900.0], [2_000.0], [0.0]])
    given = verdict(bookings(base=base, external=1_000.0, n=5), need=1_000.0)
    # Factors by trajectory: 1, 0.5, 0.1, 0, 1.
    assert given.lead_factor_p50 == pytest.approx(0.5, abs=1e-4)
    assert given.lead_factor_p90 == pytest.approx(1.0, abs=1e-4)
    none = verdict(bookings(base=0.0, external=0.0), need=1_000.0)
    assert none.lead_factor_p50 is None
    assert "no external bookings" in none.notes["lead_factor_p50"]
    plenty = verdict(bookings(base=2_000.0, external=0.0), need=1_000.0)
    assert plenty.lead_factor_p90 == 0
    assert "needs no external leads" in " ".join(plenty.sentences())


def test_without_external_sources_no_lead_level():
    program = replace(fc.program(), external_sources=(), source_pipelines=(), origins=BASE)
    cents = np.full((4, 24, 2, 2), 100)
    counts = fc.cube(bookings=cents, leads=np.zeros((4, 24, 0), dtype=np.int32))
    model = fc.model(counts, need=1_000.0)
    given = fc.Forecast.from_cube(counts, program=program, model=model).sustainability()
    assert given.lead_factor_p50 is None
    assert "the plan has no external source" in " ".join(given.sentences())


def test_external_share_is_a_ratio_of_means():
    external = np.array([[0.0], [0.0], [0.0], [800.0]])
    given = verdict(bookings(base=200.0, external=external))
    assert given.external_share == pytest.approx((0.5, 0.5, 0.5))
    silent = verdict(bookings())
    assert silent.external_share == (None, None, None)
    assert silent.notes["external_share"]


def test_without_a_need_there_is_no_verdict():
    facts = Facts(
        stage_entries=1.0,
        run_rate_per_month=0.0,
        reproduction_number=None,
        logo_retention=None,
        stuck_open_deals=0,
    )
    given = verdict(bookings(opened=100.0), facts=facts)
    assert (given.word, given.probability, given.runway) == (None, None, (None, None, None))
    assert "state [sustainability] need" in given.sentences()[0]
    assert given.notes["reproduction_number"]
    assert given.notes["logo_retention"]
    # A need of zero that the plan states is a need.
    assert verdict(bookings(), facts=facts, need=0.0).word == "self-sustaining"


@given(count=st.integers(1, 10**6), data=st.data())
def test_wilson_equals_scipy(count, data):
    hits = data.draw(st.integers(0, count))
    expected = binomtest(hits, count).proportion_ci(0.95, method="wilson")
    assert wilson(hits / count, count) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_verdict_survives_json():
    for counts in (bookings(base=500.0), bookings(), fc.random_cube()):
        given = verdict(counts)
        assert Verdict.from_dict(json.loads(json.dumps(given.to_dict()))) == given


def test_sentences_say_the_numbers():
    said = str(verdict(bookings(base=500.0, external=800.0), need=12_345.0))
    for part in (
        "The business is dependent on external leads.\n",
        "12,345 USD a month (stated in the plan)",
        "From 2028-01-01 to 2028-12-31",
        "0% of the trajectories (95% interval 0% to",
        "luck of the deals only",
        "times the plan's",
        "0.50 new customers",
        "60% of the customers",
    ):
        assert part in said
    never = verdict(bookings(base=5_000.0)).sentences()
    assert "Runway: its trailing twelve months never fall below the need." in never


def verdict_with(**changes):
    return replace(verdict(bookings(base=500.0, external=800.0)), **changes)


@pytest.mark.parametrize(
    ("runway", "never", "text"),
    [
        ((JUNE, JULY, AUGUST), 0.0, f"{FIRST}, P90 2027-08-01)."),
        ((JUNE, JULY, None), 0.2, f"{FIRST}, P90 never; never in 20% of the trajectories)."),
        ((JUNE, None, None), 0.6, f"{NEVER}; in one of ten they do by the period from 2027-06-01."),
        ((None, None, None), 0.6, f"{NEVER}."),
    ],
)
def test_the_runway_is_said_in_plain_words(runway, never, text):
    said = verdict_with(runway=runway, never_short=never, notes={}).sentences()
    assert f"Runway: its trailing twelve months {text}" in said


@pytest.mark.parametrize(
    ("half", "most", "text"),
    [
        (0.0, 0.0, "It needs no external leads to get there."),
        (0.0, 0.04, "none in half of the trajectories; in nine of ten, 0.04 times the plan's."),
        (0.9, 1.2, "0.90 times the plan's in half of the trajectories; in nine of ten, 1.20"),
        (0.001, 0.01, "less than 0.01 times the plan's in half"),
        (0.0, None, "none in half of the trajectories; in nine of ten, no number of them: few"),
        (None, None, "just enough: not defined, few"),
    ],
)
def test_the_leads_that_are_enough_are_said_in_plain_words(half, most, text):
    notes = {"lead_factor_p50": "few", "lead_factor_p90": "few"}
    given = verdict_with(lead_factor_p50=half, lead_factor_p90=most, notes=notes)
    assert text in str(given)


def test_no_new_customers_are_no_zero_new_customers():
    assert "A customer brings no new customers" in str(verdict_with(reproduction_number=0.0))


def test_with_segments_the_generations_are_said():
    facts = replace(fc.FACTS, has_segments=True)
    given = verdict(bookings(base=500.0), facts=facts)
    assert "customers is 0.50 times as large as the one before (all segments" in str(given)
    assert "in its life" not in str(given)
    assert "generation" in given.notes["reproduction_number"]
    assert "reproduction_number" not in verdict(bookings(base=500.0)).notes


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.99999, "> 99.9%"),
        (0.00001, "< 0.1%"),
        (0.503, "50%"),
        (0.955, "95.5%"),
        (1.102, "110%"),
        (12.3456, "1,235%"),
    ],
)
def test_percent_never_claims_certainty(share, text):
    assert percent(share) == text
