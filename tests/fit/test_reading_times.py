"""Dates in the styles of exports: whatever the style, the time read is the time written."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salessim.errors import SalessimError
from salessim.fit.reading import read_history
from salessim.fit.reading.times import day_is_first, take_apart

MOMENTS = st.integers(0, 3_124_000_000).map(
    lambda second: datetime.fromtimestamp(second, UTC).replace(tzinfo=None)
)
STYLES = {
    "%Y-%m-%d %H:%M:%S": None,
    "%Y-%m-%dT%H:%M:%S": None,
    "%Y/%m/%d %H:%M:%S": None,
    "%Y%m%dT%H:%M:%S": None,
    "%d %b, %Y %H:%M:%S": None,
    "%d-%b-%Y %H:%M:%S": None,
    "%d %B %Y, %H:%M:%S": None,
    "%a, %d %b %Y %H:%M:%S": None,
    "%b %d, %Y %I:%M:%S %p": None,
    "%b %d, %Y, %I:%M:%S\u202f%p": None,
    "%B %d, %Y %H:%M:%S": None,
    "%d.%m.%Y %H:%M:%S": None,
    "%d/%m/%Y %H:%M:%S": True,
    "%d-%m-%Y %H:%M:%S": True,
    "%m/%d/%Y %I:%M:%S %p": False,
    "%m-%d-%y %H:%M:%S": False,
}
"""Style -> whether the day comes first where that must be known."""


def cells(texts):
    return pa.chunked_array([pa.array(texts, pa.string())])


def as_us(moments):
    return np.array(moments, dtype="datetime64[us]")


@settings(max_examples=150, deadline=None)
@given(st.lists(MOMENTS, min_size=1, max_size=8), st.sampled_from(sorted(STYLES)))
def test_what_was_written_is_read(moments, style):
    column = take_apart(cells([moment.strftime(style) for moment in moments]))
    assert not column.unread.any()
    assert (column.times(day_first=bool(STYLES[style])) == as_us(moments)).all()
    if STYLES[style] is None:
        assert not column.open


@settings(max_examples=100, deadline=None)
@given(
    st.lists(MOMENTS, min_size=1, max_size=8),
    st.sampled_from(["Z", "+00:00", "+0530", "-03:30", "+14:00", "-11"]),
)
def test_a_zone_is_taken_to_utc(moments, zone):
    column = take_apart(cells([f"{moment.isoformat()}.250{zone}" for moment in moments]))
    hours = zone.strip("Z+-").replace(":", "").ljust(4, "0") if zone != "Z" else "0000"
    shift = timedelta(hours=int(hours[:2]), minutes=int(hours[2:]))
    shift = -shift if zone.startswith("-") else shift
    wanted = as_us(moments) + np.timedelta64(250_000, "us") - np.timedelta64(shift)
    assert column.zoned.all()
    assert (column.times(day_first=False) == wanted).all()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30))
def test_no_text_is_a_traceback(text):
    column = take_apart(cells([text, None]))
    assert np.isnat(column.times(day_first=True)[1])
    assert not column.unread[1]


@pytest.mark.parametrize(
    "text", ["31.02.2024", "2024-13-01", "2024-02-30", "99/99/2024", "2024-01-01 25:61", "soon"]
)
def test_a_day_that_no_calendar_has_is_no_date(text):
    assert take_apart(cells([text])).unread.all()


def test_other_types_than_text():
    moments = [datetime.fromisoformat("2024-05-06T07:08:09"), None]
    zone = timezone(timedelta(hours=2))
    for values, kind in (
        (moments, pa.timestamp("ns")),
        ([moments[0].date(), None], pa.date32()),
        ([1_714_979_289_000, None], pa.int64()),
        ([20240506, None], pa.int64()),
        ([moments[0].replace(tzinfo=zone), None], pa.timestamp("ms", "Europe/Berlin")),
    ):
        column = take_apart(pa.chunked_array([pa.array(values, kind)]))
        day = column.times(day_first=False).astype("datetime64[D]")
        assert day[0] == np.datetime64("2024-05-06")
        assert np.isnat(day[1])
    assert column.times(day_first=False)[0] == np.datetime64("2024-05-06T05:08:09")
    assert column.zoned.all()


def test_a_day_above_12_decides_for_all():
    vague = take_apart(cells(["03-04-2021", "05-06-2021"]))
    assert day_is_first([vague, take_apart(cells(["25-06-2021"]))]) is True
    assert day_is_first([vague, take_apart(cells(["06-25-2021"]))]) is False
    assert day_is_first([vague]) is None
    with pytest.raises(ValueError, match="1 dates can only have the month first and 2 only the"):
        day_is_first([take_apart(cells(["06-25-2021", "25-06-2021", "26-06-2021"]))])


def test_the_order_of_rows_decides_where_one_reading_has_it():
    days = [f"0{1 + number % 9}/0{1 + number // 9}/2021" for number in range(27)]
    assert day_is_first([take_apart(cells(days))]) is True
    assert day_is_first([take_apart(cells(days[::-1]))]) is True
    # so few may be in order by chance
    assert day_is_first([take_apart(cells(days[7:11]))]) is None


def vague_deals(folder, **other):
    rows = ["id,stage,created,closed"]
    rows += [f"{at},Won,0{1 + at * 7 % 9}/0{1 + at * 5 % 9}/2021,09/09/2021" for at in range(20)]
    path = folder / "deals.csv"
    path.write_text("\n".join(rows))
    return read_history([path, *other.pop("files", ())], **other)


def test_ambiguous_dates_are_refused_with_the_remedy(tmp_path):
    with pytest.raises(SalessimError, match=r"deals\.csv: created: .*--map dates=DMY or --map"):
        vague_deals(tmp_path)
    day = vague_deals(tmp_path, columns={"dates": "DMY"}).deals[0].table["created"]
    month = vague_deals(tmp_path, columns={"dates": "mdy"}).deals[0].table["created"]
    assert sorted(day.dt.day) == sorted(month.dt.month)
    assert (day != month).any()
    with pytest.raises(SalessimError, match="expected DMY or MDY"):
        vague_deals(tmp_path, columns={"dates": "YMD"})


def test_another_file_decides(tmp_path):
    other = tmp_path / "more.csv"
    other.write_text("deal,owner,created\n1,Ann,28/02/2021\n2,Bob,27/02/2021\n")
    history = vague_deals(tmp_path, files=[other])
    assert [one.file for one in history.findings if "day first" in one.reason] == ["deals.csv"]


def test_mixed_zones_become_one_and_it_is_said(tmp_path):
    path = tmp_path / "moves.csv"
    path.write_text(
        "deal,stage,at\n"
        "a,Open,2024-03-01T12:00:00+02:00\n"
        "a,Won,2024-03-01T11:00:00-05:00\n"
        "b,Open,2024-03-02 09:00:00\n"
    )
    history = read_history([path])
    (said,) = [one for one in history.findings if "UTC" in one.reason]
    assert (said.what, said.count, said.rows) == ("repaired", 2, (2, 3))
    assert "without" in said.reason
    assert history.deals[0].moves["at"].dt.hour.tolist() == [10, 16, 9]
