"""Sheets of paper: text, tables and pictures one below the other, none cut where it should not be.

Needs ``fpdf2``, which is not part of every installation: this module is imported only to write.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, WrapMode
from fpdf.fonts import FontFace, TTFFont

from salessim._version import __version__
from salessim.charts import style
from salessim.readable import printable

if TYPE_CHECKING:
    from salessim.report.page import Card, Figure, Table

MARGIN, BOTTOM = 16.0, 18.0
"""Millimetres left, right and above; below, where the footer stands."""
GAP = 3.0
TEXT, SMALL, FINE = 9.5, 7.5, 5.5
"""Points of text, of what is said beside it, and of the widest tables."""
LINE = 0.50
"""Height of a line in mm, for letters of one point."""
DPI = 170
HIGHEST = 0.27
"""Of the paper: what a picture may take, so that two and a table fit on a sheet."""
LEAST = 0.85
"""Of its size: what a picture may shrink to when that saves a new sheet."""
CARDS_IN_A_ROW = 3
TABLE_BEGINS = 30.0
"""Of a long table: what stands below its caption on the same sheet, in mm."""
LEAST_COLUMN = 5.0
"""Millimetres of a column when there are too many."""
WHOLE = 0.4
"""Of a sheet: tables up to this height are not broken."""
SPACED = 1.15
"""Height of a line in tables against that in text."""
LONGEST_CELL = 160
"""Letters in a cell of a table: a row must fit on a sheet."""
INK, QUIET, RULE, PALE = (17, 17, 17), (85, 85, 85), (200, 200, 200), (244, 247, 250)
ACCENT, WARN = (0, 103, 163), (213, 94, 0)
MISSING = "\N{WHITE SQUARE}"
WRITTEN = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands for the day of writing, which the file does not hold: the same page, the same bytes."""


class Paper(FPDF):
    """A document on A4 that is written from the top down.

    Parameters
    ----------
    title : str
    footer : str
        Stands at the foot of each sheet, beside its number.
    """

    def __init__(self, *, title: str, footer: str) -> None:
        super().__init__(format="A4", unit="mm")
        for weight, file in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
            self.add_font("text", weight, _fonts() / file)
        faces = [cast("TTFFont", face) for face in self.fonts.values()]
        self._known = frozenset.intersection(*(frozenset(face.cmap) for face in faces))
        self._foot = footer
        self.set_creation_date(WRITTEN)
        self.set_title(self.plain(title))
        self.set_creator(f"salessim {__version__}")
        self.set_lang("en")
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=BOTTOM)
        self.add_page()

    def release(self) -> None:
        """Close the files of the fonts, which fpdf2 leaves open; nothing is written afterwards."""
        for face in self.fonts.values():
            cast("TTFFont", face).ttfont.close()

    def footer(self) -> None:
        """Say what the document was made from, and which sheet it is."""
        self.set_y(-0.7 * BOTTOM)
        self._letters(SMALL, colour=QUIET)
        width = self.epw - 25.0
        self.cell(width, 4.0, self._broken(self._foot, width)[0])
        self.cell(25.0, 4.0, f"{self.page_no()} of {{nb}}", align="R")

    def plain(self, text: str) -> str:
        """Return text without what the font cannot show: a square stands for such a letter."""
        return "".join(char if ord(char) in self._known else MISSING for char in printable(text))

    def need(self, height: float) -> None:
        """Begin a new sheet unless so many mm are left on this one."""
        if self.will_page_break(min(height, self.eph)):
            self.add_page()

    def opening(self, text: str, below: str) -> None:
        """Write the title of the whole document and a quiet line below it."""
        self.text_lines(text, size=17.0, bold=True)
        self.text_lines(below, size=SMALL + 1, colour=QUIET)
        self.ln(GAP)

    def heading(self, text: str, *, follows: float) -> None:
        """Write a heading; what follows it, so many mm high, begins on the same sheet."""
        self.need(self.height(text, size=12.5, bold=True) + 2 * GAP + follows)
        if self.get_y() > MARGIN + 1.0:
            self.ln(GAP)
            self.set_draw_color(*RULE)
            self.line(MARGIN, self.get_y(), MARGIN + self.epw, self.get_y())
            self.ln(0.6 * GAP)
        # The outline of the document leads here.
        self.start_section(self.plain(text))
        self.text_lines(text, size=12.5, bold=True)
        self.ln(0.4 * GAP)

    def text_lines(
        self,
        text: str,
        *,
        size: float = TEXT,
        bold: bool = False,
        colour: tuple[int, int, int] = INK,
        indent: float = 0.0,
    ) -> None:
        """Write a paragraph."""
        self._letters(size, bold=bold, colour=colour)
        self.set_x(MARGIN + indent)
        self.multi_cell(
            self.epw - indent, LINE * size, self.plain(text), align="L",
            new_x="LMARGIN", new_y="NEXT",
        )  # fmt: skip

    def height(
        self, text: str, *, size: float = TEXT, bold: bool = False, width: float = 0.0
    ) -> float:
        """Return how many mm a paragraph takes."""
        self._letters(size, bold=bold)
        return LINE * size * len(self._broken(text, width or self.epw))

    def _broken(self, text: str, width: float) -> list[str]:
        """Return the lines of a text, at least one, in the letters that are set."""
        lines = self.multi_cell(width, text=self.plain(text), dry_run=True, output="LINES")
        return cast("list[str]", lines) or [""]

    def point(self, text: str) -> None:
        """Write an entry of a list."""
        self._letters(TEXT)
        self.set_x(MARGIN)
        self.cell(4.0, LINE * TEXT, "\N{BULLET}")
        self.text_lines(text, indent=4.0)

    def cards(self, cards: Sequence[Card]) -> None:
        """Show key figures in rows of tiles."""
        width = (self.epw - (CARDS_IN_A_ROW - 1) * GAP) / CARDS_IN_A_ROW
        for first in range(0, len(cards), CARDS_IN_A_ROW):
            row = [_lines(card) for card in cards[first : first + CARDS_IN_A_ROW]]
            heights = [
                sum(self.height(text, size=size, bold=bold, width=width - 6.0)
                    for text, size, bold in lines)
                for lines in row
            ]  # fmt: skip
            high = max(heights) + 4.0
            self.need(high)
            top = self.get_y()
            for index, lines in enumerate(row):
                self._card(lines, (MARGIN + index * (width + GAP), top, width, high))
            self.set_xy(MARGIN, top + high + GAP)

    def _card(
        self, lines: Sequence[tuple[str, float, bool]], place: tuple[float, float, float, float]
    ) -> None:
        x, y, width, high = place
        self.set_fill_color(*PALE)
        self.rect(x, y, width, high, style="F")
        self.set_fill_color(*ACCENT)
        self.rect(x, y, 1.0, high, style="F")
        self.set_xy(x + 3.0, y + 2.0)
        for text, size, bold in lines:
            self._letters(size, bold=bold, colour=INK if bold else QUIET)
            self.set_x(x + 3.0)
            self.multi_cell(
                width - 6.0, LINE * size, self.plain(text), align="L", new_x="LEFT", new_y="NEXT"
            )

    def warnings(self, warnings: Sequence[str]) -> None:
        """Show what must be read first, beside a bar."""
        high = sum(self.height(text, width=self.epw - 4.0) for text in warnings)
        self.need(high)
        if high < self.eph:
            self.set_fill_color(*WARN)
            self.rect(MARGIN, self.get_y(), 1.0, high, style="F")
        for text in warnings:
            self.text_lines(text, indent=4.0)
        self.ln(GAP)

    def figure_height(self, figure: Figure) -> float:
        """Return how many mm a picture takes at least, with its caption."""
        return LEAST * self._highest(figure) + self._below(figure)

    def picture(self, figure: Figure) -> None:
        """Show a picture with its caption below, on one sheet."""
        self.need(self.figure_height(figure))
        top = self.get_y()
        left = self.page_break_trigger - top - self._below(figure)
        high = min(self._highest(figure), left)
        count = len(figure.panels)
        width = (self.epw - (count - 1) * GAP) / count
        for index, panel in enumerate(figure.panels):
            self.image(
                BytesIO(style.png(panel, dpi=DPI)),
                x=MARGIN + index * (width + GAP), y=top, w=width, h=high, keep_aspect_ratio=True,
                alt_text=self.plain(figure.said()) if index == 0 else None,
            )  # fmt: skip
        self.set_xy(MARGIN, top + high + 1.0)
        self.text_lines(figure.caption, size=SMALL, colour=QUIET)
        self.ln(GAP)

    def _highest(self, figure: Figure) -> float:
        """Return the height in mm of the tallest panel, as wide as its share of the sheet."""
        count = len(figure.panels)
        width = (self.epw - (count - 1) * GAP) / count
        shapes = [style.whole_figure(panel).get_size_inches() for panel in figure.panels]
        tallest = max(float(high / wide) for wide, high in shapes) * width
        return min(tallest, HIGHEST * self.h if tallest < width else 0.8 * self.eph)

    def _below(self, figure: Figure) -> float:
        return self.height(figure.caption, size=SMALL) + GAP + 1.0

    def rows(self, table: Table) -> None:
        """Show a table, as wide as it needs and never wider than the paper."""
        size, widths = self._fitting(table)
        self.need(self.table_height(table))
        if table.caption:
            self.text_lines(table.caption, size=SMALL, colour=QUIET)
            self.ln(0.8)
        self._letters(size)
        self.set_draw_color(*RULE)
        self.set_fill_color(255)
        with self.table(
            width=min(sum(widths), self.epw), col_widths=widths, align="LEFT",
            line_height=LINE * size * SPACED,
            text_align=tuple("RIGHT" if numbers else "LEFT" for numbers in table.numbers),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES, padding=(0.5, 1.0),
            headings_style=FontFace(emphasis="BOLD", size_pt=size), wrapmode=WrapMode.WORD,
        ) as drawn:  # fmt: skip
            for row in (table.columns, *table.rows):
                cells = drawn.row()
                for cell in row:
                    cells.cell(self._cell(cell))
        self.ln(GAP)

    def table_height(self, table: Table) -> float:
        """Return how many mm of a table stand on one sheet, with its caption."""
        tall = self._tall(table)
        above = self.height(table.caption, size=SMALL) + 1.0 if table.caption else 0.0
        return above + (tall if tall < WHOLE * self.eph else TABLE_BEGINS)

    def _tall(self, table: Table) -> float:
        """Return how many mm all rows of a table take."""
        size, widths = self._fitting(table)
        lines = 0
        for index, row in enumerate((table.columns, *table.rows)):
            self._letters(size, bold=index == 0)
            lines += max(
                len(self._broken(style.short(cell, LONGEST_CELL), width))
                for cell, width in zip(row, widths, strict=True)
            )
        return LINE * size * SPACED * lines + (len(table.rows) + 1) * 1.0

    def _cell(self, text: str) -> str:
        return self.plain(style.short(text, LONGEST_CELL))

    def _fitting(self, table: Table) -> tuple[float, list[float]]:
        """Return a size of letters and the widths of the columns in mm with which a table fits.

        Words are broken into lines before letters become small, numbers never.
        """
        size = SMALL + 0.5
        while True:
            full = [self._widest(table, column, size) for column in range(len(table.columns))]
            fixed = sum(width for width, number in zip(full, table.numbers, strict=True) if number)
            words = sum(full) - fixed
            left = self.epw - fixed
            if sum(full) <= self.epw:
                return size, full
            if left >= min(words, 0.25 * self.epw):
                break
            if size <= FINE:
                # no column is narrower than a letter of it
                least = min(LEAST_COLUMN, self.epw / len(full))
                room = self.epw - least * len(full)
                return size, [least + room * width / sum(full) for width in full]
            size -= 0.5
        return size, self._shared(full, table.numbers, left)

    def _shared(self, full: Sequence[float], numbers: Sequence[bool], left: float) -> list[float]:
        """Return widths of which those of words come to ``left``: the narrow ones stay whole."""
        wide = [index for index, number in enumerate(numbers) if not number]
        widths = list(full)
        while wide:
            share = left / len(wide)
            whole = [index for index in wide if full[index] <= share]
            if not whole:
                for index in wide:
                    widths[index] = share
                break
            left -= sum(full[index] for index in whole)
            wide = [index for index in wide if index not in whole]
        return widths

    def _widest(self, table: Table, column: int, size: float) -> float:
        """Return the width in mm of a column whose cells are not broken."""
        self._letters(size)
        cells = [self._cell(row[column]) for row in table.rows]
        inside = max(map(self.get_string_width, cells), default=0.0)
        self._letters(size, bold=True)
        # A heading of several words may take two lines.
        words = self._cell(table.columns[column]).split() or [""]
        return max(inside, *map(self.get_string_width, words)) + 2.6

    def _letters(
        self, size: float, *, bold: bool = False, colour: tuple[int, int, int] = INK
    ) -> None:
        self.set_font("text", "B" if bold else "", size)
        self.set_text_color(*colour)


def _lines(card: Card) -> list[tuple[str, float, bool]]:
    """Return the lines of a key figure: text, size, whether bold."""
    lines = [(card.label, SMALL, False), (card.value, 13.0, True), (card.note, SMALL, False)]
    return [line for line in lines if line[0]]


def _fonts() -> Path:
    """Return the folder of the fonts that come with matplotlib, which the charts are set in."""
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf"
