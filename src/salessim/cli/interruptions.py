"""What ends a command before it is done, and what it may not end."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any, Self

import click


class Interruptions:
    """What Ctrl-C, SIGTERM (a scheduler's time limit) and a closed terminal do; a context manager.

    They end the simulation; what is finished is written. Only the second one while it is being
    written gives it up.
    """

    SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

    def __init__(self) -> None:
        self._spared = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        there = [getattr(signal, name) for name in self.SIGNALS if hasattr(signal, name)]
        self._before = {number: signal.getsignal(number) for number in there}
        for number, before in self._before.items():
            if before is not signal.SIG_IGN:  # nohup, or started in the background
                signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def writing(self) -> None:
        """Spare the next one: what is finished is being written."""
        self._spared = 1

    def _take(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if not self._spared:
            self._spared = 1
            raise KeyboardInterrupt
        self._spared -= 1
        click.echo("what is finished is being kept; interrupt again to give it up", err=True)
