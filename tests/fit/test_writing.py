"""Parts put together, and written: whatever is in a name, what is written is what is read."""

import math
import tomllib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salessim.errors import SalessimError
from salessim.fit.merging import merged, possible
from salessim.fit.names import plain
from salessim.fit.parts import Part
from salessim.fit.writing import plan_text, publish, write_table

VALUES = st.recursive(
    st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def matrix(triples) -> np.ndarray:
    names = sorted({name for one, other, _ in triples for name in (one, other)})
    found = np.eye(len(names))
    for one, other, value in triples:
        i, j = names.index(one), names.index(other)
        found[i, j] = found[j, i] = value
    return found


def test_parts_are_put_together():
    stages = Part(
        document={"pipelines": {"a": {"amount": {"fixed": 1}}}},
        warnings=("short",),
        comments={"x": "1"},
    )
    sources = Part(
        document={"pipelines": {"b": {"amount": {"fixed": 2}}}, "sources": {"web": {}}},
        correlations=(("one", "other", 0.123456), ("one", "third", 0.0)),
        warnings=("short", "late"),
        comments={"y": "2"},
    )
    whole = merged([stages, sources])
    assert list(whole.document["pipelines"]) == ["a", "b"]
    assert whole.document["sources"] == {"web": {}}
    assert whole.correlations == (("one", "other", 0.1235),)
    assert (whole.warnings, whole.comments) == (("short", "late"), {"x": "1", "y": "2"})
    assert list(stages.document["pipelines"]) == ["a"]
    with pytest.raises(ValueError, match=r"pipelines\.a\.amount\.fixed is in two parts"):
        merged([stages, stages])


@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(1, 3))
def test_rounded_correlations_are_still_possible(seed, size, factors):
    rng = np.random.default_rng(seed)
    loads = rng.standard_normal((size, factors))
    singular = loads @ loads.T
    spread = np.sqrt(np.diag(singular))
    true = singular / np.outer(spread, spread)
    given_ = [(f"n{i}", f"n{j}", true[i, j]) for i in range(size) for j in range(i)]
    written = possible(given_)
    assert np.linalg.eigvalsh(matrix(written))[0] >= -1e-9
    off = {pair[:2]: pair[2] for pair in written}
    assert all(abs(off.get((a, b), 0.0) - r) < 2e-3 + 1e-4 for a, b, r in given_)


def test_correlations_that_are_sure_to_be_possible_are_only_rounded():
    assert possible([("a", "b", 0.87654), ("c", "d", -0.5)]) == (
        ("a", "b", 0.8765),
        ("c", "d", -0.5),
    )
    assert possible([]) == ()


@given(st.dictionaries(st.text(min_size=1, max_size=6), VALUES, max_size=4), st.text(max_size=300))
def test_what_is_written_is_what_is_read(table, words):
    part = Part(
        document={"title": "t", "customers": table},
        comments={"customers": words},
    )
    text = plan_text(part, header=[words, "", words])
    assert tomllib.loads(text) == {"title": "t", "customers": table}


def test_long_lists_of_numbers_have_several_lines_also_inside_of_tables():
    values = np.random.default_rng(1).exponential(1e3, 200).round(3).tolist()
    law = {"empirical": values}
    part = Part(document={"pipelines": {"p": {"amount": {"mixture": [{"law": law}]}, "few": [1]}}})
    text = plan_text(part, header=[])
    assert max(map(len, text.splitlines())) <= 98
    assert tomllib.loads(text)["pipelines"]["p"]["amount"]["mixture"] == [{"law": law}]


def test_stages_are_tables_of_their_own_with_their_comments():
    stage = {"name": "first talk", "conversion": {"beta": [3, 4]}}
    part = Part(
        document={
            "forecast": {"horizon": "12 months"},
            "pipelines": {"new deals": {"amount": {"fixed": 9}, "stages": [stage, {"name": "b"}]}},
        },
        comments={
            'pipelines."new deals"': "of the pipeline",
            'pipelines."new deals".stages."first talk"': "of the stage",
            'pipelines."new deals".stages.b.conversion': "not there",
        },
        correlations=(("x", "y", 0.5), ("x", "z", -0.25)),
    )
    lines = plan_text(part, header=["top"]).splitlines()
    assert lines[0] == "# top"
    at = lines.index('[pipelines."new deals"]')
    assert lines[at - 1 : at + 2] == ["# of the pipeline", lines[at], "amount = { fixed = 9 }"]
    at = lines.index("# of the stage")
    assert lines[at + 1 : at + 4] == [
        '[[pipelines."new deals".stages]]',
        'name = "first talk"',
        "conversion = { beta = [3, 4] }",
    ]
    assert lines[-1] == "x = { y = 0.5, z = -0.25 }"


@given(st.lists(st.text(max_size=8), max_size=8))
def test_names_can_be_addresses_and_are_all_different(names):
    found = plain([*names, "customers", "open_deals"])
    assert len(set(found)) == len(found) == len(names) + 2
    for name in found:
        assert name.strip()
        assert name.isprintable()
        assert not set(".\"'\\") & set(name)
        assert name not in ("customers", "open_deals")
    assert plain(["Web. (US)", "Web (US)"]) == ["Web (US)", "Web (US) 2"]


def test_a_table_holds_no_formulas(tmp_path):
    table = pd.DataFrame(
        {"id": ["=1+1", "@x", "-5", "a,b"], "amount": [1.5, math.nan, -2.0, 4.0], "n": [1, 2, 3, 4]}
    )
    write_table(table, tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_bytes().decode()
    assert text == "id,amount,n\n'=1+1,1.5,1\n'@x,,2\n'-5,-2.0,3\n\"a,b\",4.0,4\n"


def test_all_files_are_written_or_none(tmp_path):
    plan = tmp_path / "fitted.toml"
    files = {"open_deals.csv": pd.DataFrame({"id": ["a"]}), "fitted.toml": "title = 'x'\n"}
    publish(plan, files)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["fitted.toml", "open_deals.csv"]
    with pytest.raises(SalessimError, match=r"open_deals\.csv exists and is not overwritten"):
        publish(tmp_path / "other.toml", files)
    plan.unlink()
    (tmp_path / "open_deals.csv").unlink()
    with pytest.raises(SalessimError, match="there is no folder"):
        publish(tmp_path / "nowhere" / "fitted.toml", files)
    impossible = {"open_deals.csv": "x", "x" * 300: "x", "fitted.toml": "x"}
    with pytest.raises(SalessimError, match=r"cannot be written.*nothing is left of it"):
        publish(plan, impossible)
    assert not list(tmp_path.iterdir())
