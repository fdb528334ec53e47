"""`salessim init`."""

from __future__ import annotations

import shlex

import click


@click.command()
@click.argument("folder", metavar="DIR")
@click.option(
    "--template",
    default="saas",
    metavar="NAME",
    show_default=True,
    help="saas (subscriptions), distributor (repeat orders) or agency (projects).",
)
def command(folder: str, template: str) -> None:
    """Write a commented plan with made-up data into DIR, a new or empty folder."""
    from salessim.api.templates import TEMPLATES, init

    plan = init(folder, template=template)
    click.echo(f"{folder}: a plan for {TEMPLATES[template].summary}; its data are made up")
    for file in sorted(plan.parent.iterdir(), key=lambda file: file != plan):
        click.echo(f"  {file.name}")
    click.echo("Next:")
    for verb in ("explain", "run", "compare"):
        click.echo(f"  salessim {verb} {shlex.quote(str(plan))}")
