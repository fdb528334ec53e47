"""Files that are no plan at all: not there, not text, not TOML."""

import tomllib

import pytest

from salessim.config import PlanError, load_plan
from salessim.config.lines import Lines
from tests.unit.plan_files import CONFIGS, SMALL, write


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'title = "caf\xe9"', "1: expected UTF-8 text, found the byte 0xe9; save the file"),
        (b"a = 1\nb = 14 days\n", "2: not TOML: expected the end of the line after the value; "),
        (b"a = 1\na = 2\n", "2: not TOML: this key or table is given twice; found: a = 2"),
        (b"a =\n", "1: not TOML: expected a value; texts and units need quotes"),
        (b"[forecast\n", "1: not TOML: "),
        (b'\n\na = "x\n', "3: not TOML: a text is not closed by its quote"),
        (b"a = [1,\n2\n", "2: not TOML: "),
        (b"hello", "1: not TOML: expected key = value"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "1: "),
        (b"", "1: missing key `forecast`"),
    ],
)
def test_what_is_not_toml_is_said_with_its_line(tmp_path, content, said):
    path = tmp_path / "plan.toml"
    path.write_bytes(content)
    with pytest.raises(PlanError) as caught:
        load_plan(path)
    assert caught.value.problems[0].startswith(f"{path}:{said}")


def test_byte_order_marks_and_windows_line_ends_are_read(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert load_plan(path).model.pipelines[0].win_rate == 0.2
    path.write_bytes(SMALL.replace("\n", "\r\n").replace("0.4", "4").encode())
    with pytest.raises(PlanError, match=r"plan\.toml:15: "):
        load_plan(path)


def test_a_missing_plan_names_the_nearest_file(tmp_path):
    write(tmp_path, SMALL)
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "plan.tml")
    assert str(caught.value) == (
        f"no such file: {tmp_path}/plan.tml; did you mean {tmp_path}/plan.toml?"
    )
    with pytest.raises(PlanError, match="expected a plan, found a folder"):
        load_plan(tmp_path)
    with pytest.raises(PlanError, match="no such folder"):
        load_plan(tmp_path / "nowhere" / "plan.toml")
    with pytest.raises(PlanError, match="cannot be read"):
        load_plan(tmp_path / "plan.toml" / "plan.toml")
    with pytest.raises(PlanError, match="cannot be read: embedded null byte"):
        load_plan("a\0b")


def test_a_typing_mistake_is_found_in_every_shipped_plan():
    for name in ("saas", "w1", "w1_base_only"):
        with pytest.raises(PlanError) as caught:
            load_plan(CONFIGS / f"{name}.toml", changes={"forecast.horizn": 3})
        assert str(caught.value) == "forecast.horizn=3: unknown key; did you mean `horizon`?"


def paths(value, path=()):
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(child, (*path, key))


@pytest.mark.parametrize("name", ["saas", "w1"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_of_every_key_holds_the_key(name, end):
    text = (CONFIGS / f"{name}.toml").read_text(encoding="utf-8")
    lines = Lines(text.replace("\n", end))
    for path in paths(tomllib.loads(text)):
        key = next(part for part in reversed(path) if isinstance(part, str))
        assert key in text.split("\n")[lines.of(path) - 1]


def test_stages_written_in_turns_have_lines(tmp_path):
    stage = '[[pipelines.{}.stages]]\nname = "{}"\nconversion = {}\n'
    text = SMALL + "".join(
        stage.format(pipeline, name, 1)
        for pipeline, name in [("other", "a"), ("new", "b"), ("other", "c")]
    )
    text += stage.format("new", "d", 2) + "[pipelines.other]\namount = { fixed = 1 }\n"
    with pytest.raises(PlanError) as caught:
        load_plan(write(tmp_path, text.replace("[pipelines.other]\n", "[forecast.x]\n")))
    assert [problem.partition(": ")[0].rpartition(":")[2] for problem in caught.value.problems] == [
        "21",
        "32",
        "33",
    ]
