"""`salessim backtest`."""

from __future__ import annotations

import json
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from salessim.cli.interruptions import Interruptions
from salessim.cli.main import RECORDED
from salessim.cli.options import (
    Study,
    Whole,
    json_option,
    no_progress_option,
    out_option,
    plan_argument,
    quiet_option,
    seed_option,
    threads_option,
    trajectories_option,
)
from salessim.cli.progress import progress_bar, say_compiling

if TYPE_CHECKING:
    from salessim.config import Plan
    from salessim.fit.backtest import Backtest
    from salessim.fit.history import History


@dataclass(frozen=True, kw_only=True)
class Wanted(Study):
    """What the options of `backtest` ask for."""

    origins: str
    horizon: str | None
    past: str
    refit: bool
    jobs: int
