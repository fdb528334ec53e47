"""What a plan says of worlds: shocks, correlations, customers' health; and its targets."""

import numpy as np
import pytest

from salessim.config.correlation import nearest_correlation
from salessim.model.plan import Correlation, HealthClass, Shock, Target
from tests.unit.plan_files import EVERYTHING, edited, load, problems

WORLD = """
[shocks.economy]
persistence = 0.8
leads = -0.2
conversion = { new = 0.1 }
pace = 0.05
amount = { expansion = 0.1, new = 0 }
churn = { small = -0.1 }
[shocks.staff]
pace = 0.2
[correlation]
"shocks.economy" = { "shocks.staff" = 0.5 }
"sources.web.rate" = { "sources.up.rate" = -0.3 }
[targets]
2027Q2 = 120_000
total = 5_000_000
2027-03 = 40_000
[customers.health]
promoter = { answers = 60, churn = 0.5, referral = { p05 = 1.5, p95 = 6 } }
passive = { answers = 40 }
detractor = { answers = 20, churn = 2, up_sell = 0.5, referral = 0 }
"""
RATES = edited('"30 per month"', '{ p05 = "20 per month", p95 = "45 per month" }', EVERYTHING)
PLAN = edited('"1 per year"', '{ p05 = "1 per year", p95 = "4 per year" }', RATES) + WORLD


def said(folder, old: str, new: str) -> list[str]:
    """The problems of the plan with a change, without the file's name and line."""
    return [problem.split(": ", 1)[1] for problem in problems(folder, edited(old, new, PLAN))]


def test_shocks_are_resolved_by_name(tmp_path):
    assert load(tmp_path, PLAN).model.shocks == (
        Shock(
            name="economy",
            persistence=0.8,
            leads=(("web", -0.2),),
            conversion=(("new", 0.1),),
            pace=(("new", 0.05), ("expansion", 0.05)),
            amount=(("expansion", 0.1),),
            churn=(("small", -0.1),),
        ),
        Shock(name="staff", persistence=0.0, pace=(("new", 0.2), ("expansion", 0.2))),
    )


def test_one_number_is_for_all_customers(tmp_path):
    text = edited("churn = { small = -0.1 }", "churn = 0.3\n", PLAN)
    text = edited("leads = -0.2", "leads = { up = 0.1, web = 0.2 }", text)
    shock = load(tmp_path, text).model.shocks[0]
    assert shock.churn == (("small", 0.3), ("large", 0.3))
    assert shock.leads == (("up", 0.1), ("web", 0.2))
    alike = text[: text.index("[customers]")] + text[text.index("[open_deals]") :]
    alike = alike.replace('segment = "small"', "").replace('segment = "large"', "")
    alike = alike[: alike.index("[customers.health]")] + (
        '[customers]\ncount = 9\nlifetime = { exponential = { mean = "900 days" } }\n'
    )
    assert load(tmp_path, alike).model.shocks[0].churn == (("", 0.3),)


def test_a_shock_without_effect_is_noted(tmp_path):
    plan = load(tmp_path, edited("pace = 0.2", "pace = 0", PLAN))
    assert "shocks.staff: it has no effect on anything" in plan.notes
    assert not load(tmp_path, PLAN).notes


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "persistence = 0.8",
            "persistence = 1",
            (
                "shocks.economy.persistence: expected a number from 0 to below 1 such as 0.8, "
                "found 1; at 1 a shock would never fade"
            ),
        ),
        (
            "leads = -0.2",
            "leads = 20",
            (
                "shocks.economy.leads: expected a number from -3 to 3 (log scale per standard "
                "deviation: 0.15 is about 15%), found 20"
            ),
        ),
        ("leads = -0.2", "leeds = 1", "shocks.economy.leeds: unknown key; did you mean `leads`?"),
        (
            "leads = -0.2",
            "leads = { wb = 0.1 }",
            (
                "shocks.economy.leads.wb: expected a source of this plan, "
                'found "wb"; did you mean `web`?'
            ),
        ),
        (
            "leads = -0.2",
            "leads = { normal = [0, 1] }",
            "shocks.economy.leads.normal: expected a number, found a list of 2",
        ),
        (
            "{ new = 0.1 }",
            "{ beta = 0.1 }",
            (
                'shocks.economy.conversion.beta: expected a pipeline of this plan, found "beta"; '
                "an effect is known: it says how far a shock moves things, and how far the shock "
                "itself goes is random"
            ),
        ),
        (
            "{ small = -0.1 }",
            "{ smal = 2 }",
            (
                "shocks.economy.churn.smal: expected a segment of the customers of this plan, "
                'found "smal"; did you mean `small`?'
            ),
        ),
    ],
)
def test_what_is_no_shock(tmp_path, old, new, problem):
    assert said(tmp_path, old, new) == [problem]


def test_churn_needs_customers(tmp_path):
    text = 'forecast = { start = 2027-01-01, horizon = "12 months" }\n[shocks.a]\nchurn = 0.1\n'
    text += '[pipelines.p]\namount = { fixed = 1 }\nstages = [{ name = "s", conversion = 1 }]\n'
    assert problems(tmp_path, text) == [
        (
            "plan.toml:3: shocks.a.churn: churn needs [customers] with a lifetime; "
            "add it or take churn out"
        )
    ]


def test_correlations_by_address(tmp_path):
    pairs = load(tmp_path, PLAN).model.correlations
    assert pairs == (
        Correlation(first="shocks.economy", second="shocks.staff", value=0.5),
        Correlation(first="sources.web.rate", second="sources.up.rate", value=-0.3),
    )
    quoted = edited('"sources.web.rate" =', "'sources.\"web\".rate' =", PLAN)
    assert load(tmp_path, quoted).model.correlations == pairs


def test_a_number_that_became_certain_goes_with_nothing(tmp_path):
    plan = load(tmp_path, PLAN).with_({"sources.web.rate": "30 per month"})
    assert [pair.first for pair in plan.model.correlations] == ["shocks.economy"]
    assert "correlation: sources.web.rate is certain: nothing goes with it" in plan.notes


def test_without_external_leads_nothing_is_said_of_them(tmp_path):
    text = edited("leads = -0.2", "leads = { up = 0.1, web = 0.2 }", PLAN)
    base = load(tmp_path, text).without_external_leads().model
    assert [pair.first for pair in base.correlations] == ["shocks.economy"]
    assert base.shocks[0].leads == (("up", 0.1),)
    assert "sources.web.rate" not in [number.address for number in base.uncertain]


ADDRESS = "expected the address of an uncertain number, or a shock as shocks.NAME, found "


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            '"shocks.staff" = 0.5',
            '"shocks.staff" = 1.5',
            (
                'correlation."shocks.economy"."shocks.staff": expected a correlation from -1 to 1, '
                "found 1.5"
            ),
        ),
        (
            '"shocks.staff" = 0.5',
            '"shocks.stuff" = 0.5',
            (
                f'correlation."shocks.economy"."shocks.stuff": {ADDRESS}"shocks.stuff"; '
                "did you mean `shocks.staff`?"
            ),
        ),
        (
            '"sources.web.rate" =',
            '"sources.wob.rate" =',
            (
                f'correlation."sources.wob.rate": {ADDRESS}"sources.wob.rate"; '
                "did you mean `sources.web.rate`?"
            ),
        ),
        (
            '"shocks.staff" = 0.5',
            '"shocks.economy" = 1',
            (
                'correlation."shocks.economy"."shocks.economy": nothing is correlated with itself; '
                "take it out"
            ),
        ),
        (
            '"shocks.staff" = 0.5',
            "shocks.staff = 0.5",
            (
                'correlation."shocks.economy".shocks: expected a number, found a table (staff); an '
                'address needs quotes: "a.b" = 0.5'
            ),
        ),
        (
            '"shocks.staff" = 0.5',
            '"sources.web.rate" = 0.5',
            (
                'correlation."shocks.economy"."sources.web.rate": expected two uncertain numbers '
                "or two shocks, found one of each: a number is drawn once, a shock has a level for "
                "every month; take it out"
            ),
        ),
        (
            "[correlation]\n",
            '[correlation]\n"shocks.staff" = { "shocks.economy" = 0.5 }\n',
            ('correlation."shocks.economy"."shocks.staff": this pair is given twice; take one out'),
        ),
        (
            '"shocks.staff" = 0.5',
            '"shocks.staff" = 0.7',
            (
                "correlation: these correlations of shocks that persist so unequally cannot be all "
                "at once (their matrix is not positive semidefinite); the nearest that can: "
                '"shocks.economy" with "shocks.staff" = 0.597'
            ),
        ),
    ],
)
def test_what_is_no_correlation(tmp_path, old, new, problem):
    assert said(tmp_path, old, new) == [problem]


def test_the_nearest_correlations_are_offered_and_possible(tmp_path):
    """What is offered is what passes, in three digits."""
    third = "customers.health.promoter.referral"
    more = f'"sources.up.rate" = -0.999, "{third}" = 0.999'
    (problem,) = said(tmp_path, '"sources.up.rate" = -0.3', more)
    assert problem == (
        "correlation: these correlations cannot be all at once (their matrix is not positive "
        'semidefinite); the nearest that can: "customers.health.promoter.referral" with '
        '"sources.up.rate" = -0.156; "customers.health.promoter.referral" with '
        '"sources.web.rate" = 0.76; "sources.up.rate" with "sources.web.rate" = -0.76'
    )
    offered = more.replace("0.999", "0.76")
    offered += f' }}\n"sources.up.rate" = {{ "{third}" = -0.156'
    text = edited('"sources.up.rate" = -0.3', offered, PLAN)
    assert len(load(tmp_path, text).model.correlations) == 4


def test_the_nearest_correlation_matrix_is_the_published_one():
    """Higham (2002), section 4: the matrix of ones but for one pair of zeros."""
    matrix = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    found = nearest_correlation(matrix)
    expected = [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]]
    np.testing.assert_allclose(found, expected, atol=5e-5)
    possible = np.array([[1.0, 0.3], [0.3, 1.0]])
    np.testing.assert_allclose(nearest_correlation(possible), possible, atol=1e-12)


def test_health_classes(tmp_path):
    health = load(tmp_path, PLAN).model.customers.health
    assert health == (
        HealthClass(name="promoter", answers=60, churn=0.5, referral=pytest.approx(3.0)),
        HealthClass(name="passive", answers=40),
        HealthClass(name="detractor", answers=20, churn=2.0, up_sell=0.5, referral=0.0),
    )
    assert health[0].referral.address == "customers.health.promoter.referral"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("passive = { answers = 40 }", "", "customers.health: missing key `passive`"),
        (
            "passive = { answers = 40 }",
            "passive = { churn = 2 }",
            "customers.health.passive: missing key `answers`",
        ),
        (
            "churn = 2,",
            "churn = 0,",
            "customers.health.detractor.churn: expected a value above 0, found 0",
        ),
        (
            "answers = 40",
            "answers = { p05 = 30, p95 = 50 }",
            (
                "customers.health.passive.answers: this value cannot be uncertain, found a table "
                "(p05, p95); write one known value"
            ),
        ),
    ],
)
def test_what_is_no_health(tmp_path, old, new, problem):
    assert said(tmp_path, old, new) == [problem]


def test_targets_in_order_of_time(tmp_path):
    assert load(tmp_path, PLAN).model.targets == (
        Target(name="total", start=0, end=731, amount=5_000_000.0),
        Target(name="2027-03", start=59, end=90, amount=40_000.0),
        Target(name="2027Q2", start=90, end=181, amount=120_000.0),
    )


def test_targets_do_not_depend_on_the_reporting_period(tmp_path):
    months = edited("2027-03 = 40_000\n", "", PLAN)
    quarters = edited('"24 months"', '"24 months"\nperiod = "quarter"', months)
    assert load(tmp_path, quarters).model.targets == load(tmp_path, months).model.targets


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        (
            "2029Q2",
            (
                "targets.2029Q2: expected a span inside the horizon, 2027-01-01 to 2028-12-31, "
                "found 2029Q2, 2029-04-01 to 2029-06-30"
            ),
        ),
        (
            "2027-W05",
            (
                "targets.2027-W05: expected a span of whole periods, found 2027-W05, and "
                "2027-02-08 is within a period of 1 month; state a period in [forecast] of which "
                "it is made"
            ),
        ),
        (
            "2027Q5",
            (
                "targets.2027Q5: expected a year (2027), a quarter (2027Q2), a month (2027-03), an "
                "ISO week (2027-W05), the first day of a period (2027-03-01), or total, found "
                '"2027Q5"'
            ),
        ),
    ],
)
def test_what_is_no_target(tmp_path, new, problem):
    assert said(tmp_path, "2027Q2 =", f"{new} =") == [problem]


def test_scenarios_and_changes_of_worlds(tmp_path):
    text = (
        PLAN
        + """
[scenarios.crisis]
"shocks.economy.leads" = -0.6
[scenarios.flu.shocks.flu]
persistence = 0.5
pace = -0.3
"""
    )
    plan = load(tmp_path, text)
    assert plan.scenario("crisis").model.shocks[0].leads == (("web", -0.6),)
    assert [shock.name for shock in plan.scenario("flu").model.shocks][-1] == "flu"
    changes = ['correlation."shocks.economy"."shocks.staff"=0.1', "targets.2027Q2=7"]
    changed = plan.with_(changes)
    assert changed.model.correlations[0].value == 0.1
    assert changed.model.targets[-1].amount == 7.0
    (problem,) = problems(tmp_path, edited("persistence = 0.5\n", "", text))
    assert problem == (
        "plan.toml:106: scenarios.flu.shocks.flu.pace: the plan has no shocks.flu; "
        "shocks: `economy`, `staff`"
    )
    assert load(tmp_path, plan.to_toml()).model.shocks == plan.model.shocks


def test_a_change_adds_no_shock_by_a_slip_of_the_pen(tmp_path):
    assert problems(tmp_path, PLAN, changes=["shocks.econmy.leads=0.1"]) == [
        ("-S shocks.econmy.leads=0.1: the plan has no shocks.econmy; did you mean `economy`?; "
        "to add it, set shocks.econmy.persistence first")
    ]  # fmt: skip
    changes = ["shocks.flu.persistence=0.5", "shocks.flu.pace=-0.3"]
    assert load(tmp_path, PLAN, changes=changes).model.shocks[-1].persistence == 0.5
    whole = load(tmp_path, PLAN, changes=["shocks.flu={ leads = 0.1 }"])
    assert whole.model.shocks[-1].leads == (("web", 0.1),)


def test_what_is_wrong_elsewhere_is_no_unknown_address(tmp_path):
    wrong = edited('p95 = "45 per month"', 'p95 = "5 per month"', PLAN)
    (problem,) = problems(tmp_path, wrong)
    assert "expected p05 below p95" in problem


def test_shares_that_may_pass_one_are_noted(tmp_path):
    share = "stuck = { share = { p05 = 0.2, p95 = 0.5 } }"
    text = edited("stuck = { share = 0.05 }", share, EVERYTHING)
    (note,) = load(tmp_path, text).notes
    assert note == (
        "pipelines.new.stages.proposal: the shares of those that do not advance sum to 1.1 at "
        "their 95 % values; in a world where they pass 1 they are scaled down to 1"
    )


def test_amounts_have_a_mean_in_every_world(tmp_path):
    shape = "{ loglogistic = { median = 9, shape = { p05 = 1.5, p95 = 3 } } }"
    text = edited("amount = { fixed = 40 }", f"amount = {shape}", EVERYTHING)
    (problem,) = problems(tmp_path, text)
    assert problem == (
        "plan.toml:24: pipelines.expansion.amount: expected a law of amounts with a finite mean, "
        "found one without (a loglogistic and a lomax need shape above "
        "1, a burr shape x tail)"
    )
