"""Charts as files: those of a plan with `explain -o`, those of a run with `--format`."""

import pytest

CHARTS = {"fan", "origins", "with_and_without", "funnel", "process_map"}


def drawn(folder):
    return {file.name for file in folder.iterdir() if file.suffix in (".svg", ".png")}


def test_explain_draws_a_plan_into_a_new_folder(call, folder):
    plain = call("explain", "acme.toml").stdout
    result = call("explain", "acme.toml", "-o", "out/pictures")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(plain)
    there = {"process_map.svg", "cycle_times-new_business.svg", "open_deals-new_business.svg"}
    assert drawn(folder / "out/pictures") == there
    assert all(name in result.stdout for name in there)
    for name in there:
        assert (folder / "out/pictures" / name).read_text().endswith("</svg>\n")


@pytest.mark.parametrize("name", ["acme.toml", "acme.toml/below", ""])
def test_explain_overwrites_nothing(call, folder, name):
    before = (folder / "acme.toml").read_text()
    result = call("explain", "acme.toml", "-o", name)
    assert result.exit_code in (1, 2)
    assert result.stderr
    assert (folder / "acme.toml").read_text() == before
    assert {file.name for file in folder.iterdir()} == {"acme.toml"}


@pytest.mark.parametrize(
    ("formats", "kinds"), [("csv", ()), ("svg", ("svg",)), ("png, svg", ("svg", "png"))]
)
def test_charts_of_a_run_are_those_asked_for(call, folder, formats, kinds):
    assert call("run", "acme.toml", "-q", "-o", "a", "--format", formats).exit_code == 0
    assert drawn(folder / "a") == {f"{name}.{kind}" for name in CHARTS for kind in kinds}


def test_without_external_leads_nothing_is_drawn_beside_itself(call, folder):
    change = "sources.outbound.rate=0 per month"
    assert call("run", "acme.toml", "-q", "-o", "zero", "-S", change).exit_code == 0
    assert "with_and_without.svg" in drawn(folder / "zero")  # there is a source, and it says 0
    text = (folder / "acme.toml").read_text()
    start, rest = text.split("[sources.outbound]")
    (folder / "base.toml").write_text(start + rest[rest.index("[sources.referral]") :])
    assert call("run", "base.toml", "-q", "-o", "base").exit_code == 0
    assert drawn(folder / "base") == {f"{name}.svg" for name in CHARTS - {"with_and_without"}}
