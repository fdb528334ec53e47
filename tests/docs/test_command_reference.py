"""docs/cli.md describes every command with all of its options, and no other."""

from __future__ import annotations

import re

import click
import pytest

from salessim.cli.main import COMMANDS, main
from tests.docs.pages import ROOT

CLI = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
TAKEN = re.compile(r"`(-{1,2}[a-zA-Z][\w-]*)")


def section(text: str, title: str) -> str:
    """Return what stands under a title, down to the next one of any level."""
    (found,) = re.findall(
        rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL
    )
    return str(found)


def described(text: str) -> set[str]:
    """Return the options in the first column of the table, and those named as common ones."""
    rows = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    common = re.findall(r"Common: .*$", text, re.MULTILINE)
    return set(TAKEN.findall("\n".join([*rows, *common])))


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_described_with_all_of_its_options(name):
    command = main.get_command(click.Context(main), name)
    options = [param for param in command.params if isinstance(param, click.Option)]
    written = described(section(CLI, f"`{name}`")) if options else set()
    named = {one for option in options for one in (*option.opts, *option.secondary_opts)}
    assert written <= named
    missing = [option.opts for option in options if not written & set(option.opts)]
    assert not missing
    assert f"| `salessim {name}" in CLI


def test_common_options_are_described_once():
    common = described(section(CLI, "Common options"))
    named = re.findall(r"^.*Common: (.*?)[.;]", CLI, re.MULTILINE)
    assert named
    assert {one for line in named for one in TAKEN.findall(line)} <= common
    assert len(common) == 10


def test_a_missing_or_surplus_option_would_be_seen():
    text = "Common: `-q`.\n\n| option | does |\n|---|---|\n| `-o`, `--out DIR` | `--not-this` |\n"
    assert described(text) == {"-q", "-o", "--out"}
