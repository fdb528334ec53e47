"""Files that a user names, read whole; what cannot be read is said with what is near."""

from __future__ import annotations

import difflib
import os
from pathlib import Path as FilePath

from salessim.config.problems import PlanError


def read_bytes(path: FilePath, *, what: str, most: int, named_by: str = "") -> bytes:
    """Return a file's content; PlanError says why it cannot be read and what is near.

    ``most`` is the bytes it may have: devices and wrong files have no end.
    """
    try:
        # a named pipe that nobody writes to is empty: waiting for it would last for ever
        with open(path, "rb", opener=_open_at_once) as file:
            content = file.read(most + 1)
    except FileNotFoundError:
        folder = path.parent
        if not folder.is_dir():
            raise PlanError(f"{named_by}no such folder: {folder}") from None
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
        near = [name for name in names if FilePath(name).stem == path.stem]
        near = near or difflib.get_close_matches(path.name, names, n=1, cutoff=0.8)
        remedy = f"; did you mean {folder / near[0]}?" if near else ""
        if path.is_symlink():
            remedy = f"; it is a link to {path.readlink()}, which is not there"
        raise PlanError(f"{named_by}no such file: {path}{remedy}") from None
    except IsADirectoryError:
        raise PlanError(f"{named_by}expected {what}, found a folder: {path}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PlanError(f"{named_by}{path} cannot be read: {reason}") from None
    if len(content) > most:
        raise PlanError(f"{named_by}{path} holds {too_much(most)}")
    return content


def _open_at_once(path: str, flags: int) -> int:
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    os.set_blocking(handle, True)
    return handle


def too_much(most: int) -> str:
    """Say how much is too much."""
    return f"more than {most // 1_000_000} MB; is it the right file?"
