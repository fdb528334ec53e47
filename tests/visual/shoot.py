"""Take pictures of documents: pages on a screen, on a phone and on paper, workbooks on paper.

From the root of a checkout, with chromium, libreoffice and poppler-utils installed::

    python tests/visual/shoot.py OUT DOCUMENT...

Each document becomes PNG files in OUT: ``NAME-1280-0.png`` (a piece of the page at 1280 pixels
wide), ``NAME-390-0.png`` (a phone), ``NAME-html-print-1.png`` (the sheets of paper).
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from matplotlib import image

WIDTHS = (1280, 390)
TALLEST = 16_000
"""Pixels that a screenshot may be high."""
PIECE = 1_600
"""Pixels of a piece of it: what can be looked at at once."""
BROWSER = ("chromium", "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu")


def shoot(document: Path, out: Path) -> list[Path]:
    """Take the pictures of a document; return them."""
    out.mkdir(parents=True, exist_ok=True)
    if document.suffix == ".html":
        screens = [path for width in WIDTHS for path in _screen(document, out, width)]
        return [*screens, *_sheets(_printed(document, out), out, f"{document.stem}-html")]
    if document.suffix == ".pdf":
        return _sheets(document, out, f"{document.stem}-pdf")
    run("soffice", "--headless", "--convert-to", "pdf", "--outdir", str(out), str(document))
    return _sheets(out / f"{document.stem}.pdf", out, f"{document.stem}-{document.suffix[1:]}")


def run(*command: str) -> None:
    """Run a program, quietly."""
    subprocess.run(command, check=True, capture_output=True, timeout=300)


def _screen(page: Path, out: Path, width: int) -> list[Path]:
    """Take a page as a screen of this width shows it, in pieces from the top down."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.png"
        size = f"--window-size={width},{TALLEST}"
        # A window of the browser is never narrower than some 500 pixels: a frame is.
        frame = Path(folder) / "frame.html"
        frame.write_text(
            f'<body style="margin:0"><iframe src="{page.resolve().as_uri()}" style="border:0;'
            f'width:{width}px;height:{TALLEST}px"></iframe>'
        )
        run(*BROWSER, size, f"--screenshot={whole}", frame.as_uri())
        pixels = image.imread(whole)[:, :width]
    used = np.flatnonzero((pixels[..., :3] < 1.0).any(axis=(1, 2)))
    height = int(used[-1]) + 20 if len(used) else 1
    paths = []
    for index, top in enumerate(range(0, height, PIECE)):
        paths.append(out / f"{page.stem}-{width}-{index}.png")
        image.imsave(paths[-1], pixels[top : min(top + PIECE, height)])
    return paths


def _printed(page: Path, out: Path) -> Path:
    path = out / f"{page.stem}-print.pdf"
    run(*BROWSER, f"--print-to-pdf={path}", "--no-pdf-header-footer", page.resolve().as_uri())
    return path


def _sheets(pdf: Path, out: Path, name: str) -> list[Path]:
    for old in out.glob(f"{name}-print-*.png"):
        old.unlink()
    run("pdftoppm", "-r", "60", "-png", str(pdf), str(out / f"{name}-print"))
    return sorted(out.glob(f"{name}-print-*.png"))


def main() -> None:
    """Take pictures of the documents named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("documents", type=Path, nargs="+")
    asked = parser.parse_args()
    if missing := [str(path) for path in asked.documents if not path.is_file()]:
        parser.error(f"no such document: {', '.join(missing)}")
    for document in asked.documents:
        for path in shoot(document, asked.out):
            print(path)  # noqa: T201


if __name__ == "__main__":
    main()
