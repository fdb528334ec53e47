"""A plan that uses every key, random damage to texts, and what is asked of what becomes of it."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from salessim import Forecast, SalessimError, load_plan, validate
from salessim.engine import run
from salessim.lowering import lower
from salessim.lowering.seeds import WorldSeeds
from salessim.lowering.worlds import make_worlds
from tests.reference import Trajectory
from tests.unit.plan_files import CONFIGS, WORLDS
from tests.worlds import in_world

EXAMPLES = int(os.environ.get("SALESSIM_FUZZ", "0"))
"""Mutations of each test when more are asked for; other ones each time."""
SECONDS = 300.0
"""What takes longer hangs, on the busiest machine: the usual is 0.1, compiling first takes 40."""
MOST_CHECKED = 3_000.0
"""Stage entries of a trajectory that is walked again, slowly."""
MOST_ENTRIES = 60_000.0
"""Stage entries of a trajectory that is simulated; more would only take longer."""


def fuzzed(examples: int) -> settings:
    return settings(
        deadline=None,
        max_examples=EXAMPLES or examples,
        derandomize=not EXAMPLES,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


FULL = """\
title = "Everything"
currency = "EUR"

[forecast]
start = 2027-01-01
horizon = "12 months"
period = "quarter"
trajectories = 50
seed = 7

[sustainability]
past = [90, 80, 70, 60, 50, 40, 90, 80, 70, 60, 50, 40]
span = "24 months"
self_sustaining = 0.8
fragile = "40%"

[pipelines.new]
segment = "small"

[[pipelines.new.amount.mixture]]
weight = 1
law = { fixed = 100 }

[[pipelines.new.amount.mixture]]
weight = 2
law = { triangular = [50, 80, 300] }

[[pipelines.new.stages]]
name = "talk"
conversion = "55%"
cycle_time = { gamma = { mean = "20 days", shape = 1.5 } }
loss_time = { empirical = { file = "times.csv.gz" } }
slip = { probability = 0.2, by = { lognormal = { median = "2 weeks", sigma = 0.5 } } }
stuck = { share = 0.01 }

[pipelines.new.stages.parked]
share = 0.2
to = "talk"
after = { fixed = "9 days" }
rest = { uniform = ["1 month", "1 quarter"] }

[[pipelines.new.stages]]
name = "offer"
conversion = 0.6
cycle_time = { weibull = { scale = "30 days", shape = 1.4 } }
no_decision = { share = 0.3, after = { loglogistic = { median = "60 days", shape = 3 } } }
back = { share = 0.2, to = "talk", after = { triangular = ["1 day", "2 days", "1 week"] } }

[pipelines.more]
amount = { pert = [20, 40, 90] }
segment = "large"

[[pipelines.more.stages]]
name = "ask"
conversion = 0.4

[sources.web]
kind = "external"
pipeline = "new"
rate = "20 per month"
growth = "-1% per month"
season = [1, 1, 1, 1, 1, 1, 0, 0.5, 1, 1, 1, 2]
campaign = { 2027-03-01 = 1.5, 2027-05-15 = 1 }
over_dispersion = 0.3
until = 2028-06-01

[sources.again]
kind = "customer"
pipeline = "more"
rate = "2 per year"
buyer = "existing"
segment = "large"

[sources.friends]
kind = "customer"
pipeline = "new"
rate = "1 per 400 days"
buyer = "new"

[[curves]]
target = "pipelines.new.stages.offer.conversion"
from = 2027-06-01
until = 2027-09-01
factor = 0.7

[[curves]]
target = "pipelines.new.pace"
from = 2027-12-20
until = 2028-01-07
factor = 0

[customers]
file = "buyers.csv"
columns = { customer_id = "account", segment = "class" }
lifetime = { exponential = { mean = "2 years" } }

[customers.segments.small]

[customers.segments.large]
lifetime = { weibull = { scale = "4 years", shape = 1.2 } }

[open_deals]
file = "deals.parquet"
columns = { id = "deal", stage = "status", entered = "since", amount = "value", closed = "closed" }
stages = { Talk = "new.talk", Offer = "new.offer", Ask = "more.ask", Lost = "ignore" }
date_format = "%d.%m.%Y"
buyer = { new = "new", more = "existing" }

[scenarios.more_web]
"sources.web.rate" = "30 per month"
"pipelines.new.stages.offer.conversion" = 0.65

[scenarios.slower.pipelines.new.stages.talk]
slip = { probability = 0.4, by = { fixed = "1 week" } }
"""
BUYERS = "account;class;since\n" + "".join(
    f"C{i};{('small', 'large')[i % 2]};202{i % 7}-0{i}-1{i}\n" for i in range(1, 10)
)
DEALS = """\
deal,status,since,value,closed
1,Talk,01.12.2026,120,
2,Offer,24.10.2026,,
3,Ask,31.12.2026,5.5,
4,Lost,31.12.2026,5.5,
5,Offer,31.10.2026,700,02.01.2027
"""
SAMPLES = "value\n0.2\n25%\n0.4\n0.3\n"
TIMES = "days,weight\n9,1\n12,3\n30.5,2\n"


def prepare(folder: Path) -> None:
    """Write the plans that use every key and their data, and copy the shipped ones."""
    for file in CONFIGS.iterdir():
        if file.suffix in (".toml", ".csv"):
            (folder / file.name).write_bytes(file.read_bytes())
    (folder / "full.toml").write_text(FULL, encoding="utf-8")
    (folder / "worlds.toml").write_text(WORLDS, encoding="utf-8")
    (folder / "samples.csv").write_text(SAMPLES, encoding="utf-8")
    (folder / "buyers.csv").write_text(BUYERS, encoding="utf-8")
    (folder / "times.csv.gz").write_bytes(gzip.compress(TIMES.encode(), mtime=0))
    write_parquet(DEALS, folder / "deals.parquet")


def write_parquet(text: str, path: Path) -> None:
    """Write a CSV text as Parquet: all columns as texts."""
    header = text.partition("\n")[0].split(",")
    convert = pa.csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()))
    table = pa.csv.read_csv(pa.BufferReader(text.encode()), convert_options=convert)
    pa.parquet.write_table(table, path)


# Damage ----------------------------------------------------------------------------------------

TOKEN = re.compile(r'"[^"\n]*"|\d{4}-\d\d-\d\d|-?[\d_.]+|\w+')
VALUES = (
    *[
        "nan",
        "inf",
        "-inf",
        "-1",
        "0",
        "1",
        "2",
        "0.5",
        "-0.0",
        "1e308",
        "-1e308",
        "1e-320",
        "5e-324",
        "99999999999999999999",
        "1_0",
        "0x7f",
    ],
    *[
        "true",
        "2027-02-30",
        "0001-01-01",
        "9999-12-31",
        "2027-01-01",
        "2027-06-01T00:00:00Z",
        "12:00:00",
    ],
    *[
        '""',
        '"é"',
        '"\\u0000"',
        '"😀"',
        "[]",
        "{}",
        "[[]]",
        "{a=1}",
        '"nan"',
        '"inf"',
        '"1e999"',
        '"%"',
        '"file"',
        '"../"',
        '"."',
    ],
    '"0 days"',
    '"-5 days"',
    '"1e6 days"',
    '"1e-9 days"',
    '"1 century"',
    '"1e9 per day"',
    '"0 per month"',
    '"99% per month"',
    '"-99.9% per month"',
    '"40%"',
    '"100%"',
    '"week"',
    '"13 days"',
    '"480 months"',
    f'"{"x" * 3000}"',
    f"[{'1,' * 3000}]",
    "1" * 3000,
)
FACTORS = (0.0, 0.5, 0.99, 1.01, 2.0, 10.0, 1000.0, -1.0)
BYTES = (
    *(b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"\x1f\x8b", b"PAR1", b"\xe9"),
    *(bytes([mark]) for mark in b"\r\n\t\"',;[]{}=.#"),
)


def damaged_lines(draw, text: str, others: list[str]) -> str:
    """Delete, double, swap, move, replace or join lines."""
    lines = text.split("\n")
    at = draw(st.integers(0, len(lines) - 1))
    to = draw(st.integers(0, len(lines) - 1))
    match draw(
        st.sampled_from(["delete", "cut", "double", "swap", "move", "other", "join", "end"])
    ):
        case "delete":
            del lines[at]
        case "cut":
            del lines[at : at + draw(st.integers(2, 9))]
        case "double":
            lines.insert(to, lines[at])
        case "swap":
            lines[at], lines[to] = lines[to], lines[at]
        case "move":
            lines.insert(to, lines.pop(at))
        case "other":
            lines.insert(at, draw(st.sampled_from(others)))
        case "join":
            lines[at : at + 2] = [" ".join(lines[at : at + 2])]
        case "end":
            del lines[at:]
    return "\n".join(lines)


def damaged_tokens(draw, text: str) -> str:
    """Put something else in the place of a word, a number or a quoted text."""
    places = list(TOKEN.finditer(text))
    if not places:
        return text
    place = draw(st.sampled_from(places))
    number = re.fullmatch(r'("?)(-?[\d_.]*\d)(.*)', place[0], re.DOTALL)
    kind = draw(st.sampled_from(["value", "scale", "scale", "word", "letter", "swap"]))
    if kind == "scale" and number:
        try:
            scaled = float(number[2]) * draw(st.sampled_from(FACTORS))
        except ValueError:
            scaled = 7.0
        new = f"{number[1]}{scaled:.12g}{number[3]}"
    elif kind == "letter":
        at = draw(st.integers(0, len(place[0]) - 1))
        new = place[0][:at] + draw(st.sampled_from(["", "x", "_", " ", "ß"])) + place[0][at + 1 :]
    elif kind in ("word", "swap"):
        new = draw(st.sampled_from(places))[0]
    else:
        new = draw(st.sampled_from(VALUES))
    return text[: place.start()] + new + text[place.end() :]


def damaged_bytes(draw, content: bytes) -> bytes:
    """Cut, double, flip or overwrite a piece."""
    start = draw(st.integers(0, len(content)))
    end = min(len(content), start + draw(st.integers(0, 40)))
    piece = draw(
        st.sampled_from([*BYTES, content[start:end] * 2])
        | st.binary(max_size=4)
        | st.integers(0, 7).map(lambda bit: bytes(byte ^ 1 << bit for byte in content[start:end]))
    )
    return content[:start] + piece + content[end:]


ENCODINGS = ("utf-8-sig", "utf-16", "utf-32-be", "latin-1", "cp1252", "utf-7", "ascii")


def encoded(draw, text: str) -> bytes:
    """Encode a text, mostly as it should be."""
    text = draw(st.sampled_from([text] * 6 + [text.replace("\n", end) for end in ("\r\n", "\r")]))
    encoding = draw(st.sampled_from(["utf-8"] * 12 + list(ENCODINGS)))
    return text.encode(encoding, errors="replace")


# Judgement -------------------------------------------------------------------------------------


class TooLong(BaseException):
    """Not an Exception: nobody may catch it."""


@contextmanager
def limited():
    """Raise TooLong when something hangs."""

    def stop(*_):
        raise TooLong(f"no answer after {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def judge(path: Path) -> str:
    """An addressed error or a right answer; anything else fails the test."""
    with limited():
        try:
            plan = load_plan(path)
            validate(plan)
            program = lower(plan.model)
            if program.facts.stage_entries > MOST_ENTRIES:
                return "large"
            cube = run(program, trajectories=2, seed=1, threads=1)
            forecast = Forecast.from_cube(cube, program=program, model=plan.model)
        except SalessimError as error:
            assert_addressed(error, path)
            return "refused"
        assert_right(plan, program, forecast)
    return "simulated"


def assert_addressed(error: SalessimError, path: Path) -> None:
    """What holds for every error: lines of a bearable length, each with the file."""
    assert error.problems
    for problem in error.problems:
        assert str(path) in problem, problem
        assert problem.isprintable(), problem
        assert len(problem) < 2_000, problem


def assert_right(plan, program, forecast) -> None:
    """What holds for every answer: the slow walk's counts, stocks, and a plan that repeats it."""
    counts = forecast.counts
    assert all(part.min(initial=0) >= 0 for part in counts)
    assert (forecast.funnel.open >= 0).all()
    json.dumps(forecast.summary(), allow_nan=False)
    if program.facts.stage_entries < MOST_CHECKED:
        world = in_world(program.arrays, make_worlds(program, 1, 0, 1, WorldSeeds()), 0)
        slow = Trajectory(program, seed=1, trajectory=0, world=world)
        periods = plan.model.timeline.periods
        np.testing.assert_array_equal(forecast.funnel.flows[0], slow.flows[:periods])
        np.testing.assert_array_equal(counts.bookings[0], slow.bookings[:periods])
    again = plan.path.with_name("again.toml")
    again.write_text(plan.to_toml(), encoding="utf-8")
    assert load_plan(again).to_toml() == plan.to_toml()
