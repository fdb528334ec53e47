import os

import pytest
from click.testing import CliRunner

from salessim.cli.main import main

PLAN = """
title = "Acme: 2027 plan"
currency = "USD"

[forecast]
start = 2027-01-01
horizon = "6 months"
period = "month"
trajectories = 40
seed = 7

[sustainability]
need = 50_000

[pipelines.new_business]
amount = { lognormal = { median = 12_000, sigma = 0.9 } }

[[pipelines.new_business.stages]]
name = "qualified"
conversion = 0.60
cycle_time = { lognormal = { median = "14 days", sigma = 0.7 } }
no_decision = { share = 0.40, after = { exponential = { mean = "90 days" } } }
stuck = { share = 0.05 }

[sources.outbound]
kind = "external"
pipeline = "new_business"
rate = "10 per month"
growth = "1% per month"

[sources.referral]
kind = "customer"
pipeline = "new_business"
rate = "1 per 360 days"
buyer = "new"

[customers]
count = 50
lifetime = { exponential = { mean = "720 days" } }

[open_deals]
count = { "new_business.qualified" = 6 }
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with a plan in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme.toml").write_text(PLAN)
    return tmp_path


@pytest.fixture
def call(folder):
    """Run a command in-process; the folder is the working directory."""

    def invoke(*args):
        result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="salessim")
        # Whatever went wrong, it must have been said by an exit code.
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    assert folder.samefile(os.curdir)
    return invoke
