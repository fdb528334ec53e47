"""Make history.csv: what the CRM of a made-up company would export, from laws that are known.

``python configs/make_history.py`` writes it anew, the same bytes each time.
"""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

BEGIN = datetime(2023, 1, 1)  # noqa: DTZ001 - the clock of a CRM
DAYS = 546
"""To the end of June 2024."""
STAGES = ("Qualified", "Demo", "Proposal")
CONVERSION = (0.60, 0.65, 0.45)
MEDIAN_DAYS = (6.0, 9.0, 24.0)
"""Of those that advance; the others take half as long again."""
STUCK = (0.05, 0.05, 0.20)
"""Share of those that do not advance: they stay forever."""
SOURCES = {"Web": (12.0, 0.02), "Partner": (7.0, 0.0)}
"""Leads a month at the beginning, and their growth per month (log scale)."""
OWNERS = ("Ada", "Ben", "Cleo", "Dan")
COLUMNS = ("opportunity_id", "stage", "entered_at", "amount", "owner", "lead_source")


def leads(rng: np.random.Generator) -> list[tuple[float, str]]:
    """Return when leads came (days) and from where; months swing by 15 % beyond chance."""
    found = []
    for name, (monthly, growth) in SOURCES.items():
        for first in range(0, DAYS, 30):
            swing = rng.gamma(1.0 / 0.0225, 0.0225)
            length = min(30, DAYS - first)
            mean = monthly * length / 30.4375 * np.exp(growth * first / 30.4375) * swing
            found += [(first + length * at, name) for at in rng.random(rng.poisson(mean))]
    return sorted(found)


def walk(rng: np.random.Generator, at: float) -> list[tuple[str, float]]:
    """Return the stages that a deal entered, and when."""
    entered = []
    for stage, conversion, median, stuck in zip(
        STAGES, CONVERSION, MEDIAN_DAYS, STUCK, strict=True
    ):
        entered.append((stage, at))
        advances, lost = rng.random() < conversion, rng.random() >= stuck
        if not advances and not lost:
            return entered
        at += median * (1.0 if advances else 1.5) * np.exp(0.7 * rng.standard_normal())
        if not advances:
            return [*entered, ("Closed Lost", at)]
    return [*entered, ("Closed Won", at)]


def main() -> None:
    """Write the file."""
    rng = np.random.default_rng(20240630)
    rows = []
    for number, (created, source) in enumerate(leads(rng), start=1001):
        amount = round(float(9_000 * np.exp(0.8 * rng.standard_normal())), -1)
        owner = OWNERS[rng.integers(len(OWNERS))]
        for stage, at in walk(rng, created):
            if at < DAYS:
                when = (BEGIN + timedelta(days=at)).isoformat(sep=" ", timespec="minutes")
                rows.append((f"OP-{number}", stage, when, f"{amount:.0f}", owner, source))
    with Path(__file__).with_name("history.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([COLUMNS, *rows])


if __name__ == "__main__":
    main()
