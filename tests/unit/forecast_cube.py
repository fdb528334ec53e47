"""Small cubes with known answers, made by hand: what the engine would hand over."""

from datetime import date
from types import SimpleNamespace

import numpy as np

from salessim.engine.cube import Cube
from salessim.forecast import Forecast
from salessim.lowering.program import Facts, Program
from salessim.lowering.seeds import WorldSeeds
from salessim.model.calendar import Span, Timeline
from salessim.model.laws import Exponential
from salessim.model.plan import Customers, Model, Sustainability

ORIGINS = ("open_deals", "customers", "outbound")
PIPELINES = ("new_business", "expansion")
STAGES = ("new_business.qualified", "new_business.proposal", "expansion.offer")
FACTS = Facts(
    stage_entries=10.0,
    run_rate_per_month=1_000.0,
    reproduction_number=0.5,
    logo_retention=0.6,
    stuck_open_deals=0,
)


CUSTOMERS = Customers(lifetime=Exponential(mean=900.0))


def timeline(*, periods=3, simulated=24, start=date(2027, 1, 1), value=1, unit="month"):
    return Timeline(
        start=start, period=Span(value=value, unit=unit), periods=periods, judged=simulated
    )


def cube(*, bookings, leads=None, new=None, lost=None, flows=None, slipped=None, requested=None):
    """A cube from bookings of shape (n, period, pipeline, origin) in hundredths."""
    bookings = np.asarray(bookings, dtype=np.int64)
    n, periods = bookings.shape[:2]
    none = np.zeros(bookings.shape, dtype=np.int32)
    return Cube(
        bookings=bookings,
        wins=(bookings > 0).astype(np.int32),
        new_customers=none if new is None else new,
        lost_customers=none if lost is None else lost,
        leads=np.zeros((n, periods, 1), dtype=np.int32) if leads is None else leads,
        flows=np.zeros((n, periods, 3, 7), dtype=np.int32) if flows is None else flows,
        slipped=none if slipped is None else slipped,
        stage_entries=np.full(n, 7, dtype=np.int64),
        by_health=np.zeros((n, periods, 2), dtype=np.int64),
        worlds=WorldSeeds(),
        seed=7,
        requested=requested or n,
        seconds=0.25,
    )


def random_cube(*, n=50, periods=24, seed=1):
    """A cube of noise: nothing is known of it but how its parts must add up."""
    rng = np.random.default_rng(seed)
    shape = (n, periods, len(PIPELINES), len(ORIGINS))
    lost = np.zeros(shape, dtype=np.int32)
    lost[:, :, 0, 1] = rng.poisson(0.5, (n, periods))
    return cube(
        bookings=rng.integers(0, 3_000_001, shape) * (rng.random(shape) < 0.6),
        new=rng.poisson(1.0, shape).astype(np.int32),
        lost=lost,
        leads=rng.poisson(9.0, (n, periods, 1)).astype(np.int32),
        slipped=rng.poisson(0.4, shape).astype(np.int32),
        flows=rng.poisson(3.0, (n, periods, 3, 7)).astype(np.int32),
    )


def program(*, customers=100, facts=FACTS):
    """A program with the labels alone: a forecast asks for nothing else."""
    arrays = SimpleNamespace(
        base=SimpleNamespace(entity=np.zeros(customers, dtype=np.uint64)),
        pipelines=SimpleNamespace(first_stage=np.array([0, 2, 3])),
    )
    return Program(
        arrays=arrays,
        pipelines=PIPELINES,
        stages=STAGES,
        origins=ORIGINS,
        external_sources=("outbound",),
        source_pipelines=(0,),
        open_at_start=np.array([5, 4, 0], dtype=np.int32),
        facts=facts,
        sha256="0" * 64,
    )


def model(counts, *, line=None, title="Acme", currency="USD", customers=CUSTOMERS, **verdict):
    """The words of a plan; `verdict` are fields of `Sustainability`."""
    return Model(
        title=title,
        currency=currency,
        timeline=line or timeline(simulated=counts.bookings.shape[1]),
        pipelines=(),
        customers=customers,
        sustainability=Sustainability(**verdict),
    )


def forecast(counts, *, facts=FACTS, **words):
    """A forecast of a cube; `words` as in `model`."""
    return Forecast.from_cube(counts, program=program(facts=facts), model=model(counts, **words))
