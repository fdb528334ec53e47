"""Worlds far off: the run ends soon with what is said, or goes on as if nothing was."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from salessim.engine import chunks, run
from salessim.errors import SalessimError
from salessim.lowering import lower
from salessim.lowering.seeds import WorldSeeds
from salessim.lowering.worlds import draw, moved
from salessim.model.laws import Exponential, Fixed, Lognormal
from salessim.model.plan import Curve, Shock, Slip
from salessim.model.uncertain import Between, Uncertain
from salessim.model.uncertain import Lognormal as LognormalNumber
from tests.laws.small_models import (
    customers,
    external,
    needs_machine_code,
    open_deals,
    per_customer,
    per_day,
    sale,
    stage,
    timeline,
)

START = date(2027, 1, 1)
WILD = WorldSeeds(held={"it": 8.0})


def wild(middle):
    """Return a number whose logarithm has a standard deviation of 3."""
    return Uncertain(LognormalNumber(median=middle, sigma=3.0), scale="log", address="it")


def on_the_brink():
    """Return a probability that may be as good as 1."""
    return Uncertain(Between(p05=0.01, p95=0.99, scale="odds"), scale="odds", address="it")


def one_room(*numbers, room=None, **parts):
    return replace(sale(room or stage(), time=timeline(12), **parts), uncertain=numbers)


def leads():
    number = wild(10.0)
    return one_room(number, sources=(external(rate=per_day(number)),))


def referrals():
    number = wild(1 / 400)
    base = customers(10, lifetime=Exponential(mean=400.0))
    return one_room(number, sources=(per_customer(rate=per_day(number)),), base=base)


def slips():
    number = on_the_brink()
    room = stage(slip=Slip(probability=number, by=Fixed(value=0.0)))
    return one_room(number, room=room, deals=open_deals(1000))


SIZES = {"leads": leads, "referrals": referrals, "slips": slips}


@needs_machine_code
@pytest.mark.parametrize("kind", SIZES)
def test_a_world_too_large_is_refused_by_its_number_and_input(kind):
    program = lower(SIZES[kind]())
    factor = "5.08e+09" if kind == "slips" else "2.65e+10"
    with pytest.raises(SalessimError) as refused:
        run(program, trajectories=2, seed=1, threads=1, worlds=WILD)
    said = str(refused.value)
    assert said.startswith("trajectory 0 of this plan has more than 30,000,000 stage entries")
    assert f"in its world it makes a factor of {factor}: narrow" in said
    # what is not far off goes on
    run(program, trajectories=2, seed=1, threads=1, worlds=WorldSeeds(held={"it": 0.5}))


@needs_machine_code
def test_the_trajectory_is_the_first_that_is_too_large_whatever_the_chunk(monkeypatch):
    program = lower(leads())
    scores = draw(program.world, 3, 0, 2000, WorldSeeds()).scores[:, 0]
    first = int(np.flatnonzero(scores > 3.3)[0])
    assert first > 100
    for largest in (256, 17):
        monkeypatch.setattr(chunks, "LARGEST_CHUNK", largest)
        with pytest.raises(SalessimError, match=f"trajectory {first} of this plan has more"):
            run(program, trajectories=first + 20, seed=3, threads=1)


def test_amounts_too_large_to_be_counted_are_refused():
    number = wild(1e5)
    model = one_room(number, sources=(external(rate=per_day(10.0)),), amount=Fixed(value=number))
    program = lower(model)
    with pytest.raises(SalessimError, match=r"trajectory 0 amounts of up to 2,648,912,.* it makes"):
        run(program, trajectories=2, seed=1, threads=1, worlds=WILD)
    cube = run(program, trajectories=2, seed=1, threads=1, worlds=WorldSeeds(held={"it": 1.0}))
    won = np.floor(1e7 * np.exp(3.0) + 0.5)
    np.testing.assert_allclose(cube.bookings, won * cube.wins, rtol=1e-12)


@needs_machine_code
@pytest.mark.parametrize("level", [-8.5, 8.5])
@pytest.mark.parametrize("effect", [-3.0, 3.0])
def test_the_wildest_shocks_leave_numbers_numbers(level, effect):
    # the factors of two of them on what curves move already; what is certain stays certain
    curve = Curve(kind="pace", pipeline="sale", stage=None, starts=START, ends=None, factor=1e6)
    everything = {
        "leads": (("leads", effect),),
        "conversion": (("sale", effect),),
        "pace": (("sale", effect),),
        "amount": (("sale", effect),),
        "churn": (("", effect),),
    }
    both = tuple(Shock(name=name, persistence=0.999, **everything) for name in ("one", "two"))
    model = sale(
        stage("first", cycle_time=Exponential(mean=5.0), loss_time=Exponential(mean=9.0)),
        stage("second", conversion=0.5, cycle_time=Lognormal(median=20.0, sigma=1.0)),
        time=timeline(4),
        sources=(external(rate=per_day(0.5)), per_customer(rate=per_day(0.01))),
        base=customers(20, lifetime=Exponential(mean=100.0), tenure=50.0),
        deals=open_deals(20, age=30.0, room="first"),
    )
    program = lower(replace(model, curves=(curve,), shocks=both))
    held = WorldSeeds(held={"shocks.one": level, "shocks.two": level})
    if level * effect > 0.0:
        with pytest.raises(SalessimError, match="more than 30,000,000 stage entries"):
            run(program, trajectories=1, seed=1, threads=1, worlds=held)
        return
    cube = run(program, trajectories=5, seed=1, threads=1, worlds=held)
    lost = cube.flows[:, :, 0, 2]
    assert not lost.any()
    assert (cube.bookings >= 0).all()


def test_odds_move_by_any_factor_what_is_not_certain():
    odds = np.array([1e-100, 1e-17, 0.3, 1.0, 1e100])
    assert (moved(np.ones(5), odds) == 1.0).all()
    assert (moved(np.zeros(5), odds) == 0.0).all()
    np.testing.assert_allclose(
        moved(np.full(5, 0.2), odds), [2.5e-101, 2.5e-18, 0.3 / 4.3, 0.2, 1.0]
    )
    shares = np.random.default_rng(1).random(100_000)
    assert (moved(shares, np.ones(1)) == shares).all()
