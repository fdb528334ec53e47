"""Numbers as people read them: separators, sensible digits, nothing rounded to what it is not."""

from __future__ import annotations

import textwrap
from datetime import date, timedelta

SCALES = (
    (1, ""),
    (1_000, "thousand "),
    (1_000_000, "million "),
    (1_000_000_000, "billion "),
    (1_000_000_000_000, "trillion "),
)


def number(value: float) -> str:
    """Write a number above zero to two places, so that it never reads as zero."""
    return f"{value:,.2f}" if value >= 0.005 else "less than 0.01"


def amount(value: float) -> str:
    """Write a number with separators, and a decimal only where it matters."""
    shown = f"{value:,.0f}" if abs(value) >= 9.95 or float(value).is_integer() else f"{value:,.1f}"
    return "0" if shown == "-0" else shown


def exact(value: float) -> str:
    """Write a sum whole, and with its hundredths where it is small."""
    return f"{value:,.0f}" if abs(value) >= 1000 or value.is_integer() else f"{value:,.2f}"


def signed(value: float) -> str:
    """Write a difference with its sign, and a decimal only where it matters."""
    shown = amount(value)
    return shown if value <= 0 or shown == "0" else f"+{shown}"


def printable(text: str) -> str:
    """Return text without control characters: a name must not steer what shows it."""
    return "".join(char if char.isprintable() else " " for char in text)


def trajectories(count: int) -> str:
    """Write a number of trajectories."""
    return "1 trajectory" if count == 1 else f"{count:,} trajectories"


def percent(share: float, *, fine: bool = False) -> str:
    """Write a share in [0, 1] as a percentage that rounds nothing but 0 and 1 to 0% and 100%.

    To a whole number from 10% to 90%, unless ``fine``, else to a tenth; a share above 1, as of an
    error, to a whole number.
    """
    if share > 1 and not fine:
        return f"{100 * share:,.0f}%"
    digits = 0 if 0.1 <= share <= 0.9 and not fine else 1
    text = f"{100 * share:.{digits}f}"
    if float(text) == 0 and share > 0:
        return "< 0.1%"
    if float(text) == 100 and share < 1:
        return "> 99.9%"
    return f"{float(text):g}%"


def scale(largest: float, *, digits: int) -> tuple[int, str]:
    """Return the unit in which a number has at most so many digits, and its name."""
    for divisor, name in SCALES:
        if largest < 10**digits * divisor:
            return divisor, name
    return SCALES[-1]


def rounded(value: float) -> str:
    """Write a number to three digits, in words where it is large: ``13.2 million``."""
    size = abs(value)
    if size < 1000:
        return f"{value:.3g}"
    # 999,500 is a million when three digits are shown.
    divisor, name = scale(float(f"{size:.3g}"), digits=3)
    if divisor == 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{float(f'{value / divisor:.3g}'):,.10g} {name}".rstrip()


def file_size(count: int) -> str:
    """Write a number of bytes as files are sized: ``49 kB``, ``1.2 MB``."""
    return f"{count / 1e6:,.1f} MB" if count >= 999_500 else f"{max(1, round(count / 1e3))} kB"


def few_digits(value: float) -> str:
    """Write a number whole from 10 on, with two digits below that."""
    return rounded(float(round(value)) if value >= 9.95 else float(f"{value:.2g}"))


def times(factor: float) -> str:
    """Write a factor to two decimals, one near 0 as ``< 0.01`` and a large one as `rounded`."""
    if factor >= 100:
        return rounded(factor)
    return f"{factor:.2f}" if factor >= 0.01 else "< 0.01"


def p_value(p: float) -> str:
    """Write the p-value of a test: ``p = 0.012``, one near 0 as ``p < 0.001``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def in_days(value: float) -> str:
    """Write a time: ``1 day``, ``2.5 days``, ``40 days``."""
    said = few_digits(value)
    return f"{said} {'day' if said == '1' else 'days'}"


def brief(value: float) -> str:
    """Write a number to four digits, with separators, and none that say nothing."""
    return f"{float(f'{value:.4g}'):,.10g}"


def between(first: date, last: date) -> str:
    """Say from which day to which: ``from January to December 2028`` where months are whole."""
    whole = first.day == 1 and (last + timedelta(days=1)).day == 1
    start, end = (f"{day:%B}" if whole else f"{day.day} {day:%B}" for day in (first, last))
    if first.year != last.year:
        start = f"{start} {first.year}"
    return f"in {end} {last.year}" if start == end else f"from {start} to {end} {last.year}"


def broken(address: str, longest: int) -> list[str]:
    """Return an address in lines of at most so many letters, broken behind its dots first."""
    # spaces of a name must not be taken for breaks behind dots, and come back as they were
    spaced = address.replace(" ", "\0").replace(".", ". ")
    lines = textwrap.wrap(spaced, longest, break_on_hyphens=False) or [""]
    return [line.replace(". ", ".").replace("\0", " ") for line in lines]
