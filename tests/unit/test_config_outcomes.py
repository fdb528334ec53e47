"""Slips, deals sent back and parked, campaigns, over-dispersion: read, refused when wrong."""

from datetime import date

import pytest

from salessim.model import laws
from salessim.model.plan import Back, NoDecision, Parked, Slip
from tests.unit.plan_files import EVERYTHING, edited, load, problems

NO_DECISION = 'no_decision = { share = 0.40, after = { exponential = { mean = "90 days" } } }\n'
STUCK = "stuck = { share = 0.05 }\n"


def changed(*changes: tuple[str, str]) -> str:
    text = EVERYTHING
    for old, new in changes:
        text = edited(old, new, text)
    return text


def said(folder, *changes: tuple[str, str]) -> list[str]:
    """What is said of the plan with some changes; each starts with its line."""
    found = problems(folder, changed(*changes))
    return [problem.removeprefix("plan.toml:") for problem in found]


def test_every_way_a_deal_moves_is_read(tmp_path):
    qualified, proposal = load(tmp_path, EVERYTHING).model.pipelines[0].stages
    slip = Slip(probability=0.1, by=laws.Lognormal(median=30.0, sigma=0.5))
    assert (qualified.slip, qualified.back, qualified.parked) == (slip, None, None)
    assert proposal.slip == Slip(probability=0.2, by=slip.by)
    assert proposal.no_decision == NoDecision(share=0.4, after=laws.Exponential(mean=90.0))
    assert proposal.back == Back(share=0.1, to="qualified", after=laws.Fixed(value=7.0))
    assert proposal.parked == Parked(
        share=0.1,
        to="qualified",
        after=laws.Fixed(value=30.0),
        rest=laws.Uniform(low=90.0, high=270.0),
    )
    assert proposal.stuck_share == 0.05
    assert proposal.lost_share == pytest.approx(0.35)


def test_campaigns_are_read_in_the_order_of_their_days(tmp_path):
    text = changed(("2027-03-01 = 1.5, 2027-05-01 = 1.0", '2027-05-01 = 1.0, "2027-03-01" = 1.5'))
    web, up, referral = load(tmp_path, text).model.sources
    assert web.campaign == ((date(2027, 3, 1), 1.5), (date(2027, 5, 1), 1.0))
    assert up.campaign == ((date(2027, 9, 1), 2.0),)
    assert referral.campaign == ()
    assert (web.over_dispersion, up.over_dispersion) == (0.1, 0.0)


def test_a_campaign_can_be_changed_by_its_day(tmp_path):
    plan = load(tmp_path, EVERYTHING, changes=["sources.web.campaign.2027-04-01=3"])
    assert plan.model.sources[0].campaign[1] == (date(2027, 4, 1), 3.0)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            'to = "qualified", after = { fixed = "7 days" }',
            'to = "qualifed", after = { fixed = "7 days" }',
            (
                "20: pipelines.new.stages[1].back.to: expected a stage before this one, found "
                '"qualifed"; did you mean `qualified`?'
            ),
        ),
        (
            'to = "qualified", after = { fixed = "7 days" }',
            'to = "proposal", after = { fixed = "7 days" }',
            (
                "20: pipelines.new.stages[1].back.to: expected a stage before this one, found "
                '"proposal"; it does not come before; allowed: `qualified`'
            ),
        ),
        (
            'to = "qualified", after = { fixed = "30 days" }',
            'to = "offer", after = { fixed = "30 days" }',
            (
                "21: pipelines.new.stages[1].parked.to: expected this stage or one before it, "
                'found "offer"; allowed: `qualified`, `proposal`'
            ),
        ),
        (
            'name = "qualified"',
            (
                'name = "qualified"\n'
                'back = { share = 1, to = "proposal", after = { fixed = "1 day" } }'
            ),
            (
                "11: pipelines.new.stages[0].back.to: expected a stage before this one, found "
                '"proposal"; this is the first one; take it out'
            ),
        ),
        (
            "stuck = { share = 0.05 }",
            'stuck = { share = "41%" }',
            (
                "14: pipelines.new.stages[1]: expected shares (of the deals that do not advance) "
                "that sum to at most 1, found stuck 0.41 + no_decision 0.4 + back 0.1 + "
                "parked 0.1 = 1.01"
            ),
        ),
        (
            ', rest = { uniform = ["90 days", "270 days"] }',
            "",
            "21: pipelines.new.stages[1].parked: missing key `rest`",
        ),
        (
            "probability = 0.20",
            "share = 0.20",
            (
                "18: pipelines.new.stages[1].slip: missing key `probability`\n"
                "18: pipelines.new.stages[1].slip.share: unknown key; known keys: "
                "`probability`, `by`"
            ),
        ),
        (
            "probability = 0.20",
            "probability = 1.0",
            (
                "18: pipelines.new.stages[1].slip: the loop proposal -> proposal has no way out: "
                "deals go round in it for ever; lower what leads back, or let more of the deals "
                "advance or be lost"
            ),
        ),
        (
            "probability = 0.20",
            "probability = 0.9995",
            (
                "18: pipelines.new.stages[1].slip: the loop proposal -> proposal hardly lets "
                'deals out: they visit "proposal" 2,128 times on average, and 1,000 are the most; '
                "lower what leads back, or let more of the deals advance or be lost"
            ),
        ),
        (
            "2027-05-01 = 1.0",
            "2027-02-30 = 1.0",
            (
                "32: sources.web.campaign.2027-02-30: expected a date that exists, found "
                '"2027-02-30"'
            ),
        ),
        (
            "2027-05-01 = 1.0",
            "may = 1.0",
            (
                "32: sources.web.campaign.may: expected a date such as 2027-01-31 as the key, "
                'found "may"'
            ),
        ),
        (
            "2027-05-01 = 1.0",
            "2027-05-01 = -1",
            "32: sources.web.campaign.2027-05-01: expected a number from 0 to 1e12, found -1",
        ),
        (
            "over_dispersion = 0.1",
            "over_dispersion = -0.1",
            (
                "33: sources.web.over_dispersion: expected a variance from 0 to 100 such as 0.1, "
                "found -0.1"
            ),
        ),
        (
            'segment = "large"',
            'segment = "large"\nover_dispersion = 0',
            (
                "40: sources.up.over_dispersion: over_dispersion goes with external sources, "
                "found a customer source; take it out"
            ),
        ),
    ],
)
def test_a_mistake_is_addressed(tmp_path, old, new, problem):
    assert "\n".join(said(tmp_path, (old, new))) == problem


def test_a_loop_without_a_way_out_is_named(tmp_path):
    ring = said(
        tmp_path,
        ("conversion = 0.5", "conversion = 1"),
        ("conversion = 0.4", "conversion = 0"),
        (NO_DECISION, ""),
        (STUCK, ""),
        ("back = { share = 0.10", "back = { share = 0.6"),
        ("parked = { share = 0.10", "parked = { share = 0.4"),
    )
    assert ring == [
        (
            "19: pipelines.new.stages[1].back: the loop qualified -> proposal -> qualified has "
            "no way out: deals go round in it for ever; lower what leads back, or let more of the "
            "deals advance or be lost"
        )
    ]


def test_a_loop_that_a_curve_closes_is_refused_with_its_day(tmp_path):
    loops = said(
        tmp_path,
        ("conversion = 0.5", "conversion = 1"),
        (NO_DECISION, ""),
        (STUCK, ""),
        ("back = { share = 0.10", "back = { share = 0.6"),
        ("parked = { share = 0.10", "parked = { share = 0.4"),
        ("factor = 0.8", "factor = 1e-5"),
    )
    assert [line.partition(";")[0] for line in loops] == [
        (
            "19: pipelines.new.stages[1].back: the loop qualified -> proposal -> qualified hardly "
            'lets deals out, with the curves of 2027-06-01: they visit "proposal" 187,501 times on '
            "average, and 1,000 are the most"
        )
    ]


def test_what_curves_do_after_the_end_closes_no_loop(tmp_path):
    """One curve undoes the other until the end of all time, or until within the forecast."""
    text = changed(
        ("conversion = 0.5", "conversion = 1"),
        (NO_DECISION, ""),
        (STUCK, ""),
        ("back = { share = 0.10", "back = { share = 0.6"),
        ("parked = { share = 0.10", "parked = { share = 0.4"),
    )
    text = text[: text.index("[[curves]]")] + (
        '[[curves]]\ntarget = "pipelines.new.conversion"\nfrom = 2026-01-01\nfactor = 1e-6\n'
        '[[curves]]\ntarget = "pipelines.new.stages.proposal.conversion"\nfrom = 2026-01-01\n'
        "until = 2030-01-01\nfactor = 1e6\n"
    )
    assert load(tmp_path, text).model.curves[1].factor == 1e6
    (problem,) = problems(tmp_path, edited("2030-01-01", "2028-06-01", text))
    assert "hardly lets deals out, with the curves of 2028-06-01:" in problem


def test_deals_sent_back_reach_a_stage_behind_a_closed_one(tmp_path):
    """An open deal of the last stage comes back to one that nothing else leads to."""
    text = EVERYTHING + (
        '[pipelines.aside]\namount = { fixed = 1 }\nsegment = "small"\n'
        '[[pipelines.aside.stages]]\nname = "a"\nconversion = 0\n'
        '[[pipelines.aside.stages]]\nname = "b"\nconversion = 0.5\n'
        '[[pipelines.aside.stages]]\nname = "c"\nconversion = 0.5\n'
        'back = { share = 0.5, to = "b", after = { fixed = "1 day" } }\n'
    )
    open_deals = ('count = { "new.qualified" = 20', 'count = { "aside.c" = 1, "new.qualified" = 20')
    assert load(tmp_path, edited(*open_deals, text)).model.pipelines[2].win_rate == 0.0
    found = problems(tmp_path, text)
    aside = text[: text.index("[pipelines.aside]")].count("\n") + 1
    assert [problem.partition(":")[2].partition(";")[0] for problem in found] == [
        f"{aside + below}: pipelines.aside.stages[{index}].name: no deal can reach the stage "
        f'"{name}": the conversion of "a" is 0 and no open deal stands behind it'
        for below, index, name in [(7, 1, "b"), (10, 2, "c")]
    ]
