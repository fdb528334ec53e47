"""Shipped plans and data, damaged at random: an addressed error or a right answer, in time.

Set SALESSIM_FUZZ to a number of mutations of each test: other ones each time, instead of the few
hundred that are the same every day.
"""

import gzip
import resource
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salessim import SalessimError
from salessim.engine import run
from tests.unit import fuzz
from tests.unit.fuzz import damaged_bytes, damaged_lines, damaged_tokens, encoded, fuzzed, judge
from tests.unit.plan_files import SMALL

# What these reach other tests reach too, and to trace it takes a third of their time.
pytestmark = pytest.mark.no_cover

PLANS = ("worlds", "full", "worlds", "w1", "full", "saas", "worlds", "full", "full", "distributor")
"""The plans that use every key are drawn most often."""
DATA = {
    "full": ("buyers.csv", "deals.parquet", "times.csv.gz"),
    "worlds": ("samples.csv",),
    "saas": ("saas_customers.csv", "saas_open_deals.csv"),
    "distributor": ("distributor_customers.csv", "distributor_open_deals.csv"),
}
STATM = Path("/proc/self/statm")
SPARE = 4 * 2**30
"""Bytes of address space that a case may take."""


@pytest.fixture(scope="module", autouse=True)
def little_memory():
    """Let what takes too much memory fail."""
    if not STATM.exists():
        yield
        return
    now = int(STATM.read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + SPARE, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz")
    fuzz.prepare(path)
    return path


@pytest.mark.parametrize("name", sorted({*PLANS, "w1_base_only"}))
def test_undamaged_plans_are_simulated(folder, name):
    assert judge(folder / f"{name}.toml") == "simulated"


def test_a_wrong_answer_is_seen(folder, monkeypatch):
    def broken(program, **options):
        cube = run(program, **options)
        cube.bookings[0, 3] += 1
        return cube

    monkeypatch.setattr(fuzz, "run", broken)
    with pytest.raises(AssertionError):
        judge(folder / "full.toml")


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (ValueError("a traceback"), ValueError),
        (MemoryError(), MemoryError),
        (SalessimError("no address"), AssertionError),
        (SalessimError(), AssertionError),
    ],
)
def test_a_wrong_error_is_seen(folder, monkeypatch, error, seen):
    monkeypatch.setattr(fuzz, "validate", raising(error))
    with pytest.raises(seen):
        judge(folder / "w1.toml")


def test_a_hang_is_seen(folder, monkeypatch):
    monkeypatch.setattr(fuzz, "SECONDS", 0.05)
    monkeypatch.setattr(fuzz, "validate", lambda _: time.sleep(10))
    with pytest.raises(fuzz.TooLong):
        judge(folder / "w1.toml")


def raising(error):
    def call(*_):
        raise error

    return call


@fuzzed(240)
@given(data=st.data())
def test_damaged_plans(folder, data):
    names = sorted(set(PLANS))
    text = (folder / f"{data.draw(st.sampled_from(PLANS))}.toml").read_text(encoding="utf-8")
    others = (folder / f"{data.draw(st.sampled_from(names))}.toml").read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 3))):
        if data.draw(st.integers(0, 3)):
            text = damaged_tokens(data.draw, text)
        else:
            text = damaged_lines(data.draw, text, others.split("\n"))
    content = encoded(data.draw, text)
    if not data.draw(st.integers(0, 5)):
        content = damaged_bytes(data.draw, content)
    path = folder / "damaged.toml"
    path.write_bytes(content)
    judge(path)


def damaged_table(draw, text: str) -> str:
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.integers(0, 3)):
            text = damaged_tokens(draw, text)
        else:
            text = damaged_lines(draw, text, [*text.split("\n"), "", ",,", '"', "a,b,c,d"])
    mark = draw(st.sampled_from([",", ",", ";", "\t", "|"]))
    return text.replace(",", mark)


@fuzzed(200)
@given(data=st.data())
def test_damaged_data(folder, data):
    plan = data.draw(st.sampled_from(["full", "full", "full", "saas", "distributor"]))
    name = data.draw(st.sampled_from(DATA[plan]))
    originals = {"deals.parquet": fuzz.DEALS, "times.csv.gz": fuzz.TIMES}
    path = folder / name
    before = path.read_bytes()
    text = damaged_table(data.draw, originals.get(name) or before.decode())
    content = encoded(data.draw, text)
    if name.endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    if name.endswith(".parquet"):
        content = before
    if name.endswith(".parquet") or not data.draw(st.integers(0, 5)):
        content = damaged_bytes(data.draw, content)
    try:
        path.write_bytes(content)
        judge(folder / f"{plan}.toml")
    finally:
        path.write_bytes(before)


CELLS = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(),
    pa.bool_(): st.booleans(),
    pa.string(): st.sampled_from(["", "Talk", "31.12.2026", "1e400", "\0", "\n", "é" * 3000]),
    pa.binary(): st.binary(max_size=3),
    pa.date32(): st.integers(-(2**31), 2**31 - 1),
    pa.timestamp("s"): st.integers(-(2**50), 2**50),
    pa.timestamp("ns", "Europe/Berlin"): st.integers(-(2**63), 2**63 - 1),
    pa.duration("ns"): st.integers(-(2**63), 2**63 - 1),
    pa.time64("ns"): st.integers(0, 86_399_999_999_999),
    pa.decimal128(38, 3): st.decimals(-(10**30), 10**30, places=3),
    pa.list_(pa.int32()): st.lists(st.integers(0, 9), max_size=2),
    pa.struct([("a", pa.int8())]): st.fixed_dictionaries({"a": st.integers(0, 9)}),
    pa.null(): st.none(),
}


@fuzzed(60)
@given(data=st.data())
def test_any_type_in_a_column(folder, data):
    path = folder / "deals.parquet"
    before = path.read_bytes()
    table = pa.parquet.read_table(path)
    column = data.draw(st.integers(0, table.num_columns - 1))
    kind = data.draw(st.sampled_from(list(CELLS)))
    cells = data.draw(st.lists(CELLS[kind] | st.none(), min_size=5, max_size=5))
    damaged = pa.array(cells, kind)
    name = data.draw(st.sampled_from([*table.column_names, "other"]))
    table = table.remove_column(column).add_column(0, name, damaged)
    try:
        pa.parquet.write_table(table, path)
        judge(folder / "full.toml")
    finally:
        path.write_bytes(before)


# Sizes -----------------------------------------------------------------------------------------

LARGE = {
    "a comment of 3 MB": SMALL + "#" + "x" * 3_000_000,
    "a text of 3 MB": f'title = "{"x" * 3_000_000}"\n{SMALL}',
    "a list of many": f"past = [{'1,' * 200_000}]\n{SMALL}",
    "lines without end": SMALL + "\n" * 3_900_000,
    "a list over many lines": SMALL + "season = [\n" + "[1],\n" * 100_000 + "]\n",
    "many tables": SMALL + "".join(f"[a{i}]\nb = 1\n" for i in range(10_000)),
    "many keys": SMALL + "".join(f"k{i} = 1\n" for i in range(10_000)),
    "a key of many parts": SMALL + ".".join("a" * 100_000) + " = 1\n",
    "a number of a million digits": f"{SMALL}growth = {'1' * 1_000_000}\n",
    "tables within tables": SMALL + "a = " + "{a=" * 50_000 + "1" + "}" * 50_000,
    "lists within lists": SMALL + "a = " + "[" * 50_000,
    "a text that does not end": SMALL + "a = '''" + "''\n" * 300_000,
    "10 MB in one line": SMALL + "#" + "x" * 10_000_000,
    "many customers": SMALL + '[customers]\ncount = 1_000_000\nlifetime = { fixed = "1 day" }\n',
}


@pytest.mark.parametrize("what", LARGE)
def test_plans_of_any_size(tmp_path, what):
    path = tmp_path / "plan.toml"
    path.write_text(LARGE[what], encoding="utf-8")
    judge(path)


LARGE_DATA = {
    "a cell of 10 MB": ("days\n" + "3" * 10_000_000 + "\n").encode(),
    "a quoted cell of 10 MB": ('days,x\n3,"' + "\n" * 10_000_000 + '"\n').encode(),
    "a header of 10 MB": ("days" * 2_500_000 + "\n3\n").encode(),
    "many columns": (",".join(f"c{i}" for i in range(300_000)) + "\n").encode(),
    "a million quotes": ("days\n" + '"' * 1_000_001).encode(),
    "many ragged rows": b"days\n" + b"3,4\n" * 100_000,
    "many wrong cells": b"days\n" + b"x\n" * 100_000,
    "a packed gigabyte": gzip.compress(b"days\n" + b"3\n" * 150_000_000, compresslevel=1),
}


@pytest.mark.parametrize("what", LARGE_DATA)
def test_data_of_any_size(tmp_path, what):
    path = tmp_path / "plan.toml"
    law = '{ empirical = { file = "times.csv" } }'
    path.write_text(SMALL.replace('{ fixed = "10 days" }', law), encoding="utf-8")
    (tmp_path / "times.csv").write_bytes(LARGE_DATA[what])
    judge(path)


@pytest.mark.parametrize("leads_to", ["itself", "a folder", "a device", "nothing"])
@pytest.mark.parametrize("name", ["plan.toml", "times.csv"])
def test_links_that_lead_nowhere(tmp_path, name, leads_to):
    link, path = tmp_path / name, tmp_path / "plan.toml"
    law = '{ empirical = { file = "times.csv" } }'
    path.write_text(SMALL.replace('{ fixed = "10 days" }', law), encoding="utf-8")
    link.unlink(missing_ok=True)
    other = {"itself": link, "a folder": tmp_path, "a device": "/dev/zero", "nothing": "gone"}
    link.symlink_to(other[leads_to])
    assert judge(path) == "refused"
