"""Every mistake is said with its exact address and a remedy."""

import pytest

from tests.unit.plan_files import SMALL, edited, problems

LAW = "expected a law such as { fixed = ... } or { lognormal = { median = ..., sigma = ... } }"


def lines(found: list[str]) -> str:
    """The problems without the plan's name: each starts with its line."""
    return "\n".join(problem.removeprefix("plan.toml:") for problem in found)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '"10 days"',
            '"10 dayz"',
            (
                '11: pipelines.new.stages[0].cycle_time.fixed: "10 dayz" is not a duration '
                'such as "14 days"; did you mean "10 days"?'
            ),
        ),
        (
            '"10 days"',
            "10",
            (
                "11: pipelines.new.stages[0].cycle_time.fixed: expected a duration with its "
                'unit such as "14 days", found the bare number 10; write "10 days"?'
            ),
        ),
        (
            '{ fixed = "10 days" }',
            '"10 days"',
            f'11: pipelines.new.stages[0].cycle_time: {LAW}, found "10 days"',
        ),
        (
            '{ fixed = "10 days" }',
            '{ fixd = "10 days" }',
            ("11: pipelines.new.stages[0].cycle_time.fixd: unknown key; did you mean `fixed`?"),
        ),
        (
            '{ fixed = "10 days" }',
            '{ fixed = "10 days", pert = ["1 day", "2 days", "3 days"] }',
            (
                "11: pipelines.new.stages[0].cycle_time: expected a law with exactly one "
                "key, found a table (fixed, pert); take one of them out"
            ),
        ),
        (
            '{ fixed = "10 days" }',
            '{ uniform = ["3 days", "1 day"] }',
            (
                "11: pipelines.new.stages[0].cycle_time.uniform: expected values from low "
                "to high, found [3, 1]"
            ),
        ),
        (
            '{ fixed = "10 days" }',
            '{ uniform = ["3 days"] }',
            (
                "11: pipelines.new.stages[0].cycle_time.uniform: expected a list of 2, "
                "found a list of 1"
            ),
        ),
        (
            '{ fixed = "10 days" }',
            '{ lognormal = { median = "0 days", sigma = -1 } }',
            (
                "11: pipelines.new.stages[0].cycle_time.lognormal.median: expected a value "
                "above 0, found 0\n"
                "11: pipelines.new.stages[0].cycle_time.lognormal.sigma: expected a number "
                "above 0, found -1"
            ),
        ),
        (
            '{ fixed = "10 days" }',
            '{ lognormal = { median = "1 day", sgma = 1 } }',
            (
                "11: pipelines.new.stages[0].cycle_time.lognormal: missing key `sigma`; "
                "is `sgma` meant?\n"
                "11: pipelines.new.stages[0].cycle_time.lognormal.sgma: unknown key; "
                "did you mean `sigma`?"
            ),
        ),
        (
            '{ fixed = "10 days" }',
            '{ lognormal = { median = "1 day", sigma = 99 } }',
            (
                "11: pipelines.new.stages[0].cycle_time: expected a law whose mean is a "
                "number; its spread is too wide"
            ),
        ),
        (
            '{ fixed = "10 days" }',
            '{ lognormal = { median = "1 day", sigma = 1e308 } }',
            (
                "11: pipelines.new.stages[0].cycle_time: expected a law whose mean is a "
                "number; its spread is too wide"
            ),
        ),
        (
            '{ fixed = "10 days" }',
            '{ mixture = [{ weight = 0, law = { fixed = "1 day" } }] }',
            (
                "11: pipelines.new.stages[0].cycle_time.mixture: expected weights of which "
                "one is above 0, found none"
            ),
        ),
        (
            '{ fixed = "10 days" }',
            (
                '{ mixture = [\n  { weight = 1, law = { fixed = "1 day" } },\n'
                "  { weight = 1, law = { fixed = 2 } },\n] }"
            ),
            (
                "11: pipelines.new.stages[0].cycle_time.mixture[1].law.fixed: expected a "
                'duration with its unit such as "14 days", found the bare number 2; write "2 days"?'
            ),
        ),
        (
            '{ fixed = "10 days" }',
            "{ empirical = [1, -2] }",
            (
                "11: pipelines.new.stages[0].cycle_time.empirical[1]: expected a number "
                "from 0 to 1e12, found -2"
            ),
        ),
        (
            "{ fixed = 100 }",
            "{ fixed = nan }",
            "6: pipelines.new.amount.fixed: expected a finite number, found nan",
        ),
        (
            "{ fixed = 100 }",
            "{ loglogistic = { median = 5, shape = 1 } }",
            (
                "6: pipelines.new.amount: expected a law of amounts with a finite mean, "
                "found one without (a loglogistic and a lomax need shape above "
                "1, a burr shape x tail)"
            ),
        ),
        (
            "conversion = 0.5",
            "conversion = 50",
            (
                "10: pipelines.new.stages[0].conversion: expected a probability from 0 to "
                '1, found 50; write "50%"?'
            ),
        ),
        (
            "conversion = 0.5",
            "conversion = 0",
            (
                "14: pipelines.new.stages[1].name: no deal can reach the stage "
                '"second": the conversion of "first" is 0 and no open deal stands behind it; '
                "raise the conversion or take the stage out"
            ),
        ),
        (
            "conversion = 0.5",
            (
                "conversion = 0.5\nstuck = { share = 0.7 }\n"
                'no_decision = { share = "40%", after = { fixed = "1 day" } }'
            ),
            (
                "8: pipelines.new.stages[0]: expected shares (of the deals that do not "
                "advance) that sum to at most 1, found stuck 0.7 + no_decision 0.4 = 1.1"
            ),
        ),
        (
            "conversion = 0.5",
            "conversion = 0.5\nskip = { probability = 0.2 }",
            ("11: pipelines.new.stages[0].skip: unknown key; did you mean `slip`?"),
        ),
        (
            'name = "second"',
            'name = "first"',
            (
                '14: pipelines.new.stages[1].name: "first" is the name of stages[0] '
                "already; each stage has a name of its own"
            ),
        ),
        (
            'name = "second"',
            'name = "a.b"',
            (
                '14: pipelines.new.stages[1].name: expected a name without dots, found "a.b"; '
                "rename it"
            ),
        ),
        (
            'name = "second"\n',
            "",
            "13: pipelines.new.stages[1]: missing key `name`",
        ),
        (
            'pipeline = "new"',
            'pipeline = "nwe"',
            (
                '19: sources.web.pipeline: expected a pipeline of this plan, found "nwe"; '
                "did you mean `new`?"
            ),
        ),
        (
            '"external"',
            '"extern"',
            '18: sources.web.kind: expected "external" or "customer", found "extern"',
        ),
        (
            '"30 per month"',
            "30",
            (
                '20: sources.web.rate: expected a rate such as "200 per month" or '
                '"1 per 180 days", found 30; write "30 per month"?'
            ),
        ),
        (
            "[sources.web]",
            "[sources.open_deals]",
            (
                "17: sources.open_deals: the name open_deals is taken (it is an origin of "
                "bookings); rename the source"
            ),
        ),
        (
            'horizon = "12 months"',
            'horizon = "12 months"\nperiod = "week"',
            (
                '3: forecast.horizon: expected a whole number of periods ("1 week"), found '
                '12 months = 52.18 periods; nearest: "52 weeks" or "53 weeks"'
            ),
        ),
        (
            'horizon = "12 months"',
            'horizon = "3 days"\ntrajectories = 0\nseed = -1',
            (
                '3: forecast.horizon: expected a whole number of periods ("1 month"), found '
                '3 days = 0.10 periods; nearest: "1 month"\n'
                "4: forecast.trajectories: expected a whole number from 1, found 0\n"
                "5: forecast.seed: expected a whole number from 0, found -1"
            ),
        ),
        (
            "start = 2027-01-01",
            'start = "2027-01-01"',
            (
                "2: forecast.start: expected a date such as 2027-01-31 (no quotes, no "
                'time), found "2027-01-01"'
            ),
        ),
        (
            "start = 2027-01-01",
            "start = 8999-06-01",
            (
                "3: forecast.horizon: expected an end before 9000-01-01, found 24 periods "
                "from 8999-06-01; start earlier"
            ),
        ),
        (
            "[forecast]",
            "titel = 3\n[forecast]",
            "1: titel: unknown key; did you mean `title`?",
        ),
        (
            "[forecast]",
            "title = 3\n[forecast]",
            "1: title: expected a text in quotes, found 3",
        ),
        (
            "[forecast]",
            "sources = 3\n[forecast]",
            "18: not TOML: this key or table is given twice; found: [sources.web]",
        ),
    ],
)
def test_a_mistake_is_addressed(tmp_path, old, new, said):
    assert lines(problems(tmp_path, edited(old, new))) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[sources.up]\nkind = "customer"\npipeline = "new"\nrate = "1 per year"\n',
            (
                '21: sources.up: missing key `buyer`: a customer source says buyer = "existing" '
                '(up-sell, renewal: a win makes no new customer) or buyer = "new" (referral)\n'
                "22: sources.up.kind: a customer source needs [customers] with a lifetime; "
                "add it (with count = 0 when there are none yet)"
            ),
        ),
        (
            '[sources.up]\nkind = "customer"\npipeline = "new"\nrate = "1 per year"\nbuyer = "new"',
            (
                "22: sources.up.kind: a customer source needs [customers] with a lifetime; "
                "add it (with count = 0 when there are none yet)"
            ),
        ),
        (
            "from = 2028-01-01\nuntil = 2027-06-01",
            (
                "22: sources.web.until: expected a date after from (2028-01-01), found the "
                "date 2027-06-01"
            ),
        ),
        (
            "season = [1, 2, 3]",
            "21: sources.web.season: expected a list of 12, found a list of 3",
        ),
        (
            "season = [1, 1, 1, 1, 1,\n 1, 1, 1, 1, 1, 1,\n  -1]",
            "21: sources.web.season[11]: expected a number from 0 to 1e12, found -1",
        ),
        (
            '[sustainability]\nspan = "12 months"',
            (
                "22: sustainability.span: expected at least 24 months, found 12 months "
                "(12 months); the verdict looks at a second year"
            ),
        ),
        (
            "[sustainability]\nneed = 3\npast = [1,1,1,1,1,1,1,1,1,1,1,1]",
            "21: sustainability: expected need or past, found both; take one of them out",
        ),
        (
            "[sustainability]\nfragile = 0.95",
            "21: sustainability: expected fragile up to self_sustaining (0.9), found 0.95",
        ),
        (
            '[customers]\ncount = 3\nlifetime = { fixed = "9 days" }',
            (
                "23: customers.lifetime: only an exponential lifetime does without the "
                "customers' tenure: how long they will stay depends on how long they have; "
                'say tenure = "200 days"'
            ),
        ),
        (
            '[customers]\nlifetime = { fixed = "9 days" }',
            "21: customers: expected count or file, found neither",
        ),
        (
            '[customers]\ncount = 1\nfile = "x.csv"\nlifetime = { fixed = "9 days" }',
            (
                "21: customers: expected count or file, found both; take one of them out\n"
                "23: customers.file: no such file: x.csv"
            ),
        ),
        (
            (
                '[customers]\ncount = 1\ndate_format = "%d.%m.%Y"\n'
                'lifetime = { exponential = { mean = "9 days" } }'
            ),
            "21: customers: date_format goes with file, found count; take one of them out",
        ),
        (
            "customers = 3",
            (
                "21: sources.web.customers: unknown key; known keys: `kind`, "
                "`pipeline`, `rate`, `growth`, `season`, `from`, `until`, `buyer`, `campaign`, "
                "`over_dispersion`, `segment`, `rate_shape`"
            ),
        ),
        (
            '[open_deals]\ncount = { "new.frst" = 3 }',
            (
                '22: open_deals.count."new.frst": expected a stage of this plan as '
                'pipeline.stage, found "new.frst"; did you mean `new.first`?'
            ),
        ),
        (
            "[open_deals.count]\nnew.first = 3",
            (
                "22: open_deals.count.new: expected a whole number, found a table (first); "
                'a key with a dot needs quotes: "a.b" = 1'
            ),
        ),
        (
            '[open_deals]\ncount = { "new.first" = 3 }\nbuyer = { nwe = "new" }',
            (
                "23: open_deals.buyer.nwe: expected a pipeline of this plan, found "
                '"nwe"; did you mean `new`?'
            ),
        ),
        (
            '[open_deals]\ncount = { "new.first" = 3 }\nbuyer = "old"',
            '23: open_deals.buyer: expected "new" or "existing", found "old"',
        ),
    ],
)
def test_a_mistake_in_what_is_added_is_addressed(tmp_path, text, said):
    assert lines(problems(tmp_path, SMALL + text)) == said


def test_all_mistakes_are_said_at_once_in_the_order_of_the_file(tmp_path):
    text = SMALL
    for old, new in [("0.5", "1.5"), ('"30 per month"', "30"), ('"new"', '"nwe"')]:
        text = edited(old, new, text)
    text += '[open_deals]\ncount = { "new.thrid" = 3 }'
    assert [problem.partition(": ")[0] for problem in problems(tmp_path, text)] == [
        "plan.toml:10",
        "plan.toml:19",
        "plan.toml:20",
        "plan.toml:22",
    ]
