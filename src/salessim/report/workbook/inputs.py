"""The sheet of inputs: every number of the resolved plan, its unit, and who says so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from salessim.api.finished import Run
from salessim.api.world_words import say_interval, say_value
from salessim.config import Plan
from salessim.config.documents import key_parts
from salessim.config.lines import Lines
from salessim.config.values import NUMBER_FORMS
from salessim.config.words import key_text
from salessim.model.plan import Model
from salessim.report.workbook.book import Sheet
from salessim.report.workbook.kinds import DAY, TEXT, Kind, money

Path = tuple[str | int, ...]

LONGEST_LIST = 24
"""Numbers of a list that have a row each; a longer one is written in one."""
LARGEST_WHOLE = 2**53
"""Beyond, a cell does not hold every whole number."""
FILES = ("file", "samples")
"""Keys that name data files."""
NAKED = frozenset(("sigma", "shape", "tail", "weight", "a", "b", "rate_shape", "seed", "sd"))
"""Keys of numbers without a unit."""
UNITS = {
    "conversion": "share", "share": "share", "probability": "share", "self_sustaining": "share",
    "fragile": "share",
    "season": "factor", "campaign": "factor", "factor": "factor", "churn": "factor",
    "up_sell": "factor", "referral": "factor", "over_dispersion": "variance of a factor",
    "trajectories": "trajectories", "answers": "answers",
}  # fmt: skip
_QUANTITY = re.compile(r"\s*([+-]?[\d.][\d._]*(?:[eE][+-]?\d+)?)\s*(%?)\s*([A-Za-z/].*)?")
SHARE = Kind(code="0.0##%", decimals=3, factor=100.0, unit="%")
WHOLE = Kind(code="#,##0", decimals=0)
ANY = Kind(code="General", decimals=4)


class Leaf(NamedTuple):
    """One value of the document."""

    path: Path
    address: str
    """As the plan and ``--set`` write it, stages by name."""
    value: Any


def inputs_sheet(sheet: Sheet, run: Run) -> None:
    """Write a row for each value of the plan, and the files that were read."""
    plan, model = run.plan, run.plan.model
    sheet.heading(
        "Inputs: the plan as it was run",
        "Each key can be changed with `salessim run PLAN --set KEY=VALUE`. Uncertain: what nine "
        "of ten trajectories draw; each draws its own.",
    )
    found = list(leaves(plan.document))
    unsure = dict(_unsure(model))
    lines = Lines(plan.to_toml())
    titles = ("Key", "Number", "Unit", "As written", "Uncertain", "Line of plan.toml")
    rows = []
    for leaf in found:
        value, unit, kind = valued(leaf, model.currency)
        # a name and a file are no numbers: as they are written is all that they are
        number = None if kind is TEXT else value
        key, *rest = (
            (text, TEXT) for text in (leaf.address, unit, _cut(leaf), _said(leaf.address, unsure))
        )
        rows.append([key, (number, kind), *rest, (lines.of(leaf.path), WHOLE)])
    kinds = (TEXT, ANY, TEXT, TEXT, TEXT, WHOLE)
    sheet.rows(list(zip(titles, kinds, strict=True)), rows, freeze=1)
    sheet.section("Files that were read")
    files = [("plan.toml, the plan as it was run", run.plan_sha256), *_data_files(plan, found)]
    for name, digest in files:
        sheet.text(0, name)
        sheet.text(3, f"SHA-256 {digest}")
        sheet.row += 1


def _data_files(plan: Plan, found: Sequence[Leaf]) -> Iterator[tuple[str, str]]:
    """Yield the data files that the plan names, in its order, and their hashes."""
    known = {one.path.resolve().as_posix(): one.sha256 for one in plan.inputs}
    named = (str(leaf.value) for leaf in found if leaf.path[-1] in FILES)
    yield from ((name, known[name]) for name in dict.fromkeys(named) if name in known)


def _cut(leaf: Leaf) -> str:
    """Return a value as it is written; a data file, which is named in full below, by its name."""
    text = str(leaf.value)
    return FilePath(text).name if leaf.path[-1] in FILES else text


def leaves(document: Mapping[str, Any]) -> Iterator[Leaf]:
    """Yield the values of a document in its order, scenarios apart; long lists in one."""
    plain = {key: value for key, value in document.items() if key != "scenarios"}
    yield from _leaves(plain, (), "")


def _leaves(value: Any, path: Path, address: str) -> Iterator[Leaf]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            inside = f"{address}.{key_text(key)}" if address else key_text(key)
            yield from _leaves(item, (*path, key), inside)
    elif isinstance(value, list) and _is_long(value):
        yield Leaf(path, address, ", ".join(map(str, value)))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            # stages are called by their names, where all have one
            name = item.get("name") if isinstance(item, Mapping) else None
            inside = f"{address}.{key_text(name)}" if name else f"{address}[{at}]"
            yield from _leaves(item, (*path, at), inside)
    else:
        yield Leaf(path, address, value)


def _is_long(value: list[Any]) -> bool:
    return len(value) > LONGEST_LIST and not any(isinstance(item, Mapping | list) for item in value)


def valued(leaf: Leaf, currency: str) -> tuple[Any, str, Kind]:
    """Return a value as a number where it is one, its unit, and how it is shown."""
    value = leaf.value
    if isinstance(value, date):
        return value, "date", DAY
    if isinstance(value, str):
        return _written(value)
    if isinstance(value, bool) or abs(value) > LARGEST_WHOLE:
        return str(value).lower(), "", TEXT
    unit = _unit(leaf.path, currency)
    kinds = {"share": SHARE, currency: money(currency, abs(value))}
    return value, unit, kinds.get(unit, _shown(value))


def _written(text: str) -> tuple[Any, str, Kind]:
    """Return the number and the unit of a text such as ``60 per month``, ``85%``, ``14 days``."""
    match = _QUANTITY.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        return text, "", TEXT
    number, unit = float(match[1].replace("_", "")), match[3] or ""
    return (number / 100.0, unit or "share", SHARE) if match[2] else (number, unit, _shown(number))


def _shown(number: float) -> Kind:
    return WHOLE if float(number).is_integer() else ANY


def _name(path: Path) -> str:
    """Return the last key of a path that is no position in a list."""
    return next(part for part in reversed(path) if isinstance(part, str))


def _of(path: Path) -> str:
    """Return the key whose uncertain number a path lies in; empty when it lies in none."""
    for at in range(len(path) - 1, 0, -1):
        if path[at] in NUMBER_FORMS:
            return _name(path[:at])
    return ""


def _unit(path: Path, currency: str) -> str:
    """Return the unit of a bare number, by its key; of a number without one nothing."""
    name = _of(path) or _name(path)
    # laws of durations take bare numbers in one place: what was observed
    unit = "days" if name == "empirical" else UNITS.get(name, "")
    match path:
        case _ if name in NAKED or path[-1] in NAKED:
            unit = ""
        case ("targets", *_) | ("pipelines", _, "amount", *_):
            unit = currency
        case ("sustainability", "need" | "past", *_):
            unit = f"{currency} a month"
        case ("correlation", *_) | ("shocks", _, "persistence"):
            unit = "correlation"
        case ("shocks", *_):
            unit = "log scale, one standard deviation"
        case ("sources", _, "campaign", *_):
            unit = "factor"
        case (("open_deals" | "customers") as who, *_) if "count" in path:
            unit = {"open_deals": "deals", "customers": "customers"}[who]
    return unit


def _unsure(model: Model) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the parts of the address of each uncertain number, and what the worlds draw for it."""
    for number in model.uncertain:
        middle = say_value(number, float(number), model)
        yield (
            tuple(key_parts(number.address)),
            f"90% from {say_interval(number, model)}; middle {middle}",
        )


def _said(address: str, unsure: Mapping[tuple[str, ...], str]) -> str:
    """Return what is said of the uncertain number that holds a value; empty when none does."""
    try:
        parts = tuple(key_parts(address))
    except ValueError:  # a position in a list, which no uncertain number is addressed by
        return ""
    return next((text for known, text in unsure.items() if parts[: len(known)] == known), "")
