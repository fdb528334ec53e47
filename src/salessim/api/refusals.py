"""What is refused below this layer knows of no files: here it gets its address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from salessim.config import Plan
from salessim.errors import SalessimError


@contextmanager
def addressed(plan: Plan, *, scenario: str = "", point: str = "") -> Iterator[None]:
    """Put the plan's file, and what was changed in it, before what lowering or the engine refuses.

    ``scenario`` is the name of one; ``point`` says keys and values.
    """
    try:
        yield
    except SalessimError as error:
        where = f'{plan.path}: scenario "{scenario}"' if scenario else f"{plan.path}"
        where += f": at {point}" if point else ""
        raise SalessimError(*(f"{where}: {said}" for said in error.problems)) from error
