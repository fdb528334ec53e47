"""Words that errors share: what was found, what is nearest, which rows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

SHOWN_ROWS = 5
LONGEST_SHOWN = 120
LONGEST_LINE = 1500
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def found(value: Any) -> str:
    """Say a value of the document as its author wrote it."""
    match value:
        case "":
            text = "an empty text"
        case str():
            text = f'"{value}"'
        case bool():
            text = str(value).lower()
        case datetime():
            text = f"the date and time {value.isoformat()}"
        case date():
            text = f"the date {value.isoformat()}"
        case dict():
            text = f"a table ({', '.join(map(key_text, value)) or 'empty'})"
        case list():
            text = f"a list of {len(value)}"
        case _:
            text = str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def one_line(text: str) -> str:
    """Return a message as one line of a bearable length, what no terminal should see escaped."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return text if len(text) <= LONGEST_LINE else f"{text[:1000]} ... {text[-400:]}"


def key_text(key: object) -> str:
    """Return a key as TOML spells it: quoted where it holds anything but letters, digits, - _."""
    text = str(key)
    return text if _BARE_KEY.fullmatch(text) else f'"{text}"'


def path_text(path: Sequence[str | int]) -> str:
    """Return the address of a key, for example ``pipelines.new.stages[0].conversion``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + key_text(part)
    return text


def nearest_of(word: str, words: Iterable[str]) -> list[str]:
    """Return the word most like another, capitals aside; empty when none is."""
    folded = {choice.casefold(): choice for choice in words}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return [folded[choice] for choice in near]


def nearest(word: str, words: Iterable[str], *, named: str = "known") -> str:
    """Return a remedy: the nearest of the words, or all of them when none is near."""
    choices = list(words)
    if not choices:
        return f"{named}: none"
    if close := nearest_of(word, choices):
        return f"did you mean `{close[0]}`?"
    shown = ", ".join(f"`{choice}`" for choice in choices[:20])
    return f"{named}: {shown}" + (f" and {len(choices) - 20} more" if len(choices) > 20 else "")


def counted(many: int, noun: str) -> str:
    """Say a number of things: ``1 row``, ``8,800 rows``."""
    return f"{many:,} {noun}{'' if many == 1 else 's'}"


def rows_text(rows: Sequence[int], *, total: int | None = None) -> str:
    """Name the first few rows and count the others; ``total`` when ``rows`` are not all."""
    many = len(rows) if total is None else total
    head = ", ".join(map(str, rows[:SHOWN_ROWS]))
    more = f" and {many - SHOWN_ROWS:,} more" if many > SHOWN_ROWS else ""
    return f"{'row' if many == 1 else 'rows'} {head}{more}"
