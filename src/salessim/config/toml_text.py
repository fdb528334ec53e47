"""TOML from anybody: what cannot be read is said in plain words, with its line."""

from __future__ import annotations

import re
import tomllib
from typing import Any

DEEPEST = 60
"""Tables and lists within each other, and parts of a key; a plan needs about ten."""
_TOO_DEEP = "tables or lists are nested too deeply"
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
_LONG_KEY = re.compile(rf"(?<![\w-])(?:{_PART}){{{DEEPEST}}}")
_LONG_NUMBER = re.compile(r"[\d_]{4000}")


class TomlError(ValueError):
    """Text that is no TOML, or none that can be a plan's."""

    def __init__(self, line: int, words: str) -> None:
        super().__init__(words)
        self.line = line


def read_toml(text: str) -> dict[str, Any]:
    """Return the document of a TOML text.

    Raises
    ------
    TomlError
        It is no TOML, or nested or numbers in it go beyond what can be read.
    """
    # Looked for before parsing: the parser's memory grows with the square of a key's parts.
    if long := _LONG_KEY.search(text):
        raise TomlError(_line(text, long), _TOO_DEEP)
    try:
        data = tomllib.loads(text)
        deep = _is_deep(data)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(text, str(error)) from None
    except ValueError:  # what Python's int refuses
        where = _line(text, _LONG_NUMBER.search(text))
        raise TomlError(where, "expected a number of fewer digits") from None
    except RecursionError:
        deep = True
    if deep:
        raise TomlError(1, _TOO_DEEP)
    return data


def _line(text: str, match: re.Match[str] | None) -> int:
    return text.count("\n", 0, match.start()) + 1 if match else 1


def _is_deep(value: Any) -> bool:
    """Say whether tables and lists are nested deeper than what reads them can follow."""
    level = [value]
    for _ in range(DEEPEST):
        inside = [item.values() if isinstance(item, dict) else item for item in level]
        level = [item for items in inside for item in items if isinstance(item, dict | list)]
    return bool(level)


def _syntax(text: str, message: str) -> TomlError:
    """Say what is wrong with the TOML, in plain words and with the line."""
    place = _PLACE.search(message)
    lines = text.splitlines()
    line = int(place[1]) if place and place[1] else max(1, len(lines))
    what = _PLACE.sub("", message)
    plain = {
        "Cannot overwrite a value": "this key or table is given twice",
        "Cannot declare": "this key or table is given twice",
        "Cannot mutate immutable namespace": "this key or table is given twice",
        "Duplicate inline table key": "this key or table is given twice",
        "Invalid value": 'expected a value; texts and units need quotes, as in "14 days"',
        "Expected '=' after a key": "expected key = value; keys with a space or dot need quotes",
        "Invalid statement": "expected key = value or a [table]",
        "Unclosed array": "a list [ is not closed",
        "Unclosed inline table": "a table { is not closed",
        "Unterminated string": "a text is not closed by its quote",
        "Illegal character": "a text is not closed by its quote, or holds a control character",
        "Expected newline or end of document": "expected the end of the line after the value; "
        'texts and units need quotes, as in "14 days"',
    }
    words = next((plain[key] for key in plain if what.startswith(key)), what)
    shown = lines[line - 1].strip()[:60] if line <= len(lines) else ""
    return TomlError(line, f"not TOML: {words}" + (f"; found: {shown}" if shown else ""))
