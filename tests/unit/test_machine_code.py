"""The cache of machine code: never stale, never in the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import salessim
from salessim.kernels import _jit

PACKAGE = Path(salessim.__file__).parent


@pytest.fixture
def copied(tmp_path):
    shutil.copytree(PACKAGE / "kernels", tmp_path / "kernels")
    return tmp_path


def test_any_change_to_a_kernel_or_its_types_makes_another_cache(copied):
    before = _jit.fingerprint(copied / "kernels")
    assert before == _jit.fingerprint(PACKAGE / "kernels")
    seen = {before}
    sources = list((copied / "kernels").glob("*.py"))
    for source in sources:
        with source.open("a") as file:
            file.write("# changed\n")
        seen.add(_jit.fingerprint(copied / "kernels"))
    assert len(seen) == 1 + len(sources)


def test_another_version_of_numba_makes_another_cache(monkeypatch):
    before = _jit.fingerprint(PACKAGE / "kernels")
    monkeypatch.setattr(numba, "__version__", "0.0")
    assert _jit.fingerprint(PACKAGE / "kernels") != before


def test_decorating_leaves_the_setting_of_other_users_of_numba_alone():
    before = numba.config.CACHE_DIR
    _jit.driver(lambda x: x)
    assert before == numba.config.CACHE_DIR


def test_without_a_place_to_write_nothing_is_cached_and_all_works(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    code = (
        "from salessim.kernels import _jit\n"
        "assert _jit.CACHE is None\n"
        "plus = _jit.driver(lambda x: x + 1)\n"
        "assert plus(1) == 2\n"
        "assert not _jit.is_compiled(plus) or _jit.numba.config.DISABLE_JIT\n"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(blocked), "PYTHONPATH": str(PACKAGE.parent)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
