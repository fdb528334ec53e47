"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Study:
    """What the options say that all commands of several runs share."""

    trajectories: int | None
    seed: int | None
    threads: int | None
    out: Path | None
    as_json: bool
    quiet: bool
    progress: bool


def _folder(ctx: click.Context, parameter: click.Parameter, value: str | None) -> Path | None:
    del ctx, parameter
    if value is not None and not value.strip():
        raise click.BadParameter("expected the name of a new folder, found an empty text")
    return None if value is None else Path(value)


class Whole(click.IntRange):
    """A whole number within bounds; click's own name for it is "integer range"."""

    name = "integer"


class Share(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """A share strictly between 0 and 1, written ``1%`` or ``0.01``."""

    name = "share"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the share; a usage error says what was expected."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = 0.0
        if not 0.0 < share < 1.0:
            # Whoever writes 80 means 80%.
            hint = f"; write {text}%?" if 1.0 <= share < 100.0 and "%" not in text else ""
            self.fail(
                "expected a share above 0% and below 100%, such as 1% or 0.01, "
                f'found "{value}"{hint}',
                param,
                ctx,
            )
        return share


plan_argument = click.argument("plan", metavar="PLAN")
set_option = click.option(
    "-S",
    "--set",
    "changes",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change a key of the plan for this call; may be given several times.",
)
trajectories_option = click.option(
    "-n",
    "--trajectories",
    type=Whole(1, 2**31 - 1),
    help="Possible futures to simulate; the plan's number by default.",
)
seed_option = click.option(
    "--seed",
    type=Whole(0, 2**64 - 1),
    help="Same plan and seed, same numbers; the plan's by default, else drawn and recorded.",
)
threads_option = click.option("--threads", type=Whole(1), help="Default: one per processor.")
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on stdout."
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
no_progress_option = click.option("--no-progress", is_flag=True, help="Show no progress bar.")


def out_option(text: str) -> Callable[[Command], Command]:
    """Return the option for the folder to write; ``text`` is its help."""
    return click.option("-o", "--out", callback=_folder, metavar="DIR", help=text)
