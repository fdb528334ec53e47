"""Levers: which there are, what each moves, and that everything else stays."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salessim.lowering import lower
from salessim.lowering.size import expected_stage_entries
from salessim.model.law import floats
from salessim.model.laws import Exponential, Lognormal, Mixture
from salessim.model.levers import Lever, levers
from salessim.model.plan import Model
from salessim.model.uncertain import Between, Normal, Uncertain
from tests.examples import examples
from tests.models import laws, models, w1


def lever(model: Model, name: str) -> Lever:
    return next(one for one in levers(model) if one.name == name)


def test_w1_has_a_lever_on_each_rate_stage_amount_and_on_churn():
    names = [one.name for one in levers(w1())]
    rooms = [f"new_business.{s}" for s in ("lead", "qualified", "demo", "proposal", "negotiate")]
    rooms += ["expansion.offer", "expansion.agree"]
    assert sorted(names) == sorted(
        ["leads", "referral", "up_sell", "churn", "amount.new_business", "amount.expansion"]
        + [f"{kind}.{room}" for kind in ("conversion", "pace") for room in rooms]
    )
    assert all(one.sentence for one in levers(w1()))
    assert "leads" not in [one.name for one in levers(w1(external_leads=False))]


def test_of_two_sources_there_is_a_lever_on_both_and_on_each():
    model = w1()
    outbound = model.sources[-1]
    more = replace(model, sources=(*model.sources, replace(outbound, name="events")))
    assert lever(more, "leads").targets == ("outbound", "events")
    twice = lever(more, "leads").scaled(more, 2.0)
    assert [s.rate.per_day for s in twice.sources[-2:]] == [2 * outbound.rate.per_day] * 2
    one = lever(more, "leads.events").scaled(more, 2.0)
    assert one.sources[:-1] == more.sources[:-1]
    assert one.sources[-1].rate.per_day == 2 * outbound.rate.per_day


@given(model=models(), factor=st.floats(0.2, 3.0), data=st.data())
@examples(60)
def test_a_lever_moves_its_part_alone_and_back(model, factor, data):
    one = data.draw(st.sampled_from(levers(model)))
    factor = min(factor, 0.99 * one.most)
    moved = one.scaled(model, factor)
    part = {"conversion": "pipelines", "amount": "pipelines", "pace": "curves"}.get(
        one.kind, "customers" if one.kind == "churn" else "sources"
    )
    for field in fields(Model):
        if field.name != part:
            assert getattr(moved, field.name) is getattr(model, field.name) or (
                getattr(moved, field.name) == getattr(model, field.name)
            )
    assert one.scaled(model, 1.0) is model
    back = lever(moved, one.name).scaled(moved, 1.0 / factor)
    assert expected_stage_entries(back) == pytest.approx(expected_stage_entries(model), rel=1e-6)


@given(law=laws(scale=100.0), factor=st.floats(0.1, 10.0), share=st.floats(0.01, 0.99))
@examples(60)
def test_an_amount_is_multiplied_in_law(law, factor, share):
    model = w1()
    model = replace(model, pipelines=(replace(model.pipelines[0], amount=law), model.pipelines[1]))
    moved = lever(model, "amount.new_business").scaled(model, factor).pipelines[0].amount
    at = floats([share])
    # a quantile that lies on a jump may fall on either side of it
    assert moved.mean == pytest.approx(factor * law.mean)
    assert moved.tail_mean(at) == pytest.approx(factor * law.tail_mean(at), rel=1e-6)


def test_churn_divides_lifetimes():
    model = w1()
    moved = lever(model, "churn").scaled(model, 2.0)
    assert moved.customers.lifetime == Exponential(mean=360.0)
    assert moved.customers.ids is model.customers.ids


def test_pace_is_a_curve_from_the_start_on():
    model = w1()
    moved = lever(model, "pace.expansion.offer").scaled(model, 2.0)
    assert moved.pipelines == model.pipelines
    program = lower(moved)
    clocks = dict(zip(program.stages, program.arrays.stages.pace, strict=True))
    assert [room for room, row in clocks.items() if row >= 0] == ["expansion.offer"]
    assert np.all(program.arrays.speed_clocks.speed[clocks["expansion.offer"], 0] == 2.0)


def test_a_conversion_goes_up_to_one_and_no_further():
    model = w1()
    one = lever(model, "conversion.expansion.agree")
    assert one.most == pytest.approx(1 / 0.7)
    assert one.scaled(model, one.most).pipelines[1].stages[1].conversion == 1.0
    for wrong in (0.0, -1.0, 1.01 * one.most, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"a factor on conversion\.expansion\.agree must be"):
            one.scaled(model, wrong)
    with pytest.raises(ValueError, match="must be above 0, not inf"):
        lever(model, "leads").scaled(model, float("inf"))


def test_an_uncertain_number_stays_uncertain_where_it_is_and_in_the_list():
    p = Uncertain(Between(p05=0.3, p95=0.6, scale="odds"), scale="odds", address="p")
    other = Uncertain(Normal(mean=0.4, sd=0.01), scale="odds", address="q")
    model = w1()
    line = model.pipelines[0]
    stages = (
        replace(line.stages[0], conversion=p),
        replace(line.stages[1], conversion=other),
        *line.stages[2:],
    )
    model = replace(
        model,
        pipelines=(replace(line, stages=stages), model.pipelines[1]),
        uncertain=(p, other),
    )
    moved = lever(model, "conversion.new_business.lead").scaled(model, 1.2)
    number = moved.pipelines[0].stages[0].conversion
    assert moved.uncertain == (number, other)
    assert moved.uncertain[0] is number
    assert number.address == "p"
    assert float(number) == pytest.approx(1.2 * float(p))
    scores = floats([-8.0, -1.0, 0.0, 1.0, 8.0])
    assert number.steps(scores) == pytest.approx(p.steps(scores))
    assert np.all((number.at(scores) > 0) & (number.at(scores) < 1))


def test_uncertain_parameters_of_laws_and_rates_are_multiplied():
    median = Uncertain(Between(p05=8.0, p95=12.0, scale="log"), scale="log", address="m")
    sigma = Uncertain(Between(p05=0.5, p95=0.8, scale="log"), scale="log", address="s")
    rate = Uncertain(Between(p05=3.0, p95=5.0, scale="log"), scale="log", address="r")
    law = Lognormal(median=median, sigma=sigma)
    model = w1()
    amount = Mixture(weights=(0.5, 0.5), laws=(law, Exponential(mean=3.0)))
    outbound = replace(model.sources[-1], rate=replace(model.sources[-1].rate, per_day=rate))
    model = replace(
        model,
        pipelines=(replace(model.pipelines[0], amount=amount), model.pipelines[1]),
        sources=(*model.sources[:-1], outbound),
        uncertain=(median, rate, sigma),
    )
    scores = floats([-2.0, 0.0, 2.0])
    moved = lever(model, "amount.new_business").scaled(model, 3.0)
    scaled = moved.pipelines[0].amount.laws[0]
    assert scaled.median.at(scores) == pytest.approx(3.0 * median.at(scores))
    assert scaled.sigma is sigma
    assert moved.uncertain == (scaled.median, rate, sigma)
    more = lever(model, "leads").scaled(model, 0.5)
    assert more.sources[-1].rate.per_day.at(scores) == pytest.approx(0.5 * rate.at(scores))
    assert more.sources[-1].rate.per_month == 0.0
