"""Take pictures of all documents of runs of ordinary and of extreme plans, to look at.

From the root of a checkout, with chromium, libreoffice and poppler-utils installed::

    python -m tests.visual.pictures OUT [NAME ...]

OUT gets a folder for each plan: ``report.html``, ``forecast.xlsx`` and ``report.pdf``, and their
pictures as `tests.visual.shoot` names them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import salessim as ss
from salessim.report.documents import chosen, write_documents
from tests.visual.shoot import shoot

CONFIGS = Path(__file__).parents[2] / "configs"
FORMATS = ("html", "xlsx", "pdf")
TRAJECTORIES = 500
WILD = '<script>alert("x")</script> & $1^2$ \N{GRINNING FACE} \N{CJK UNIFIED IDEOGRAPH-4E00} =1+1 '
LONG = "a name that goes on and on and is never at its end " * 4


def plan(
    *,
    name: str = "base",
    currency: str = "USD",
    amount: float = 10_000,
    horizon: str = "12 months",
    period: str = "month",
    stages: int = 3,
    sources: int = 1,
    targets: str = "",
) -> str:
    """Return a plan whose pipeline, stages and sources are called after ``name``."""
    lines = [
        f"title = '''{name}'''\ncurrency = '''{currency}'''",
        f'[forecast]\nstart = 2027-01-01\nhorizon = "{horizon}"\nperiod = "{period}"',
        f"[sustainability]\nneed = {min(20 * amount, 1e12)}",
        f"[pipelines.'{name}']",
        f"amount = {{ lognormal = {{ median = {amount}, sigma = 0.8 }} }}",
    ]
    for index in range(stages):
        lines += [
            f"[[pipelines.'{name}'.stages]]\nname = '''{name}{index}'''",
            f"conversion = {0.5 if stages < 10 else 0.95}",
            'cycle_time = { exponential = { mean = "9 days" } }',
        ]
    for index in range(sources):
        lines += [
            f"[sources.'{name}{index}']\nkind = \"external\"\npipeline = '''{name}'''",
            'rate = "60 per month"',
        ]
    lines += [
        f"[sources.'{name} again']\nkind = \"customer\"\npipeline = '''{name}'''",
        'rate = "1 per 90 days"\nbuyer = "new"',
        '[customers]\ncount = 80\nlifetime = { exponential = { mean = "700 days" } }',
        f"[open_deals]\ncount = {{ '{name}.{name}0' = 30 }}",
        targets,
    ]
    return "\n".join(lines)


PLANS: Mapping[str, str | Callable[[], str]] = {
    "saas": "saas.toml",
    "w1": "w1.toml",
    "one-period": lambda: plan(horizon="30 days", period="30 days"),
    "weeks": lambda: plan(horizon="260 weeks", period="week"),
    "stages": lambda: plan(stages=40, sources=20),
    "cents": lambda: plan(amount=0.02, currency="EUR"),
    "trillions": lambda: plan(amount=5e10, currency="IDR"),
    "wild": lambda: plan(name=WILD, currency="$"),
    "long": lambda: plan(name=LONG, stages=8, currency="points of the new programme"),
    "targets": lambda: plan(
        horizon="30 months",
        targets="[targets]\n"
        + "\n".join(
            f"'{2027 + month // 12}-{month % 12 + 1:02}' = {150_000 + 2_000 * month}"
            for month in range(30)
        ),
    ),
}


def pictures(name: str, out: Path) -> list[Path]:
    """Run a plan, write its documents, and take their pictures; return them."""
    given = PLANS[name]
    out.mkdir(parents=True, exist_ok=True)
    path = CONFIGS / given if isinstance(given, str) else out / "plan.toml"
    if not isinstance(given, str):
        path.write_text(given(), encoding="utf-8")
    loaded = ss.load_plan(path)
    run = ss.Run.of(loaded, ss.simulate(loaded, trajectories=TRAJECTORIES, seed=5))
    written = write_documents(run, out, chosen(FORMATS), overwrite=True)
    return [picture for document in written for picture in shoot(document, out)]


def main() -> None:
    """Take the pictures of the plans named on the command line, or of all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", default=[*PLANS], metavar="NAME")
    asked = parser.parse_args()
    for name in asked.names:
        for path in pictures(name, asked.out / name):
            print(path)  # noqa: T201


if __name__ == "__main__":
    main()
