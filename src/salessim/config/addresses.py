"""Problems with their addresses: the line or cell that holds the key, or the change that set it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from salessim.config.documents import Change
from salessim.config.layers import Layer
from salessim.config.places import Place
from salessim.config.problems import Path, PlanError, Problem, Problems, holds
from salessim.config.words import path_text

_MISSING = re.compile(r"missing key `([^`]+)`")


def plan_error(problems: Problems, layers: Sequence[Layer], changes: Sequence[Change]) -> PlanError:
    """Return the error that says every problem with its address, in the order of the files.

    What is wrong with a cell is said once: not also what follows from it for its key.
    """
    finder = _Finder(layers, changes)
    wrong = [(index, one) for index, layer in enumerate(layers) for one in layer.wrong]
    unread = [one.path for _, one in wrong if one.path]
    found = [
        (*finder.place(problem), problem)
        for problem in problems
        if not any((*problem.path, _missing(problem))[: len(path)] == path for path in unread)
    ]
    found += [(index, one.place, Problem(one.path, one.text)) for index, one in wrong]
    return PlanError(*(finder.say(*one) for one in sorted(found, key=lambda one: one[:2])))


def address(path: Path, layers: Sequence[Layer], changes: Sequence[Change]) -> str:
    """Return the file and line (or cell) of a key, or the change that set it, and the key."""
    finder = _Finder(layers, changes)
    index, place = finder.place(Problem(path, ""))
    return f"{finder.named(index, place)}: {path_text(path)}"


def _missing(problem: Problem) -> str:
    """Return the key that is missing; empty when none is."""
    match = _MISSING.match(problem.text)
    return match[1] if match else ""


class _Finder:
    """Addresses in the layers of a plan; found on demand."""

    def __init__(self, layers: Sequence[Layer], changes: Sequence[Change]) -> None:
        self._layers = layers
        self._changes = changes

    def place(self, problem: Problem) -> tuple[int, Place]:
        """Return (change or layer, place in it): changes first, numbered from below zero."""
        for index, change in enumerate(reversed(self._changes)):
            if problem.path[: len(change.path)] == change.path:
                return -1 - index, Place((), "")
        if not any(holds(layer.data, problem.path) for layer in self._layers):
            # a table that only a change made
            for index, change in enumerate(reversed(self._changes)):
                if change.path[: len(problem.path)] == problem.path:
                    return -1 - index, Place((), "")
        missing = _missing(problem)
        for length in range(len(problem.path), 0, -1):
            path = problem.path[:length]
            for index, layer in enumerate(self._layers):
                if holds(layer.data, path):
                    return index, layer.places.place(path, missing)
        return 0, self._layers[0].places.place((), missing)

    def named(self, index: int, place: Place) -> str:
        """Return the change, or the file and the place in it."""
        if index < 0:
            return self._changes[len(self._changes) + index].label
        return f"{self._layers[index].path}{place.text}"

    def say(self, index: int, place: Place, problem: Problem) -> str:
        """Return the problem as one line of the error."""
        key = path_text(problem.path)
        if index < 0:
            change = self._changes[len(self._changes) + index]
            below = path_text(problem.path[len(change.path) :])
            inside = f"{key}: " if below else ""
            missing = change.made and problem.text.startswith("missing key")
            made = f" ({change.made})" if missing else ""
            return f"{change.label}: {inside}{problem.text}{made}"
        return f"{self.named(index, place)}: " + (f"{key}: " if key else "") + problem.text
