"""Segments of customers: by count and from a file, and who must say which."""

import pytest

from salessim.model import laws
from salessim.model.plan import Segment
from tests.unit.plan_files import EVERYTHING, edited, load, problems, write

BY_COUNT = EVERYTHING[EVERYTHING.index("[customers]") : EVERYTHING.index("[open_deals]")]
BY_FILE = """\
[customers]
file = "customers.csv"
columns = { segment = "size" }
lifetime = { exponential = { mean = "900 days" } }
[customers.segments.small]
[customers.segments.large]
lifetime = { weibull = { scale = "2000 days", shape = 1.5 } }
"""
ROWS = "customer_id,since,size\na,2026-12-02,large\nb,2026-12-31,small\nc,2026-12-02,large\n"
LARGE = laws.Weibull(scale=2000.0, shape=1.5)


def said(folder, text: str) -> list[str]:
    return [problem.removeprefix("plan.toml:") for problem in problems(folder, text)]


def test_segments_by_count(tmp_path):
    model = load(tmp_path, EVERYTHING).model
    customers = model.customers
    assert customers.segments == (
        Segment(name="small", lifetime=laws.Exponential(mean=900.0)),
        Segment(name="large", lifetime=LARGE),
    )
    assert customers.ids[198:202] == ("small 199", "small 200", "large 1", "large 2")
    assert customers.segment_of.tolist() == [0] * 200 + [1] * 20
    assert customers.tenure_days[200:].tolist() == [300.0] * 20
    assert [pipeline.segment for pipeline in model.pipelines] == ["small", None]
    assert [source.segment for source in model.sources] == [None, "large", None]


def test_another_segment_renames_nobody(tmp_path):
    more = edited("[customers.segments.large]", "[customers.segments.a]\ncount = 5\n"
                  "[customers.segments.large]", EVERYTHING)  # fmt: skip
    before = set(load(tmp_path, EVERYTHING).model.customers.ids)
    assert before < set(load(tmp_path, more).model.customers.ids)


def test_segments_from_a_file(tmp_path):
    write(tmp_path, ROWS, "customers.csv")
    customers = load(tmp_path, EVERYTHING.replace(BY_COUNT, BY_FILE)).model.customers
    assert customers.ids == ("a", "b", "c")
    assert customers.segment_of.tolist() == [1, 0, 1]
    assert customers.tenure_days.tolist() == [30.0, 1.0, 30.0]
    assert [segment.name for segment in customers.segments] == ["small", "large"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "c,2026-12-02,large",
            "c,2026-12-02,lrge",
            (
                "47: customers.file: customers.csv: row 4: size: expected a segment of this plan, "
                'found "lrge"; did you mean `large`?; or add [customers.segments.lrge]'
            ),
        ),
        (
            "c,2026-12-02,large",
            "c,2026-12-02,",
            (
                "47: customers.file: customers.csv: row 4: size is empty; fill it in or take the "
                "row out"
            ),
        ),
        (
            "customer_id,since,size",
            "customer_id,since,sise",
            "47: customers.file: customers.csv has no column `size`; did you mean `sise`?",
        ),
        (
            "customer_id,since,size",
            "customer_id,begin,size",
            (
                "52: customers.segments.large.lifetime: only an exponential lifetime does without "
                "the customers' tenure: how long they will stay depends on how long they have; "
                "give the file a column `since`"
            ),
        ),
    ],
)
def test_a_mistake_in_the_file_is_addressed(tmp_path, old, new, problem):
    write(tmp_path, edited(old, new, ROWS), "customers.csv")
    assert said(tmp_path, EVERYTHING.replace(BY_COUNT, BY_FILE)) == [problem]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            'segment = "small"\n',
            'segment = "smal"\n',
            (
                '8: pipelines.new.segment: expected a segment of the customers, found "smal"; '
                "did you mean `small`?"
            ),
        ),
        (
            'segment = "small"\n',
            "",
            (
                "6: pipelines.new: missing key `segment`: the wins of the source referral make "
                "new customers, and with [customers.segments] the pipeline says which, as in "
                'segment = "small"'
            ),
        ),
        (
            'segment = "large"\n',
            'segment = "medium"\n',
            (
                "39: sources.up.segment: expected a segment of the customers, found "
                '"medium"; segments: `small`, `large`'
            ),
        ),
        (
            "over_dispersion = 0.1\n",
            'segment = "small"\n',
            (
                "33: sources.web.segment: segment goes with customer sources, found an external "
                "source; take it out: what customers its wins make is said by the pipeline's own "
                "`segment`"
            ),
        ),
        (
            "count = 200\n",
            "",
            (
                "48: customers.segments.small: missing key `count`: how many there are "
                "(count = 0 when there are none yet)"
            ),
        ),
        (
            'tenure = "300 days"\n',
            "",
            (
                "52: customers.segments.large.lifetime: only an exponential lifetime does without "
                "the customers' tenure: how long they will stay depends on how long they have; "
                'say tenure = "200 days"'
            ),
        ),
        (
            'lifetime = { exponential = { mean = "900 days" } }\n',
            "",
            (
                "47: customers.segments.small: missing key `lifetime`; say it here, or in "
                "[customers] for all segments"
            ),
        ),
        (
            "[customers]\n",
            '[customers]\ncount = 3\ntenure = "1 day"\n',
            (
                "47: customers.count: with segments, count is said in [customers.segments.NAME]; "
                "move it\n"
                "48: customers.tenure: with segments, tenure is said in "
                "[customers.segments.NAME]; move it"
            ),
        ),
        (
            "[customers.segments.large]",
            '[customers.segments."x.y"]\ncount = 1\n[customers.segments.large]',
            ('50: customers.segments."x.y": expected a name without dots, found "x.y"; rename it'),
        ),
    ],
)
def test_a_mistake_is_addressed(tmp_path, old, new, problem):
    assert "\n".join(said(tmp_path, edited(old, new, EVERYTHING))) == problem


def test_a_segment_of_none_is_an_error(tmp_path):
    text = EVERYTHING.replace(BY_COUNT, '[customers]\ncount = 3\nlifetime = { exponential = '
                              '{ mean = "900 days" } }\n')  # fmt: skip
    assert said(tmp_path, text) == [
        f'{line}: {key}.segment: expected a segment of the customers, found "{name}", and there '
        f"are none; add [customers.segments.{name}] or take it out"
        for line, key, name in [(8, "pipelines.new", "small"), (39, "sources.up", "large")]
    ]


def test_a_file_says_itself_how_many_and_how_long(tmp_path):
    write(tmp_path, ROWS, "customers.csv")
    text = EVERYTHING.replace(BY_COUNT, BY_FILE)
    text = edited("[customers.segments.small]", "[customers.segments.small]\ncount = 3\n"
                  'tenure = "3 days"', text)  # fmt: skip
    assert said(tmp_path, text) == [
        "51: customers.segments.small.count: the file's column `segment` says it; take it out",
        "52: customers.segments.small.tenure: the file's column `since` says it; take it out",
    ]


def test_open_deals_make_customers_too(tmp_path):
    """Each pipeline with new buyers says their segment, also when only open deals are in it."""
    text = edited('count = { "new.qualified" = 20', 'count = { "expansion.offer" = 1, '
                  '"new.qualified" = 20', EVERYTHING)  # fmt: skip
    (problem,) = said(tmp_path, text)
    assert problem.startswith(
        "23: pipelines.expansion: missing key `segment`: the wins of open deals make new customers"
    )
    kept = edited('age = "20 days"', 'age = "20 days"\nbuyer = { expansion = "existing" }', text)
    assert load(tmp_path, kept).model.pipelines[1].segment is None
