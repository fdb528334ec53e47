"""Visits: every stay in a stage once, with its end, and nothing that truncation has bent."""

from __future__ import annotations

import numpy as np
import pytest

from salessim.fit.visits import ADVANCE, BACK, LOST, NOWHERE, OPEN, Visits, visits
from tests.fit.records import LOST as LOST_STAGE
from tests.fit.records import WON, deals_of

DAY = "2024-01-{:02d}"


def told(found: Visits) -> list[tuple[int, float, int, int]]:
    """Return (stage, days, outcome, next stage), by deal, entry and stage."""
    order = np.lexsort((found.stage, found.entered, found.deal))
    columns = (found.stage, found.duration, found.outcome, found.to)
    return list(zip(*(column[order].tolist() for column in columns), strict=True))


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        pytest.param(
            [("01", 0), ("04", 1), ("09", 2), ("10", WON)],
            [(0, 3.0, ADVANCE, 1), (1, 5.0, ADVANCE, 2), (2, 1.0, ADVANCE, WON)],
            id="straight to the win",
        ),
        pytest.param(
            [("01", 0), ("04", 1)],
            [(0, 3.0, ADVANCE, 1), (1, 27.0, OPEN, NOWHERE)],
            id="still open",
        ),
        pytest.param(
            [("01", 0), ("04", WON)],
            [(0, 3.0, ADVANCE, WON), (1, 0.0, ADVANCE, 2), (2, 0.0, ADVANCE, WON)],
            id="won from the first stage",
        ),
        pytest.param(
            [("02", 1), ("04", LOST_STAGE)],
            [(0, 0.0, ADVANCE, 1), (1, 2.0, LOST, LOST_STAGE)],
            id="begins in the second stage",
        ),
        pytest.param(
            [("01", 0), ("02", 1), ("05", 0), ("06", 2)],
            [
                (0, 1.0, ADVANCE, 1),
                (1, 3.0, BACK, 0),
                (0, 1.0, ADVANCE, 2),
                (1, 0.0, ADVANCE, 2),
                (2, 25.0, OPEN, NOWHERE),
            ],
            id="comes back, then skips",
        ),
        pytest.param(
            [("01", 0), ("05", LOST_STAGE), ("09", 0), ("11", LOST_STAGE)],
            [(0, 10.0, LOST, LOST_STAGE)],
            id="lost for a while only",
        ),
        pytest.param([("05", LOST_STAGE)], [(0, 0.0, LOST, LOST_STAGE)], id="never seen open"),
        pytest.param(
            [("05", WON)],
            [(0, 0.0, ADVANCE, 1), (1, 0.0, ADVANCE, 2), (2, 0.0, ADVANCE, WON)],
            id="entered when won",
        ),
    ],
)
def test_every_stay_is_a_visit(moves, expected) -> None:
    deals = deals_of({"a": [(DAY.format(int(d)), s) for d, s in moves]}, until="2024-01-31")
    assert told(visits(deals)) == expected


def test_visits_that_ended_before_the_records_begin_are_left_out() -> None:
    deals = deals_of(
        {
            "under way": [("2024-01-01", 0), ("2024-01-10", 1), ("2024-01-20", 2)],
            "new": [("2024-01-16", 0)],
            "ended that day": [("2024-01-11", 0), ("2024-01-15", LOST_STAGE)],
        },
        complete_from="2024-01-15",
        until="2024-01-31",
    )
    found = visits(deals)
    assert told(found) == [
        (1, 10.0, ADVANCE, 2),
        (2, 11.0, OPEN, NOWHERE),
        (0, 15.0, OPEN, NOWHERE),
        (0, 4.0, LOST, LOST_STAGE),
    ]
    assert sorted(found.entry_age) == [0.0, 0.0, 4.0, 5.0]


@pytest.mark.parametrize(
    ("time", "tick"),
    [("", 1.0), (" 07:00", 1 / 24), (" 07:30", 1 / 1440), (" 07:30:01", 1 / 86400)],
)
def test_the_clock_is_what_the_times_show(time, tick) -> None:
    assert visits(deals_of({"a": [("2024-01-01" + time, 0)]})).tick == tick


def test_what_no_record_shows_is_counted() -> None:
    found = visits(
        deals_of(
            {
                "skips": [("2024-01-01", 0), ("2024-01-02", 2)],
                "comes again": [("2024-01-01", 0), ("2024-01-02", WON), ("2024-01-03", LOST_STAGE)],
            }
        )
    )
    assert (found.passed, found.reopened) == (1, 1)
    assert told(found)[-1] == (0, 2.0, LOST, LOST_STAGE)
