"""The report: a line per finding on the terminal, and the same with pictures in Markdown."""

from __future__ import annotations

import platform
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from salessim import __version__
from verification.findings import FALSE_ALARM, FALSE_ALARM_OF_SUITE, Finding
from verification.suite import Chapter, chances

LIBRARIES = ("numpy", "scipy", "numba", "simpy", "ciw")


def number(value: float) -> str:
    """Write a number to four digits."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def verdict(finding: Finding) -> str:
    """Say in a word what a finding says."""
    if finding.planted:
        return "caught" if finding.passed else "NOT CAUGHT"
    return "passed" if finding.passed else "FAILED"


def line(title: str, finding: Finding) -> str:
    """Return a finding's line for the terminal."""
    planted = f" [planted: {finding.planted}]" if finding.planted else ""
    sign = "<=" if finding.observed <= finding.threshold else ">"
    return (
        f"{verdict(finding):<10} {title}: {finding.what}{planted}: "
        f"{number(finding.observed)} {sign} {number(finding.threshold)}"
    )


def summary(chapters: list[Chapter]) -> str:
    """Say how many passed."""
    findings = [finding for chapter in chapters for finding in chapter.findings]
    planted = [finding for finding in findings if finding.planted]
    passed = sum(finding.passed and not finding.planted for finding in findings)
    minutes = sum(chapter.seconds for chapter in chapters) / 60.0
    work = sum(chapter.processor_seconds for chapter in chapters) / 60.0
    return (
        f"{passed} of {chances(chapters)} findings passed and {sum(f.passed for f in planted)} of "
        f"{len(planted)} planted errors were caught, in {minutes:.1f} minutes "
        f"({work:.1f} of one core)."
    )


def markdown(chapters: list[Chapter], *, quick: bool) -> str:
    """Return the whole report."""
    there = [name for name in LIBRARIES if find_spec(name)]
    libraries = ", ".join(f"{name} {version(name)}" for name in there)
    size = "quick" if quick else "in full"
    lines = [f"# Verification of salessim {__version__}, {size}", "", summary(chapters), ""]
    chance = (
        f"Every finding may fail by chance with probability {FALSE_ALARM:.0e}, all of them "
        f"together with less than {FALSE_ALARM_OF_SUITE:.0e}; thresholds follow from that alone."
    )
    lines += [chance, "", f"Python {platform.python_version()}, {libraries}.", ""]
    lines += overview(chapters)
    for chapter in chapters:
        lines += ["", f"## {chapter.title}", "", chapter.about, ""]
        lines += ["| finding | statistic | comparisons | observed | threshold | verdict |"]
        lines += ["|---|---|--:|--:|--:|---|"]
        lines += [_row(finding) for finding in chapter.findings]
        lines += [f"\n{note.text}." for note in chapter.notes]
    return "\n".join(lines) + "\n"


def overview(chapters: list[Chapter]) -> list[str]:
    """Return a table with a row per check."""
    lines = [
        "| check | findings | comparisons | nearest to its threshold | planted errors | seconds |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for chapter in chapters:
        found = [finding for finding in chapter.findings if not finding.planted]
        planted = [finding for finding in chapter.findings if finding.planted]
        nearest = max(finding.observed / finding.threshold for finding in found)
        caught = f"{sum(f.passed for f in planted)} of {len(planted)} caught" if planted else ""
        lines.append(
            f"| {chapter.title} | {sum(f.passed for f in found)} of {len(found)} passed "
            f"| {sum(f.comparisons for f in found)} | {nearest:.0%} | {caught} "
            f"| {chapter.seconds:.0f} |"
        )
    return lines


def _row(finding: Finding) -> str:
    planted = f"; planted: {finding.planted}" if finding.planted else ""
    return (
        f"| {finding.what}{planted} | {finding.statistic} | {finding.comparisons} "
        f"| {number(finding.observed)} | {number(finding.threshold)} | {verdict(finding)} |"
    )


def write(folder: Path, chapters: list[Chapter], *, quick: bool) -> Path:
    """Write the report beside its pictures; return its path."""
    pictures = [f"\n![{p.stem.replace('_', ' ')}]({p.name})" for p in sorted(folder.glob("*.png"))]
    text = markdown(chapters, quick=quick) + "\n## Quantiles\n" + "\n".join(pictures) + "\n"
    path = folder / "report.md"
    path.write_text(text, encoding="utf-8")
    return path
