"""Problems with their addresses: the file and line that hold the key, or the change that set it."""

from __future__ import annotations

from collections.abc import Sequence

from salessim.config.documents import Change, Layer
from salessim.config.lines import Lines
from salessim.config.problems import Path, PlanError, Problem, Problems, holds
from salessim.config.words import path_text


def plan_error(problems: Problems, layers: Sequence[Layer], changes: Sequence[Change]) -> PlanError:
    """Return the error that says every problem with its address, in the order of the files."""
    finder = _Finder(layers, changes)
    addressed = sorted((finder.place(problem), index) for index, problem in enumerate(problems))
    found = list(problems)
    return PlanError(*(finder.say(place, found[index]) for place, index in addressed))


def places(layers: Sequence[Layer], changes: Sequence[Change], paths: Sequence[Path]) -> list[str]:
    """Return for each key of a document what says it: ``plan.toml:12``, or the change."""
    finder = _Finder(layers, changes)
    return [finder.named(*finder.place(Problem(path, ""))) for path in paths]


class _Finder:
    """Addresses in the layers of a plan; found on demand."""

    def __init__(self, layers: Sequence[Layer], changes: Sequence[Change]) -> None:
        self._layers = layers
        self._changes = changes
        self._lines = [Lines(layer.text) for layer in layers]

    def place(self, problem: Problem) -> tuple[int, int]:
        """Return (change or layer, line): changes first, numbered from below zero."""
        for index, change in enumerate(reversed(self._changes)):
            if problem.path[: len(change.path)] == change.path:
                return -1 - index, 0
        if not any(holds(layer.data, problem.path) for layer in self._layers):
            # a table that only a change made
            for index, change in enumerate(reversed(self._changes)):
                if change.path[: len(problem.path)] == problem.path:
                    return -1 - index, 0
        for length in range(len(problem.path), 0, -1):
            path = problem.path[:length]
            for index, layer in enumerate(self._layers):
                if holds(layer.data, path):
                    return index, self._lines[index].of(path)
        return 0, 1

    def named(self, index: int, line: int) -> str:
        """Return the change, or the file and line."""
        if index < 0:
            return self._changes[len(self._changes) + index].label
        return f"{self._layers[index].path}:{line}"

    def say(self, place: tuple[int, int], problem: Problem) -> str:
        """Return the problem as one line of the error."""
        index, line = place
        key = path_text(problem.path)
        if index < 0:
            change = self._changes[len(self._changes) + index]
            below = path_text(problem.path[len(change.path) :])
            inside = f"{key}: " if below else ""
            missing = change.made and problem.text.startswith("missing key")
            made = f" ({change.made})" if missing else ""
            return f"{change.label}: {inside}{problem.text}{made}"
        return f"{self.named(index, line)}: " + (f"{key}: " if key else "") + problem.text
