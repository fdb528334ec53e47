"""`salessim validate`."""

from __future__ import annotations

import click

from salessim.cli.options import plan_argument, set_option


@click.command()
@plan_argument
@set_option
def command(plan: str, changes: tuple[str, ...]) -> None:
    """Check PLAN and show all errors at once; simulate nothing."""
    from salessim import api

    checked = api.load_plan(plan, changes=changes)
    for note in api.validate(checked):
        click.echo(f"note: {note}")
    click.echo(f"{plan}: valid")
