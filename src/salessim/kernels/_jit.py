"""The one policy for machine code: flags with their reasons, and a cache that never runs stale."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np


def fingerprint(here: Path) -> str:
    """Hash all that machine code of the kernels in ``here`` depends on.

    numba itself sees changes in one file only: that of the entry point.
    """
    digest = hashlib.sha256()
    for source in sorted(here.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    versions = (numba.__version__, np.__version__, platform.python_version(), platform.machine())
    digest.update(repr(versions).encode())
    return digest.hexdigest()[:16]


def _cache_folder() -> Path | None:
    """Return this version's cache folder, or None when nowhere can be written."""
    home = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(home) if home else Path.home() / ".cache"
        folder = folder / "salessim" / fingerprint(Path(__file__).parent)
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return folder if os.access(folder, os.W_OK) else None


CACHE = _cache_folder()


def _compile(function: Callable[..., Any], **flags: Any) -> Callable[..., Any]:
    # The folder is read while decorating: numba's own setting is put back for other users of it.
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(CACHE or "")
    try:
        # error_model="numpy": Python's division checks stop loops from vectorising (3x on the log).
        # No fastmath: the promise is the same bits everywhere. No wrappers for C: nobody calls from
        # there, and they take a twentieth of the compilation. No counting of references (_nrt): a
        # fifth of the compilation and, where a Program is handed on, of the walk. So kernels
        # allocate nothing, return no arrays, and who calls them holds the arrays meanwhile.
        compile_ = numba.njit(
            nogil=True, error_model="numpy", no_cfunc_wrapper=True, _nrt=False, **flags
        )
        return compile_(function)
    finally:
        numba.config.CACHE_DIR = before


def driver(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile an entry point and keep its machine code between processes."""
    return _compile(function, cache=CACHE is not None)


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a pass over a Program into its caller: a call would copy hundreds of words."""
    return _compile(function, inline="always")


def loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop over few arrays once, to be called: copies of it take long to compile."""
    return _compile(function)


def rule(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a scalar rule into its caller's loop: a call per draw would stop vectorising."""
    return _compile(function, forceinline=True)


def is_compiled(entry: Any) -> bool:
    """Whether a driver's machine code is in the cache, so that nothing will be compiled."""
    if numba.config.DISABLE_JIT:
        return True
    # The folder numba chose: it also depends on where the package is installed.
    return CACHE is not None and any(Path(entry._cache.cache_path).glob("*.nbc"))  # noqa: SLF001
