"""A document under a name at which nothing may be yet."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from salessim.errors import SalessimError


def write_new(path: Path, make: Callable[[], bytes]) -> Path:
    """Write what ``make`` returns to a file that is not there yet; it is asked only then.

    Raises
    ------
    SalessimError
        The file exists, or cannot be written; nothing of it is left then.
    """
    if path.exists():
        raise SalessimError(f"{path}: it exists already; choose another name, or remove it")
    content = make()
    try:
        path.write_bytes(content)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise SalessimError(f"{path}: cannot be written: {error.strerror}") from None
    return path
