"""Small models that show one law each, and the mark of tests that simulate many trajectories."""

from datetime import date

import numba
import numpy as np
import pytest

from salessim.engine import run
from salessim.lowering import lower
from salessim.model.calendar import Span, Timeline
from salessim.model.laws import Fixed
from salessim.model.plan import Customers, Model, OpenDeals, Pipeline, Rate, Source, Stage

needs_machine_code = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT),
    reason="many trajectories: would take hours without machine code",
)

INSTANT = Fixed(value=0.0)


def stage(name="only", *, conversion=1.0, cycle_time=INSTANT, loss_time=INSTANT, **rest):
    return Stage(
        name=name, conversion=conversion, cycle_time=cycle_time, loss_time=loss_time, **rest
    )


def external(name="leads", *, rate, **rest):
    """An external source whose buyers start nothing: its wins are all direct."""
    return Source(
        name=name, kind="external", pipeline="sale", rate=rate, buyer_is_new=False, **rest
    )


def per_customer(name="referral", *, rate, buyer_is_new=True, **rest):
    return Source(
        name=name, kind="customer", pipeline="sale", rate=rate, buyer_is_new=buyer_is_new, **rest
    )


def per_day(rate):
    return Rate(per_day=rate)


def per_month(rate):
    return Rate(per_month=rate)


def customers(count, *, lifetime, tenure=0.0):
    return Customers(
        lifetime=lifetime,
        ids=tuple(f"customer {k}" for k in range(count)),
        tenure_days=np.full(count, float(tenure)),
    )


def open_deals(count, *, age=0.0, room="only"):
    return OpenDeals(
        ids=tuple(f"deal {k}" for k in range(count)),
        stages=(f"sale.{room}",) * count,
        age_days=np.full(count, float(age)),
        amounts=np.full(count, np.nan),
        buyer_is_new=np.zeros(count, dtype=bool),
    )


def timeline(periods, *, length=30, unit="day", start=date(2027, 1, 1)):
    period = Span(value=length, unit=unit)
    return Timeline(start=start, period=period, periods=periods, judged=periods)


def sale(*stages, time, amount=None, sources=(), base=None, deals=None):
    """A model of one pipeline, ``sale``."""
    return Model(
        title="one law",
        currency="USD",
        timeline=time,
        pipelines=(Pipeline(name="sale", stages=stages, amount=amount or Fixed(value=100.0)),),
        sources=tuple(sources),
        customers=base,
        open_deals=deals,
    )


def simulate(model, *, trajectories, seed):
    return run(lower(model), trajectories=trajectories, seed=seed)
