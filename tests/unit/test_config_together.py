"""What is wrong with single values and what does not fit together is said in one go."""

import pytest

from tests.unit.plan_files import EVERYTHING, SMALL, edited, problems


def addresses(folder, text: str) -> list[str]:
    """Line and key of each problem."""
    return [":".join(problem.split(":")[1:3]).strip() for problem in problems(folder, text)]


def test_everything_that_is_wrong_is_said_at_once(tmp_path):
    text = EVERYTHING
    for old, new in [
        ("start = 2027-01-01", 'start = "soon"'),
        ("conversion = 0.4", "conversion = 40"),
        ("stuck = { share = 0.05 }", 'stuck = { share = "65%" }'),
        ('name = "offer"', 'name = "offer"\nslip = 3'),
        ("over_dispersion = 0.1", "over_dispersion = -1\nfrom = 2028-01-01\nuntil = 2027-01-01"),
        ('rate = "1 per year"\nbuyer = "existing"', "rate = 1"),
        ('segment = "large"\n', 'segment = "lrge"\n'),
        ("count = 200", "count = -200"),
        ("until = 2027-09-01\nfactor = 0.8", "until = 2027-05-01\nfactor = 0.8"),
        ('"pipelines.new.pace"', '"pipelines.new.pcae"'),
    ]:
        text = edited(old, new, text)
    assert addresses(tmp_path, text) == [
        "4: forecast.start",
        "14: pipelines.new.stages[1]",
        "16: pipelines.new.stages[1].conversion",
        "27: pipelines.expansion.stages[0].slip",
        "34: sources.web.over_dispersion",
        "36: sources.web.until",
        "37: sources.up",
        "40: sources.up.rate",
        "41: sources.up.segment",
        "51: customers.segments.small.count",
        "66: curves[1].until",
        "69: curves[2].target",
    ]


@pytest.mark.parametrize(
    ("old", "new", "only"),
    [
        # a horizon that is not known ends before no curve
        ('horizon = "24 months"', "horizon = 24", "5: forecast.horizon"),
        # nor does a stage whose conversion is not known keep deals from the next
        ("conversion = 0.5", 'conversion = "0"', "11: pipelines.new.stages[0].conversion"),
        # nor is a stage without a name an unknown one twice
        (
            'name = "offer"',
            "",
            "25: pipelines.expansion.stages[0]",
        ),
        # a source of no known kind needs no customers
        ('kind = "external"', 'kind = "extern"', "29: sources.web.kind"),
        # a segment that cannot be read is still there
        ("count = 200", 'count = "many"', "49: customers.segments.small.count"),
        # a curve in the wrong form overlaps none
        ("factor = 1.3", 'factor = "x"', "60: curves[0].factor"),
    ],
)
def test_one_mistake_is_said_once(tmp_path, old, new, only):
    assert addresses(tmp_path, edited(old, new, EVERYTHING)) == [only]


def test_what_is_no_table_at_all_hides_nothing_else(tmp_path):
    text = edited("conversion = 0.5", "conversion = 5", SMALL)
    for part in ("[customers]\nlifetime = 3\n", "[sources]\nmail = 3\n"):
        text = text.replace("[sources.web]", f"{part}[sources.web]")
    text += "[[curves]]\n[open_deals]\nage = 3\n"
    assert addresses(tmp_path, text) == [
        "10: pipelines.new.stages[0].conversion",
        "17: customers",
        "18: customers.lifetime",
        "20: sources.mail",
        "25: curves[0]",
        "25: curves[0]",
        "25: curves[0]",
        "26: open_deals",
        "27: open_deals.age",
    ]
