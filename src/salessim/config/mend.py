"""The valid parts of an invalid document, with stand-ins for what a plan cannot do without.

So that one run says what is wrong with single values and what does not fit together: a plan made
of stand-ins is checked, never run. Checks leave out what a stand-in may stand for.
"""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

from pydantic import ValidationError

from salessim.config.problems import Path, path_of, value_at
from salessim.config.schema import Document

STAND_INS: dict[Path, dict[str, Any]] = {
    (): {"forecast": {}, "pipelines": {"stand-in": {}}},
    ("forecast",): {"start": date(2000, 1, 1), "horizon": "24 months"},
    ("pipelines", "*"): {"amount": {"fixed": 0}, "stages": [{}]},
    ("pipelines", "*", "stages", "*"): {"conversion": 0.5},
    ("sources", "*"): {"kind": "external", "pipeline": "stand-in", "rate": "1 per day"},
    ("curves", "*"): {"target": "stand-in", "from": date(2000, 1, 1), "factor": 1},
}
"""Required keys of each table; * = any name or position."""
LISTS = ("stages", "curves")
"""Lists of tables: an invalid one is replaced, so that the others keep their positions."""
ROUNDS = 50


def valid_parts(document: dict[str, Any]) -> Document | None:
    """Return the plan that an invalid document's valid parts make; None when there are none."""
    rest = copy.deepcopy(document)
    for _ in range(ROUNDS):
        try:
            return Document.model_validate(rest)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                _mend(rest, path_of(item, rest), item)
    return None


def _mend(rest: dict[str, Any], path: Path, item: Any) -> None:
    """Put a stand-in where a key is missing; else take out what is invalid, or what holds it."""
    if item["type"] == "missing":
        key = str(item["loc"][-1])
        here = value_at(rest, path)
        if key == "name":
            here[key] = f"stand-in {path[-1]}"
            return
        if key in (stand_ins := _stand_ins(path)):
            here[key] = copy.deepcopy(stand_ins[key])
            return
    while path:
        parent = value_at(rest, path[:-1])
        if isinstance(parent, dict):
            parent.pop(path[-1], None)
            return
        if path[-2] in LISTS:
            parent[path[-1]] = {}
            return
        path = path[:-1]


def _stand_ins(path: Path) -> dict[str, Any]:
    for pattern, stand_ins in STAND_INS.items():
        if len(pattern) == len(path) and all(
            name in ("*", part) for name, part in zip(pattern, path, strict=True)
        ):
            return stand_ins
    return {}
