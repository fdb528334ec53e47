"""LibreOffice as a reader of workbooks: one that computes every formula anew."""

import re
import shutil
import subprocess
import zipfile

import pytest
from python_calamine import CalamineWorkbook

SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
"""Without it cached values are believed."""


def soffice():
    return shutil.which("soffice") or pytest.skip("LibreOffice is not installed")


def computed(paths, folder):
    """The workbooks with all formulas computed by LibreOffice."""
    program = soffice()
    user = folder / "profile" / "user"
    user.mkdir(parents=True, exist_ok=True)
    (user / "registrymodifications.xcu").write_text(SETTINGS)
    out = folder / "computed"
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    words = [program, profile, "--headless", "--convert-to", "xlsx", "--outdir", out, *paths]
    subprocess.run(list(map(str, words)), check=True, capture_output=True, timeout=120)
    return [out / path.name for path in paths]


def sheets(path):
    """All cells of all sheets, by name."""
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def charts(path):
    """All numbers that each chart of a workbook draws, by its title."""
    found = {}
    with zipfile.ZipFile(path) as book:
        for name in book.namelist():
            if name.startswith("xl/charts/chart"):
                text = book.read(name).decode()
                title = re.search("<c:title>.*?<a:t>(.*?)</a:t>", text)[1]
                caches = re.findall("<c:val>.*?</c:val>", text)
                numbers = [re.findall("<c:v>(.*?)</c:v>", cache) for cache in caches]
                found[title] = [float(value) for values in numbers for value in values]
    return found


def changed(path, cells, to, factor):
    """Write a copy of a workbook in which the numbers of some cells, by sheet, are multiplied."""
    names = CalamineWorkbook.from_path(path).sheet_names
    parts = {f"xl/worksheets/sheet{names.index(sheet) + 1}.xml": cells[sheet] for sheet in cells}
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            content = old.read(name).decode()
            if name in parts:
                found = re.search(rf'(<c r="{parts[name]}"[^>]*><v>)([^<]+)', content)
                value = repr(float(found[2]) * factor)
                content = content.replace(found[0], f"{found[1]}{value}")
            new.writestr(name, content)
    return to
