"""A fitted plan remembers how its records were read: `backtest` needs nothing typed again."""

import json
import tomllib
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import salessim as ss
from salessim.cli.main import main
from salessim.lowering import lower
from tests.fit.made_up import history, write_csv
from tests.fit.test_contracts import made_up

READ = (
    *("--map", "amount=Deal Value", "--map", "won=Handed over", "--map", "lost=Gone"),
    *("--stages", "first,second", "--as-of", "2022-11-15"),
)
"""What reading needs: nothing in the names of columns and stages tells it."""
LOOK = ("--no-refit", "--horizon", "1 month", "--origins", "2", "-n", "20", "--json")
"""A back-test in a second or so."""


def called(*words):
    return CliRunner().invoke(main, [str(word) for word in words], env={"COLUMNS": "200"})


def refused(*words):
    """What a command that fails for its user's mistake says, in one line."""
    result = called(*words)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return " ".join(result.stderr.split())


@pytest.fixture(scope="module")
def firm(tmp_path_factory):
    """Records with two columns that may be the amount, and a plan fitted to them elsewhere."""
    there = tmp_path_factory.mktemp("firm")
    for name in ("exports", "plans"):
        (there / name).mkdir()
    moves = there / "exports" / "moves.csv"
    write_csv(history(seed=31, days=700), moves)
    table = pd.read_csv(moves).rename(columns={"amount": "Deal Value"})
    table["amount"] = 100.0 * table["Deal Value"]
    table["stage"] = table["stage"].replace({"Closed Won": "Handed over", "Closed Lost": "Gone"})
    table.to_csv(moves, index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(there)
        result = called("fit", "exports/moves.csv", *READ, "-o", "plans/fitted.toml", "-q")
    assert result.exit_code == 0, result.output
    return there


@pytest.fixture
def fitted(firm):
    return firm / "plans" / "fitted.toml"


def changed(plan, old, new):
    """A copy of a plan beside it, with a text in its records replaced; and the line of it."""
    text = plan.read_text(encoding="utf-8")
    above, below = text[: text.index("[records]")], text[text.index("[records]") :]
    assert old in below
    path = plan.with_name("changed.toml")
    path.write_text(above + below.replace(old, new, 1), encoding="utf-8")
    return path, (above + below.partition(old)[0]).count("\n") + 1


def test_the_plan_says_what_was_typed_and_no_folder_of_this_machine(firm, fitted):
    text = fitted.read_text(encoding="utf-8")
    assert str(firm) not in text
    assert tomllib.loads(text)["records"] == {
        "files": ["../exports/moves.csv"],
        "as_of": date(2022, 11, 15),
        "columns": {"amount": "Deal Value", "won": "Handed over", "lost": "Gone"},
        "stages": ["first", "second"],
    }


def test_a_back_test_with_nothing_typed_again_is_that_with_all_of_it(
    firm, fitted, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # files are found from the plan, not from here
    alone = called("backtest", fitted, *LOOK)
    assert alone.exit_code == 0, alone.output
    again = called("backtest", fitted, firm / "exports" / "moves.csv", *READ, *LOOK)
    said = "Read as fitted.toml says: files, as_of, stages, columns.amount, columns.won"
    assert said in " ".join(alone.stderr.split())
    assert "Read as" not in again.stderr
    # another seed, as none is in the plan: what came true is what was read
    truth, same = (
        [one["targets"] for one in json.loads(r.stdout)["origins"]] for r in (alone, again)
    )
    assert [[t["actual"] for t in one] for one in truth] == [
        [t["actual"] for t in one] for one in same
    ]
    assert json.loads(alone.stdout)["origins"][-1]["origin"] == "2022-09-30"


def bookings(plan, *words):
    """What was booked in all, after the first origin."""
    result = called("backtest", plan, *words, *LOOK, "-q")
    assert result.exit_code == 0, result.output
    origin, *_ = json.loads(result.stdout)["origins"]
    return next(
        sum(one["actual"])
        for one in origin["targets"]
        if (one["measure"], one["part"]) == ("bookings", "all")
    )


def test_a_wrong_column_in_the_plan_is_seen_and_what_is_typed_wins(fitted):
    true = bookings(fitted)
    assert true > 0
    wrong, _ = changed(fitted, 'amount = "Deal Value"', 'amount = "amount"')
    assert bookings(wrong) == pytest.approx(100 * true)
    assert bookings(wrong, "--map", "amount=Deal Value") == pytest.approx(true)
    assert bookings(wrong, "-S", "records.columns.amount=Deal Value") == pytest.approx(true)


def test_files_that_are_named_are_read_as_the_plan_says_up_to_their_own_end(firm, fitted):
    grown = firm / "exports" / "grown.csv"
    grown.write_bytes((firm / "exports" / "moves.csv").read_bytes())
    result = called("backtest", fitted, grown, *LOOK)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["origins"][-1]["origin"] == "2022-10-31"
    assert "says: stages, columns.amount" in result.stderr
    assert "as_of" not in result.stderr
    result = called("backtest", fitted, "--as-of", "2022-12-01", *LOOK)
    assert json.loads(result.stdout)["origins"][-1]["origin"] == "2022-10-31"


def test_a_plan_on_top_has_its_records(fitted, tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(f'extends = "{fitted.as_posix()}"\ntitle = "Mine"\n', encoding="utf-8")
    assert bookings(mine) == bookings(fitted)
    mine.write_text(
        f'extends = "{fitted.as_posix()}"\n[records]\nfiles = ["own.csv"]\n', encoding="utf-8"
    )
    said = refused("backtest", mine, *LOOK)
    assert "mine.toml:3: records.files: no such file" in said
    assert str(tmp_path / "own.csv") in said


def test_a_run_takes_no_notice_of_them(fitted, firm):
    text = fitted.read_text(encoding="utf-8")
    begin = text.index("[records]")
    bare = fitted.with_name("bare.toml")
    bare.write_text(text[:begin] + text[text.index("\n\n", begin) :], encoding="utf-8")
    plan = ss.load_plan(fitted)
    assert ss.load_plan(bare).records is None
    assert lower(plan.model).sha256 == lower(ss.load_plan(bare).model).sha256
    gone, _ = changed(fitted, "moves.csv", "gone.csv")
    assert lower(ss.load_plan(gone).model).sha256 == lower(plan.model).sha256
    assert "Records: measured from moves.csv" in str(ss.explain(plan))
    # the plan of a run says where they are, from any folder
    moved = firm / "moved.toml"
    moved.write_text(plan.to_toml(), encoding="utf-8")
    (file,) = ss.load_plan(moved).records.files
    assert file == (firm / "exports" / "moves.csv").resolve()


def test_a_workbook_has_them_too(fitted, tmp_path):
    plan = ss.load_plan(fitted)
    book = ss.save_plan_workbook(plan, tmp_path / "fitted.xlsx")
    found = ss.load_plan(book).records
    assert (found.columns, found.stages, found.as_of) == (
        plan.records.columns,
        plan.records.stages,
        plan.records.as_of,
    )
    assert bookings(book) == bookings(fitted)
    said = refused("backtest", book, "-S", 'records.stages=["firsst"]', *LOOK)
    assert '-S records.stages=["firsst"]: records.stages: no open stage' in said


def test_a_script_reads_them_by_the_plan(fitted):
    plan = ss.load_plan(fitted, changes=["records.half_life=180 days"])
    records = ss.read_history(plan=plan)
    assert records.told.stages == ("first", "second")
    assert records.deals[0].until == pd.Timestamp("2022-11-16")
    words = {"horizon": "1 month", "origins": "1", "trajectories": 20, "seed": 3}
    found = ss.backtest(plan=plan, **words)
    assert found.table.equals(ss.backtest(records, plan, half_life=180.0, **words).table)
    other = ss.backtest(plan=plan, half_life=5_000.0, **words)
    assert not found.table.equals(other.table)


def test_a_half_life_is_kept_and_an_absolute_name_stays(firm, tmp_path):
    file = firm / "exports" / "moves.csv"
    read = ss.read_history([file], columns={"won": "Handed over"}, stages=["first", "second"])
    path = ss.fit_history(read, half_life=182.5).save(tmp_path / "fitted.toml")
    assert tomllib.loads(path.read_text(encoding="utf-8"))["records"] == {
        "files": [file.as_posix()],
        "columns": {"won": "Handed over"},
        "stages": ["first", "second"],
        "half_life": "182.5 days",
    }


@pytest.mark.parametrize(
    ("old", "new", "typed", "said"),
    [
        (
            '"Deal Value"',
            '"Deal Valu"',
            (),
            '{line}: records.columns.amount = "Deal Valu": no file',
        ),
        ("amount = ", "amont = ", (), "{line}: records.columns.amont"),
        ('"first", ', '"frist", ', (), "{line}: records.stages: no open stage `frist`; did you"),
        (
            '"Handed over"',
            '"Handed ovr"',
            (),
            '{line}: records.columns.won = "Handed ovr": no stage',
        ),
        ("moves.csv", "move.csv", (), "{line}: records.files: no such file"),
        (
            "amount",
            "amount",
            ("--map", "amount=Deal Valu"),
            "error: --map amount=Deal Valu: no file",
        ),
        ("amount", "amount", ("--stages", "frist"), "error: --stages: no open stage `frist`"),
        ("amount", "amount", ("nowhere.csv",), "error: no such file: nowhere.csv"),
        (
            "as_of = 2022-11-15",
            "as_of = 2999-11-15",
            (),
            "{line}: records.as_of: 2999-11-15 has yet to come; records tell nothing after today",
        ),
        (
            "as_of = 2022-11-15",
            "as_of = 1999-11-15",
            (),
            "{line}: records.as_of: on 1999-11-15 there was nothing to look back on: the records",
        ),
        (
            "amount",
            "amount",
            ("--as-of", "2999-11-15"),
            "error: --as-of: 2999-11-15 has yet to come",
        ),
    ],
)
def test_a_mistake_is_told_where_it_is(fitted, old, new, typed, said):
    path, line = changed(fitted, old, new)
    assert said.format(line=f"{path}:{line}") in refused("backtest", path, *typed, *LOOK)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no such device")
def test_a_plan_names_no_device(fitted):
    said = refused("backtest", fitted, "-S", 'records.files=["/dev/zero"]', *LOOK)
    assert "records.files: /dev/zero is no file but a device or a pipe" in said


def test_an_origin_that_the_plan_looks_not_after_says_so(fitted):
    said = refused("backtest", fitted, *LOOK, "--origins", "2022-10-31")
    assert "they end with 2022-11-15 (" in said
    assert "fitted.toml:" in said
    assert "records.as_of says; --as-of DATE overrules it)" in said


def test_a_plan_without_records_asks_for_files(fitted):
    bare, _ = changed(fitted, 'files = ["../exports/moves.csv"]\n', "")
    assert "no key records.files says what it was measured from" in refused("backtest", bare, *LOOK)


def test_subscriptions_alone_are_looked_back_on(tmp_path):
    contracts = made_up(400, seed=5)
    table = contracts.table.rename(columns={"revenue": "fee", "start": "start_date"})
    table.drop(columns="segment").to_csv(tmp_path / "contracts.csv", index=False)
    fitted = tmp_path / "fitted.toml"
    result = called("fit", tmp_path / "contracts.csv", "--map", "revenue=fee", "-o", fitted, "-q")
    assert result.exit_code == 0, result.output
    look = ("--origins", "1", "--horizon", "2 months", "-n", "40", "--seed", "1")
    result = called("backtest", fitted, *look, "-o", tmp_path / "out", "--no-progress")
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "Read as fitted.toml says: files, columns.revenue." in said
    assert "Lost customers" in said
    assert "fans_lost_customers.svg" in said
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "New customers: forecast and what came true" in page
    assert "in a forecast each customer pays once a month" in page
