"""`salessim init`."""

from __future__ import annotations

import shlex

import click


@click.command()
@click.argument("target", metavar="DIR")
@click.option(
    "--template",
    default="saas",
    metavar="NAME",
    show_default=True,
    help="saas (subscriptions), distributor (repeat orders) or agency (projects).",
)
@click.option(
    "--excel", is_flag=True, help="Write a workbook to fill in; DIR is then its name: plan.xlsx."
)
@click.option(
    "--plan", metavar="PLAN", help="With --excel: write this plan, not one to begin with."
)
def command(target: str, template: str, *, excel: bool, plan: str | None) -> None:
    """Write a commented plan with made-up data into DIR, a new or empty folder."""
    from salessim import api
    from salessim.api.templates import TEMPLATES

    if not excel and target.lower().endswith(".xlsx"):
        raise click.UsageError(f"{target} would be a folder; add --excel to write a workbook")
    if plan is not None and not excel:
        raise click.UsageError("--plan is written as a workbook only; add --excel")
    if plan is not None:
        written = api.save_plan_workbook(api.load_plan(plan), target)
        click.echo(f"{target}: the plan of {plan}")
    else:
        begin = api.init_workbook if excel else api.init
        written = begin(target, template=template)
        click.echo(f"{target}: a plan for {TEMPLATES[template].summary}; its data are made up")
    if not excel:
        for file in sorted(written.parent.iterdir(), key=lambda file: file != written):
            click.echo(f"  {file.name}")
    click.echo("Next:")
    for verb in ("explain", "run", "compare"):
        click.echo(f"  salessim {verb} {shlex.quote(str(written))}")
