"""`salessim explain`."""

from __future__ import annotations

import click

from salessim.cli.options import plan_argument, set_option


@click.command()
@plan_argument
@set_option
def command(plan: str, changes: tuple[str, ...]) -> None:
    """Say PLAN in words: every stage, source and law, win rates, cycle times, R."""
    from salessim import api
    from salessim.cli import render

    explanation = api.explain(api.load_plan(plan, changes=changes))
    render.explanation(render.console(), explanation)
