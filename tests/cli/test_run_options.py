"""`salessim run`: tables asked for, periods in words, how long it goes on, what a full disk is."""

import errno
import json
from pathlib import Path

import pytest

from salessim.api.run_directory import cannot_write


def test_formats_are_those_that_exist(call, folder):
    tables = {"csv": {"summary.csv"}, "parquet": {"forecast.parquet", "funnel.parquet"}}
    for formats in ("parquet, csv", "csv", "parquet"):
        assert call("run", "acme.toml", "-q", "-o", formats, "--format", formats).exit_code == 0
        there = {file.name for file in (folder / formats).iterdir()}
        wanted = set().union(*(files for kind, files in tables.items() if kind in formats))
        assert there & set().union(*tables.values()) == wanted
        assert set(json.loads((folder / formats / "manifest.json").read_text())["files"]) == (
            there - {"manifest.json"}
        )


@pytest.mark.parametrize(
    ("changes", "header", "first"),
    [
        (("forecast.period=month",), "Month", "2027-01"),
        (("forecast.period=quarter",), "Quarter from", "2027-01"),
        (("forecast.period=week", "forecast.horizon=26 weeks"), "Week from", "2027-01-01"),
        (("forecast.period=30 days", "forecast.horizon=60 days"), "30 days from", "2027-01-01"),
        (("forecast.start=2027-01-31",), "Month from", "2027-01-31"),
    ],
)
def test_the_table_says_what_a_period_is(call, changes, header, first):
    options = [part for change in changes for part in ("-S", change)]
    lines = call("run", "acme.toml", "-n", "1", "-o", "a", *options).stdout.splitlines()
    assert lines[1].startswith("Acme: 2027 plan: 1 trajectory, ")
    rule = next(index for index, line in enumerate(lines) if "\u2500" in line)
    above, below = (line[:10].strip() for line in lines[rule - 2 : rule])
    assert f"{above} {below}".strip() == header
    assert lines[rule + 1].split()[0] == first


def test_pyarrows_full_disk_is_said_as_everyone_elses():
    error = OSError("Error writing bytes to file. Detail: [errno 28] No space left on device")
    assert str(cannot_write(Path("run"), error)) == str(
        cannot_write(Path("run"), OSError(errno.ENOSPC, "any"))
    )
    assert str(cannot_write(Path("run"), OSError("odd"))).startswith("run cannot be written: odd;")


def test_a_run_goes_on_until_its_error_is_small_enough(call, folder):
    result = call("run", "acme.toml", "--until-error", "1%", "--json", "-o", "a")
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)["run"]["precision"]
    assert (said["of"], said["asked"], said["limit"]) == ("bookings.total", 0.01, None)
    assert "The relative error of bookings.total is 0." in result.stderr
    count = said["trajectories"]
    assert call("run", "acme.toml", "-n", count, "-q", "-o", "b").exit_code == 0
    for name in ("forecast.parquet", "funnel.parquet", "summary.csv", "plan.toml", "fan.svg"):
        assert (folder / "a" / name).read_bytes() == (folder / "b" / name).read_bytes()
    assert call("rerun", "a").exit_code == 0


@pytest.mark.parametrize("share", ["1", "0", "-1%", "100%", "x", "nan", "2 %%"])
def test_until_what_error_is_a_share(call, share):
    result = call("run", "acme.toml", f"--until-error={share}")
    assert result.exit_code == 2
    assert f'such as 1% or 0.01, found "{share}"' in result.stderr


def test_a_dry_run_says_until_when_it_would_go_on(call, folder):
    result = call("run", "acme.toml", "--until-error", "0.5%", "--dry-run")
    assert "until the error of bookings.total is at most 0.5%, about" in result.stdout
    assert [file.name for file in folder.iterdir()] == ["acme.toml"]
