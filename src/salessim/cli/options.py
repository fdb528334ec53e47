"""Arguments and options that several commands share."""

from __future__ import annotations

import click

plan_argument = click.argument("plan", metavar="PLAN")
set_option = click.option(
    "-S",
    "--set",
    "changes",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change a key of the plan for this call; may be given several times.",
)
