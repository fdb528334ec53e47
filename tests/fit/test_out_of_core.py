"""Histories reduced on disk are the same to a fit as those in memory."""

import builtins
from datetime import date

import numpy as np
import pandas as pd
import pytest

from salessim.errors import SalessimError
from salessim.fit.amounts import fit_amount
from salessim.fit.durations import gather
from salessim.fit.history import Deals
from salessim.fit.out_of_core import reduce_moves
from salessim.fit.pipelines import fit_visits
from salessim.fit.visits import visits

STAGES = ("contact", "offer", "contract")
NAMES = (*STAGES, "Won", "Lost")
ENDS = {"won": "won", "lost": "Lost"}


def wild(seed, *, deals=400, clock="s"):
    """Moves that skip, go back, stay, come in any order, and go on after they were closed."""
    rng = np.random.default_rng(seed)
    count = rng.integers(1, 7, deals)
    deal = np.repeat(np.arange(deals), count)
    days = rng.uniform(0, 700, deals)[deal] + rng.exponential(60.0, len(deal))
    at = pd.Timestamp("2023-01-01") + pd.to_timedelta(days, unit="D")
    moves = pd.DataFrame({"deal": deal, "stage": rng.integers(0, 5, len(deal)), "at": at})
    moves["at"] = moves["at"].dt.floor(clock)
    return moves.sample(frac=1.0, random_state=seed).reset_index(drop=True)


def written(moves, path):
    table = pd.DataFrame(
        {
            "Opportunity ID": "D" + moves["deal"].astype(str),
            'the "stage"': [NAMES[stage] for stage in moves["stage"]],
            "Changed At": moves["at"].astype(str),
        }
    )
    table.to_csv(path, index=False) if path.suffix != ".parquet" else table.to_parquet(path)
    return path


def reduced(path, **more):
    columns = {"stage": 'the "stage"', **more.pop("columns", {})}
    return reduce_moves(path, stages=STAGES, columns={**ENDS, **columns}, **more)


def in_memory(moves, *, until, complete_from=None):
    moves = moves[moves["at"] < until].sort_values(["deal", "at", "stage"], ignore_index=True)
    count = moves["deal"].max() + 1
    table = pd.DataFrame({"deal": [f"D{n}" for n in range(count)]})
    return Deals(
        pipeline="new",
        stages=STAGES,
        table=table,
        moves=moves,
        amounts=pd.DataFrame(),
        complete_from=complete_from,
        until=until,
    )


def as_fits_see_them(seen, stage):
    here = seen.where(seen.stage == stage)
    ones = np.ones(len(here))
    found = gather(
        here.outcome - 1, here.duration, here.entry_age,
        count=here.weight, recency=ones, tick=seen.tick,
    )  # fmt: skip
    return np.stack((found.outcome, found.low, found.high, found.entry, found.weight))


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
@pytest.mark.parametrize(("clock", "late"), [("s", None), ("D", None), ("s", "2023-06-01")])
def test_the_same_as_in_memory(tmp_path, ending, clock, late):
    moves = wild(1, clock=clock)
    until = pd.Timestamp("2024-10-01")
    begin = None if late is None else pd.Timestamp(late)
    small = reduced(
        written(moves, tmp_path / f"moves{ending}"),
        as_of=date(2024, 9, 30),
        complete_from=None if begin is None else begin.date(),
    )
    deals = in_memory(moves, until=until, complete_from=begin)
    whole = visits(deals)
    assert small.visits.reopened == whole.reopened
    # Those skipped before the records begin are in no visit: only here are they not counted.
    assert small.visits.passed == whole.passed or begin is not None
    assert whole.reopened > 0
    assert small.visits.tick == whole.tick
    assert small.visits.weight.sum() == len(whole)
    for stage in range(3):
        ours, theirs = (as_fits_see_them(seen, stage) for seen in (small.visits, whole))
        assert ours.shape == theirs.shape
        assert ours == pytest.approx(theirs)
    # fits ask where deals go back to, and when visits began to the month
    for of in (lambda v: v.to, lambda v: v.entered.astype("datetime64[M]").astype(int)):
        ours = np.bincount(of(small.visits) + 1, small.visits.weight)
        assert ours.tolist() == np.bincount(of(whole) + 1).tolist()


def test_what_is_open_and_what_was_created(tmp_path):
    moves = wild(2)
    small = reduced(written(moves, tmp_path / "moves.csv"))
    last = moves.sort_values(["deal", "at"]).drop_duplicates("deal", keep="last")
    still = last[last["stage"] < 3]
    assert sorted(small.open.table["deal"]) == sorted("D" + still["deal"].astype(str))
    assert len(small.open.moves) == len(still)
    assert small.open.until == moves["at"].max().ceil("D")
    assert small.created["deals"].sum() == moves["deal"].nunique()
    first = moves.groupby("deal")["at"].min()
    assert small.created["day"].iloc[0] == first.min().floor("D")
    assert small.open.table["created"].isin(first).all()


def test_what_is_dropped_is_counted(tmp_path):
    path = tmp_path / "moves.csv"
    path.write_text(
        "deal,stage,at,amount\n"
        "a, OFFER ,2024-01-01,12.5\na,Won,2024-02-01 10:00:00,\n"
        "b,offer,yesterday,1\n,offer,2024-01-01,1\nc,parked,2024-01-01,\n"
        "d,offer,2024-01-01,$1000\ne,offer,2024-01-01,inf\n"
    )
    small = reduce_moves(path, stages=STAGES, columns=ENDS)
    said = {finding.reason: (finding.what, finding.count) for finding in small.findings}
    assert said == {
        "rows": ("read", 7),
        "no deal is named": ("dropped", 1),
        "the time is missing, or not like 2027-01-31 13:45:00": ("dropped", 1),
        "entry to a stage that is not asked for: `parked`": ("dropped", 1),
        "the amount is no plain number such as 1234.56: taken as not known": ("noted", 1),
    }
    assert small.visits.weight.sum() == 7  # contact was skipped three times, contract once
    assert small.visits.passed == 4
    assert small.won.amounts["amount"].tolist() == [12.5]  # known since the offer
    assert small.open.amounts.empty


def test_mistakes_are_addressed(tmp_path, monkeypatch):
    path = written(wild(3, deals=3), tmp_path / "moves.csv")
    with pytest.raises(SalessimError, match=r"none.csv: there is no such file"):
        reduced(tmp_path / "none.csv")
    with pytest.raises(SalessimError, match=r"no column of the stage is recognised.*`Changed At`"):
        reduce_moves(path, stages=STAGES, columns=ENDS)
    with pytest.raises(SalessimError, match="--map at=Changed: no such column; did you mean"):
        reduced(path, columns={"at": "Changed"})
    with pytest.raises(SalessimError, match=r"none of its .* rows says"):
        reduced(path, columns={"stage": "Changed At"})
    with pytest.raises(SalessimError, match="each once; found `contact`, `Contact`"):
        reduce_moves(path, stages=["contact"], columns={"won": "Contact"})
    broken = tmp_path / "moves.parquet"
    broken.write_bytes(b"PAR1 no, not really")
    with pytest.raises(SalessimError, match=r"moves.parquet: "):
        reduced(broken)

    def no_duckdb(name, *rest):
        if name == "duckdb":
            raise ImportError
        return builtins_import(name, *rest)

    builtins_import = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", no_duckdb)
    with pytest.raises(SalessimError, match=r"pip install salessim\[duckdb\]"):
        reduced(path)


def test_names_of_columns_are_never_commands(tmp_path):
    path = tmp_path / "moves.csv"
    nasty = 'at"; DROP TABLE kinds; --'
    table = pd.DataFrame({"deal": ["a", "a"], "stage": ["offer", "won"]})
    table.assign(**{nasty: ["2024-01-01", "2024-02-01"]}).to_csv(path, index=False)
    small = reduce_moves(path, stages=STAGES, columns={**ENDS, "at": nasty})
    assert small.visits.duration.max() == 31.0


def test_nothing_is_left_on_disk(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    path = written(wild(4, deals=50), tmp_path / "moves.csv")
    reduced(path, scratch=scratch, memory="200MB")
    assert list(scratch.iterdir()) == []


def test_a_fit_of_what_was_reduced_is_the_fit_of_all(tmp_path):
    moves = wild(5, deals=120, clock="D")
    small = reduced(written(moves, tmp_path / "moves.csv"))
    deals = in_memory(moves, until=small.open.until)
    until, worth = np.datetime64(deals.until), fit_amount(small.open)
    ours, theirs = (
        fit_visits(seen, worth, until=until, families=["gamma"])
        for seen in (small.visits, visits(deals))
    )
    for one, other in zip(ours.stages, theirs.stages, strict=True):
        assert one.chosen.fit.theta == pytest.approx(other.chosen.fit.theta, abs=1e-3)
        assert one.seen == other.seen
        assert one.back_to == other.back_to
