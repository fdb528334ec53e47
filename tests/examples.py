"""How many random plans are walked: fewer where there is no machine code."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

JIT = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


def examples(count: int) -> settings:
    """Return settings for so many random plans; a third of them without machine code.

    There each takes many times as long, and what counts is that every line of a kernel runs.
    """
    return settings(
        max_examples=count if JIT else max(1, count // 3),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
