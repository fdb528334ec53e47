"""A picture as part of a page: SVG without a header, its names its own."""

from __future__ import annotations

import re

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from salessim.charts import style

_NAMED = re.compile(r'\bid="|url\(#|href="#')
_HEAD = re.compile(r"<svg[^>]*>", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_BOX = re.compile(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) [\d.]+"')
_PATH = re.compile(r' d="([^"]*)"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")
_ALIKE = re.compile(r'<g>\n<path d="[^"]*z"( [^>]*)/>\n</g>(?:\n<g>\n<path d="[^"]*z"\1/>\n</g>)+')
READABLE = 0.0525
"""Width of a point that keeps the letters of a chart readable, in letters of the page (rem)."""


def titles(drawn: Axes | Figure) -> str:
    """Return what a picture says of itself: its headline and the titles of its axes."""
    figure = style.whole_figure(drawn)
    said = [figure.get_suptitle(), *(ax.get_title(loc="left") for ax in figure.axes)]
    plain = (" ".join(title.split()).replace(r"\$", "$") for title in said)
    return ". ".join(title for title in plain if title)


def inline_svg(drawn: Axes | Figure, *, name: str) -> str:
    """Return a figure as an ``<svg>`` element that scales to the width it is given.

    Parameters
    ----------
    drawn : Axes or Figure
    name : str
        Letters and digits put before all names within it: pictures on one page share none.
    """
    text = style.svg(drawn)
    text = _METADATA.sub("", text[text.index("<svg") :])
    head = _HEAD.match(text)
    box = _BOX.search(text)
    if head is None or box is None:
        raise ValueError("matplotlib wrote no SVG")
    body = _NAMED.sub(lambda found: f"{found.group()}{name}-", _compact(text[head.end() :]))
    # Never smaller than its words can be read: what does not fit is scrolled.
    least = f"min-width:{float(box.group(1)) * READABLE:.1f}rem"
    start = f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {box.group()} style="{least}">'
    return f"{start}{body}".strip()


def _compact(body: str) -> str:
    """Return an SVG that looks the same in fewer letters.

    Space between elements goes, names of groups that nothing points to, decimals beyond a
    hundredth of a point, and the elements of closed shapes alike, such as the bars of a stack.
    """
    body = re.sub(r">\s*\n\s*<", ">\n<", body)
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = _PATH.sub(_shorter, body)
    return _ALIKE.sub(_merged, body)


def _merged(found: re.Match[str]) -> str:
    """Return shapes alike as one; see-through ones are darker where they overlap, and stay."""
    if "opacity" in found[1]:
        return found[0]
    return f'<g>\n<path d="{" ".join(_PATH.findall(found[0]))}"{found[1]}/>\n</g>'


def _shorter(found: re.Match[str]) -> str:
    """Return a path on one line, to a hundredth of a point."""
    points = _DECIMALS.sub(r"\1", " ".join(found[1].split()))
    return f' d="{points}"'
