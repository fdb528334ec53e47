"""Correlations of a plan: what goes together, and whether all of it can be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from salessim._typing import FloatArray
from salessim.config.documents import key_parts
from salessim.config.problems import Path, Problems
from salessim.config.words import found, key_text, nearest
from salessim.model.law import floats
from salessim.model.plan import Correlation
from salessim.model.uncertain import Uncertain

PATH: Path = ("correlation",)
ROUNDING = 1e-9
"""A least eigenvalue below zero by no more is one of zero."""
MOST_ROUNDS = 1000
MOST_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a plan has that may be correlated.

    Attributes
    ----------
    numbers : dict
        All numbers by address, those that are `Uncertain` and those that are certain.
    shocks : dict
        Persistence by address.
    document : dict
        As written: what is wrong there is said elsewhere.
    """

    numbers: Mapping[str, float]
    shocks: Mapping[str, float]
    document: Mapping[str, Any]

    @property
    def uncertain(self) -> list[str]:
        """Addresses that may be correlated."""
        numbers = [name for name, value in self.numbers.items() if isinstance(value, Uncertain)]
        return numbers + list(self.shocks)

    def persistence(self, address: str) -> float:
        """Return the persistence of a shock; 0 of a number."""
        return self.shocks.get(address, 0.0)

    def is_wrong(self, address: str) -> bool:
        """Say whether something stands at an address that is no number or shock."""
        here: Any = self.document
        for part in key_parts(address):
            if isinstance(here, list):
                here = next((item for item in here if _is_named(item, part)), None)
            else:
                here = here.get(part) if isinstance(here, dict) else None
        return here is not None


def _is_named(item: Any, name: str) -> bool:
    return isinstance(item, dict) and item.get("name") == name


def make_correlations(
    table: Mapping[str, Mapping[str, float]],
    inputs: Inputs,
    problems: Problems,
    notes: list[str],
) -> tuple[Correlation, ...]:
    """Return the correlations of a plan; those of a number that is certain are only noted.

    Parameters
    ----------
    table : mapping
        Address -> address -> correlation.
    inputs : Inputs
    problems : Problems
        Gets addresses that are none, pairs said twice, and correlations that cannot be.
    notes : list of str
    """
    pairs: dict[frozenset[str], Correlation] = {}
    for first, row in table.items():
        for second, value in row.items():
            pair = _pair(first, second, value, inputs, problems)
            if pair is None:
                continue
            both = frozenset((pair.first, pair.second))
            if both in pairs:
                problems.add((*PATH, first, second), "this pair is given twice; take one out")
            pairs.setdefault(both, pair)
    uncertain = inputs.uncertain
    used = []
    for pair in pairs.values():
        sure = [name for name in (pair.first, pair.second) if name not in uncertain]
        if sure:
            note = f"correlation: {sure[0]} is certain: nothing goes with it"
            if note not in notes:
                notes.append(note)
        else:
            used.append(pair)
    for shocks in (False, True):
        alike = [pair for pair in used if (pair.first in inputs.shocks) == shocks]
        _check_possible(alike, inputs, problems)
    return tuple(used)


def _pair(
    first: str, second: str, value: float, inputs: Inputs, problems: Problems
) -> Correlation | None:
    """Return one correlation; None, and mostly a problem, where it is none."""
    path: Path = (*PATH, first, second)
    ends = (_spelled(first), _spelled(second))
    for end, where in zip(ends, (path[:-1], path), strict=True):
        if end in inputs.numbers or end in inputs.shocks:
            continue
        if not (problems and inputs.is_wrong(end)):
            choices = inputs.uncertain
            remedy = nearest(end, choices, named="uncertain") if choices else "the plan has none"
            problems.add(
                where,
                "expected the address of an uncertain number, or a shock as shocks.NAME, found "
                f"{found(where[-1])}; {remedy}",
            )
        return None
    if ends[0] == ends[1]:
        problems.add(path, "nothing is correlated with itself; take it out")
        return None
    if (ends[0] in inputs.shocks) != (ends[1] in inputs.shocks):
        problems.add(
            path,
            "expected two uncertain numbers or two shocks, found one of each: a number is drawn "
            "once, a shock has a level for every month; take it out",
        )
        return None
    return Correlation(first=ends[0], second=ends[1], value=value)


def _spelled(address: str) -> str:
    """Return an address with quotes only where they are needed."""
    try:
        parts = key_parts(address)
    except ValueError:
        return address
    if parts[0] == "shocks":
        return ".".join(parts)
    return ".".join(map(key_text, parts))


def _check_possible(pairs: Sequence[Correlation], inputs: Inputs, problems: Problems) -> None:
    """Check that there are numbers, or shocks, that are correlated so.

    Of shocks that persist it is the correlation of what is new in a month that must be possible:
    of two AR(1) levels it is r (1 - f g) / sqrt((1 - f^2) (1 - g^2)).
    """
    names = sorted({name for pair in pairs for name in (pair.first, pair.second)})
    kept = floats([inputs.persistence(name) for name in names])
    fresh = np.sqrt(1.0 - kept * kept)
    factor = (1.0 - np.outer(kept, kept)) / np.outer(fresh, fresh)
    matrix = np.eye(len(names))
    for pair in pairs:
        i, j = names.index(pair.first), names.index(pair.second)
        matrix[i, j] = matrix[j, i] = pair.value
    wanted = matrix * factor
    if not names or _least_eigenvalue(wanted) >= -ROUNDING:
        return
    offered = _rounded(nearest_correlation(wanted), factor)
    shown = [
        f'"{names[i]}" with "{names[j]}" = {offered[i, j]:.12g}'
        for i, j in combinations(range(len(names)), 2)
        if offered[i, j]
    ]
    more = f" and {len(shown) - MOST_SHOWN} more" if len(shown) > MOST_SHOWN else ""
    why = " of shocks that persist so unequally" if kept.any() else ""
    problems.add(
        PATH,
        f"these correlations{why} cannot be all at once (their matrix is not positive "
        f"semidefinite); the nearest that can: {'; '.join(shown[:MOST_SHOWN]) or 'none'}{more}",
    )


def _rounded(matrix: FloatArray, factor: FloatArray) -> FloatArray:
    """Return correlations in three digits, so much nearer to zero that they are possible."""
    levels = np.eye(len(matrix))
    for shrink in np.linspace(1.0, 0.0, 201):
        thousandths = 1000.0 * shrink * matrix / factor + np.copysign(1e-9, matrix)
        levels = floats(np.trunc(thousandths) / 1000.0)
        np.fill_diagonal(levels, 1.0)
        if _least_eigenvalue(levels * factor) >= 0.0:
            break
    return levels


def _least_eigenvalue(matrix: FloatArray) -> float:
    return float(np.linalg.eigvalsh(matrix)[0])


def nearest_correlation(matrix: FloatArray) -> FloatArray:
    """Return the correlation matrix nearest to a symmetric one, in the Frobenius norm.

    By alternating projections on the positive semidefinite matrices and on those with a diagonal
    of ones, with Dykstra's correction (Higham 2002, Computing the nearest correlation matrix, IMA
    Journal of Numerical Analysis 22, algorithm 3.3).

    Parameters
    ----------
    matrix : ndarray
        Shape (n, n), symmetric.
    """
    nearest_one = floats(matrix).copy()
    correction = np.zeros_like(nearest_one)
    for _ in range(MOST_ROUNDS):
        values, vectors = np.linalg.eigh(nearest_one - correction)
        positive = floats((vectors * np.maximum(values, 0.0)) @ vectors.T)
        correction += positive - nearest_one
        before, nearest_one = nearest_one, positive.copy()
        np.fill_diagonal(nearest_one, 1.0)
        if math.isclose(float(np.abs(nearest_one - before).max()), 0.0, abs_tol=1e-12):
            break
    return nearest_one
