"""Parts put together into one plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.parts import Part

Triple = tuple[str, str, float]
DIGITS = 4
"""Of a correlation."""


def merged(parts: Iterable[Part]) -> Part:
    """Return one part with all that is in several; correlations as `possible` leaves them.

    Raises
    ------
    ValueError
        Two parts say the same key: that is a mistake of this program.
    """
    document: dict[str, Any] = {}
    correlations: list[Triple] = []
    comments: dict[str, str] = {}
    warnings: list[str] = []
    for part in parts:
        _put(document, part.document, ())
        correlations += part.correlations
        comments |= part.comments
        warnings += [said for said in part.warnings if said not in warnings]
    return Part(
        document=document,
        correlations=possible(correlations),
        comments=comments,
        warnings=tuple(warnings),
    )


def _put(below: dict[str, Any], above: Mapping[str, Any], path: tuple[str, ...]) -> None:
    for key, value in above.items():
        if key not in below:
            below[key] = dict(value) if isinstance(value, Mapping) else value
        elif isinstance(below[key], dict) and isinstance(value, Mapping):
            _put(below[key], value, (*path, key))
        else:
            raise ValueError(f"{'.'.join((*path, key))} is in two parts of a fit")


def possible(correlations: Sequence[Triple]) -> tuple[Triple, ...]:
    """Return correlations in four digits that can be all at once; zeros are left out.

    Rounded, a matrix that was nearly singular might have an eigenvalue below zero. So where its
    least one is not above what rounding may move, all of it is moved towards independence by that.
    """
    names = sorted({name for one, other, _ in correlations for name in (one, other)})
    place = {name: at for at, name in enumerate(names)}
    matrix = np.eye(len(names))
    for one, other, value in correlations:
        matrix[place[one], place[other]] = matrix[place[other], place[one]] = value
    kept = []
    for group in _groups(matrix):
        inside = matrix[np.ix_(group, group)]
        matrix[np.ix_(group, group)] = _away_from_singular(inside)
    for one, other, _ in correlations:
        value = round(float(matrix[place[one], place[other]]), DIGITS)
        if value:
            kept.append((one, other, value))
    return tuple(kept)


def _groups(matrix: FloatArray) -> list[list[int]]:
    """Return which go together, directly or by others."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if not len(matrix):
        return []
    count, label = connected_components(csr_array(matrix != 0.0), directed=False)
    return [np.flatnonzero(label == k).tolist() for k in range(count)]


def _away_from_singular(matrix: FloatArray) -> FloatArray:
    needed = len(matrix) * 10.0**-DIGITS
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least >= needed:
        return matrix
    towards = (needed - least) / (1.0 - least)
    moved: FloatArray = (1.0 - towards) * matrix + towards * np.eye(len(matrix))
    return moved
