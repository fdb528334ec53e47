"""The page and the folder of a back-test."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from salessim.api.manifests import inputs_of, write_chart, write_json, write_manifest
from salessim.api.run_directory import RunDirectory
from salessim.config.words import counted
from salessim.fit.backtest.result import PART_WORDS, Backtest, Verdict
from salessim.readable import percent, rounded, trajectories
from salessim.report.page import Figure, Page, Section, Table, save_page

if TYPE_CHECKING:
    from salessim.config import Plan

COLUMNS = (
    "", "Came true", "Missed by", "Bias", "50% held", "80% held", "95% held", "CRPS", "Skill",
    "95% interval", "Against",
)  # fmt: skip


def save_backtest(
    found: Backtest, path: str | Path, *, plan: Plan | None = None, command: Sequence[str] = ()
) -> Path:
    """Write the folder of a back-test, whole or not at all.

    It holds ``index.html``, ``backtest.json``, ``scores.csv`` (a row for each origin, forecaster,
    target and period), charts and ``manifest.json``.

    Parameters
    ----------
    found : Backtest
    path : str or Path
        Must not exist.
    plan : Plan, optional
        Its files are named in the manifest.
    command : sequence of str
        Recorded in the manifest.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    SalessimError
        The path exists, or cannot be written (no permission, disk full, ...).
    """
    with RunDirectory(path) as directory:
        write_backtest(found, directory.work, plan=plan, command=command)
        return directory.publish()


def write_backtest(
    found: Backtest, folder: Path, *, plan: Plan | None = None, command: Sequence[str] = ()
) -> None:
    """Write the files of a back-test into an existing folder, the manifest last."""
    started = time.perf_counter()
    write_json(found.summary(), folder / "backtest.json")
    found.table.to_csv(folder / "scores.csv", index=False, lineterminator="\n")
    for measure in _measures(found):
        name = measure.replace(" ", "_")
        write_chart(found.plot.fans(measure), folder, f"fans_{name}")
        write_chart(found.plot.pit(measure), folder, f"pit_{name}")
    save_page(page(found), folder / "index.html")
    records = [{"path": name, "sha256": digest} for name, digest in found.files]
    about = {
        "inputs": [*(inputs_of(plan) if plan else []), *records],
        "origins": [window.origin.isoformat() for window in found.windows],
        "horizon": found.horizon,
        "refit": found.refit,
        "seed": found.seed,
        "trajectories": found.trajectories,
    }
    seconds = round(sum(look.seconds for look in found.looks), 3)
    write_manifest(folder, about, command=command, simulated=seconds, started=started)


def page(found: Backtest) -> Page:
    """Return the page of a back-test: sentences, tables, fans, PIT, coverage, what fits said."""
    kind = "everything fitted anew at each origin" if found.refit else "with the plan's own laws"
    tables = [_table(found, total=True), _rules(found)]
    if found.grid.periods > 1:
        tables.insert(1, _table(found, total=False))
    good = Section(
        title="How good the forecasts were", text=tuple(found.answers()), tables=tuple(tables)
    )
    sections = [good, *(_pictures(found, measure) for measure in _measures(found))]
    if any(look.warnings for look in found.looks):
        sections.append(Section(title="What the fits said", tables=(_said(found),)))
    return Page(
        title=f"{found.title}: back-test",
        subtitle=f"{found.horizon} from {counted(len(found.looks), 'origin')}, {kind}; "
        f"{trajectories(found.trajectories)} an origin, seed {found.seed}",
        warnings=found.cautions,
        sections=tuple(sections),
    )


def _measures(found: Backtest) -> list[str]:
    return list(dict.fromkeys(target.measure for target in found.targets))


def _table(found: Backtest, *, total: bool) -> Table:
    """Return the scores of whole horizons, or of their periods."""
    of = f"Whole horizons of {found.horizon}." if total else f"By {found.grid.period.unit}."
    return Table(
        columns=COLUMNS,
        rows=tuple(_row(found, one) for one in found.verdicts if one.total == total),
        numbers=(False, *(True for _ in COLUMNS[1:-1]), False),
        caption=f"{of} Came true: mean of the origins. Bias: of all medians together. Held: share "
        "of what came true that the interval held. CRPS: error of the forecast as a distribution. "
        "Skill: 1 - CRPS / CRPS of the rule that did best on these origins.",
    )


def _row(found: Backtest, one: Verdict) -> tuple[str, ...]:
    interval = one.skill.interval
    return (
        _name(found, one),
        rounded(found.mean_actual(one)),
        "-" if one.errors.relative is None else percent(one.errors.relative),
        "-" if one.errors.bias is None else f"{100 * one.errors.bias:+z.1f}%",
        *(percent(level.held) for level in one.coverages),
        rounded(one.errors.crps),
        "-" if one.skill.value is None else f"{one.skill.value:z.2f}",
        f"{interval[0]:z.2f} to {interval[1]:z.2f}" if interval else "-",
        one.skill.rule or "-",
    )


def _name(found: Backtest, one: Verdict) -> str:
    measure, part = one.target
    unit = f", {found.currency}" if measure == "bookings" else ""
    return f"{measure.capitalize()}{unit}" if part == "all" else f"- {PART_WORDS[part]}"


def _rules(found: Backtest) -> Table:
    """Return the skill of whole horizons against each rule."""
    totals = [one for one in found.verdicts if one.total]
    names = list(dict.fromkeys(name for one in totals for name in one.skill.each))
    rows = []
    for one in totals:
        each = one.skill.each
        cells = (f"{each[name]:z.2f}" if name in each else "-" for name in names)
        rows.append((_name(found, one), *cells))
    return Table(
        columns=("Skill against", *names),
        rows=tuple(rows),
        numbers=(False, *(True for _ in names)),
        caption="Each rule at the origins at which it could forecast.",
    )


def _pictures(found: Backtest, measure: str) -> Section:
    """Return the pictures of bookings or wins."""
    return Section(
        title=measure.capitalize(),
        figures=(
            Figure(
                drawn=found.plot.fans(measure),
                caption="Forecasts and what came true, an origin each. The bands hold 50%, 80% and "
                "95% of the futures forecast.",
            ),
            Figure(
                drawn=(found.plot.pit(measure), found.plot.coverage(measure)),
                caption="Where in the forecasts it came true, and what the intervals held. Bars of "
                "one height: the spread is right. High in the middle: less sure than it could be; "
                "high at both ends: too sure; high on one side: too low or too high. Marks on the "
                "dotted line: as often as promised.",
            ),
        ),
    )


def _said(found: Backtest) -> Table:
    rows = [
        (look.window.origin.isoformat(), warning)
        for look in found.looks
        for warning in look.warnings
    ]
    return Table(columns=("As of", "Warning"), rows=tuple(rows), numbers=(False, False))
