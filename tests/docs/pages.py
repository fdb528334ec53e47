"""Pages of the documentation, read as blocks and carried out one after the other.

What the first line of a block says after its language:

- ``toml file=NAME``: a plan; written to the page's folder and checked as a whole.
- ``toml append=NAME``: added to the end of that plan, which is checked again.
  With ``valid=no`` it is not checked: a command that follows shows what is wrong.
- ``bash``: commands `salessim ...` (with ``> FILE`` perhaps); ``exit=N`` when they end with N.
- ``python``: run as a script; names of earlier blocks are known.
- ``text``: what the block before it printed, compared by `same_text`.

A page's folder holds a copy of `configs/`, so pages are read as from the root of a checkout.
"""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import shlex
import shutil
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from salessim import load_plan, validate
from salessim.cli.main import main

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMPILING = re.compile(r"^compiling machine code.*\n", re.MULTILINE)
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
ELLIPSIS = re.compile(r"^\s*\.\.\.\s*$", re.MULTILINE)
SET_UP = "python3 -m venv"
CLOSE = 0.01
"""Relative difference of numbers that another platform may print; the last digit is free too."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what is said beside it, its text and where that stands."""

    language: str
    options: dict[str, str]
    text: str
    span: tuple[int, int]


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    found = []
    for match in FENCE.finditer(page):
        options = dict(word.split("=", 1) for word in match[2].split())
        found.append(Block(match[1], options, match[3], match.span(3)))
    return found


class Session:
    """Carries out the blocks of one page in a folder, which is the working directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed = ""
        self._names: dict[str, Any] = {}
        shutil.copytree(ROOT / "configs", folder / "configs", dirs_exist_ok=True)

    def do(self, block: Block) -> None:
        """Carry out a block; what it prints is in `printed`. An unknown language fails."""
        actions = {"toml": self._toml, "bash": self._bash, "python": self._python}
        actions[block.language](block)

    def _toml(self, block: Block) -> None:
        self.printed = ""
        name = block.options.get("file") or block.options["append"]
        with (self.folder / name).open("w" if "file" in block.options else "a") as file:
            file.write(block.text)
        if block.options.get("valid") != "no":
            validate(load_plan(name))

    def _bash(self, block: Block) -> None:
        self.printed = ""
        for line in block.text.replace("\\\n", " ").splitlines():
            command, _, target = line.partition(" > ")
            words = shlex.split(command, comments=True)
            if not words:
                continue
            assert words[0] == "salessim", line
            result = CliRunner().invoke(main, words[1:], prog_name="salessim")
            assert result.exit_code == int(block.options.get("exit", "0")), result.output
            if target:
                (self.folder / target).write_text(result.stdout)
            self.printed += COMPILING.sub("", result.stderr if target else result.output)

    def _python(self, block: Block) -> None:
        script = self.folder / "block.py"
        script.write_text(block.text)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            names = runpy.run_path(str(script), init_globals=self._names)
        self._names = {name: value for name, value in names.items() if not name.startswith("__")}
        self.printed = said.getvalue()


def same_text(shown: str, printed: str) -> bool:
    """Whether words are the same and numbers close; `...` on a line of its own skips any.

    White space is as wide as the terminal is; the time in a run directory's name is any time.
    """
    first, *more = (part.split() for part in ELLIPSIS.split(_timeless(shown)))
    given = _timeless(printed).split()
    if not more:
        return len(first) == len(given) and _same_words(first, given)
    last = more.pop()
    end = len(given) - len(last)
    at = len(first)
    if at > end or not (_same_words(first, given[:at]) and _same_words(last, given[end:])):
        return False
    for part in more:
        starts = range(at, end - len(part) + 1)
        found = [s for s in starts if _same_words(part, given[s : s + len(part)])]
        if not found:
            return False
        at = found[0] + len(part)
    return True


def _timeless(text: str) -> str:
    return re.sub(r"\d{8}-\d{6}", "TIME", text)


def _same_words(some: list[str], others: list[str]) -> bool:
    return all(_same_word(one, other) for one, other in zip(some, others, strict=True))


def _same_word(one: str, other: str) -> bool:
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    return all(map(_close, NUMBER.findall(one), NUMBER.findall(other)))


def _close(one: str, other: str) -> bool:
    a, b = (float(number.replace(",", "")) for number in (one, other))
    last_digit = 10.0 ** -len(one.partition(".")[2])
    return abs(a - b) <= max(CLOSE * abs(a), 1.01 * last_digit)


def rewritten(page: str, wrong: list[tuple[Block, str]]) -> str:
    """Return a page with outputs replaced by what was printed; what was left out stays out."""
    for block, printed in reversed(wrong):
        start, end = block.span
        lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
        page = page[:start] + "\n".join(_left_out(block.text, lines)) + "\n" + page[end:]
    return page


def _left_out(shown: str, lines: list[str]) -> list[str]:
    """Keep of the lines what is between those most like the ends of each part shown."""
    kept: list[str] = []
    at = 0
    for number, part in enumerate(ELLIPSIS.split(shown)):
        ends = part.strip("\n").splitlines()
        kept += ["..."] if number else []
        if ends:
            first = _most_like(ends[0], lines, at)
            at = _most_like(ends[-1], lines, first) + 1
            kept += lines[first:at]
    return kept if "..." in kept else lines


def _most_like(line: str, lines: list[str], at: int) -> int:
    likeness = [SequenceMatcher(None, line, other).ratio() for other in lines[at:]]
    return at + likeness.index(max(likeness))


def is_set_up(block: Block) -> bool:
    """Whether it is one of the README's two commands, which install what they run."""
    return block.text.startswith(SET_UP)
