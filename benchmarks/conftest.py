"""Figures of each benchmark: to the terminal, and into pytest-benchmark's JSON (`extra_info`)."""

import pytest

FIGURES = pytest.StashKey[dict[str, dict[str, float]]]()


def pytest_configure(config):
    config.stash[FIGURES] = {}


@pytest.fixture
def report(benchmark, request):
    """Return a function that takes figures by name."""
    if benchmark.disabled:
        pytest.skip("with --benchmark-disable nothing is timed, so there is nothing to report")

    def take(**figures):
        benchmark.extra_info.update(figures)
        request.config.stash[FIGURES].setdefault(request.node.name, {}).update(figures)

    return take


def pytest_terminal_summary(terminalreporter, config):
    figures = config.stash[FIGURES]
    if figures:
        terminalreporter.section("figures")
    for name, values in figures.items():
        terminalreporter.line(name)
        for key, value in values.items():
            terminalreporter.line(f"    {key.replace('_', ' '):<42} {value:>12,.4g}")
