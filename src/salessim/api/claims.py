"""Folders being filled, and whether whoever fills them still lives: a lock that dies with it."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path

_TIME = r"-\d{8}-\d{6}(?:-\d+)?"
"""How the name of a default run directory ends."""


def make_claimed(final: Path) -> tuple[Path, int | None]:
    """Make a folder beside a final name, for this process to fill.

    Returns
    -------
    tuple of Path and int or None
        The folder, and the handle that holds its lock until it is closed or the process dies;
        None where folders cannot be locked.

    Raises
    ------
    OSError
        The folder cannot be made.
    """
    while True:
        folder = final.parent / f".{final.name}.tmp-{secrets.token_hex(4)}"
        folder.mkdir()
        handle = _lock(folder, wait=True)
        # before it was locked, another run may have taken it for one that nobody fills
        if folder.exists():
            return folder, handle
        release(handle)


def release(handle: int | None) -> None:
    """Give a lock up."""
    if handle is not None:
        os.close(handle)


def remove_orphans(final: Path) -> None:
    """Remove folders that killed runs of the same name (or of its times) left beside it.

    Only folders that can be locked: another process still fills the others.
    """
    family = re.escape(re.sub(f"{_TIME}$", "", final.name))
    orphan = re.compile(rf"\.{family}(?:{_TIME})?\.tmp-[0-9a-f]{{8}}")
    for folder in final.parent.iterdir():
        if orphan.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
            handle = _lock(folder, wait=False)
            if handle is not None:
                shutil.rmtree(folder, ignore_errors=True)
                release(handle)


def _lock(folder: Path, *, wait: bool) -> int | None:
    """Return a handle that locks a folder; None when it is locked or cannot be."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows: nothing is taken for an orphan there
        return None
    handle = None
    try:
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        release(handle)
        return None
    return handle
