"""A history of 20 million rows, reduced on disk: seconds, and memory at its highest."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.moves import ADVANCE, MEDIAN_DAYS, STAGES, write_moves

ROWS = int(os.environ.get("SALESSIM_ROWS", "20000000"))
MEMORY = "2GB"
PROGRAM = """
import json, resource, sys
from pathlib import Path
from salessim.fit.out_of_core import reduce_moves
ends = {"won": "won", "lost": "lost"}
small = reduce_moves(sys.argv[1], stages=sys.argv[3].split(","), columns=ends, memory=sys.argv[2],
                     scratch=Path(sys.argv[1]).parent)
seen = small.visits
whole = seen.where((seen.stage == 0) & (seen.outcome != 0))
order = whole.duration.argsort()
weight = whole.weight[order].cumsum()
print(json.dumps({
    "rows": small.findings[0].count,
    "kinds": len(seen), "visits": seen.weight.sum(), "open": len(small.open.table),
    "advanced": whole.weight[whole.outcome == 1].sum() / weight[-1],
    "median": whole.duration[order][weight.searchsorted(weight[-1] / 2)],
    "cpu": sum(resource.getrusage(resource.RUSAGE_SELF)[:2]),
    "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
}))
"""


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_reduce(benchmark, report, tmp_path, ending):
    path = tmp_path / f"moves.{ending}"
    rows = write_moves(path, ROWS)
    command = [sys.executable, "-c", PROGRAM, str(path), MEMORY, ",".join(STAGES)]

    def reduce():
        done = subprocess.run(  # noqa: S603  # our own
            command, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    found = benchmark.pedantic(reduce, rounds=1)
    assert found["rows"] == rows
    # Of a stage that most have left long ago, what was put in comes out.
    se = np.sqrt(1.0 / found["visits"])
    assert found["advanced"] == pytest.approx(ADVANCE, abs=10 * se + 1e-3)
    assert found["median"] == pytest.approx(MEDIAN_DAYS, rel=0.03)
    report(
        rows=rows,
        megabytes=path.stat().st_size / 1e6,
        million_rows_a_minute=60e-6 * rows / benchmark.stats.stats.min,
        processor_seconds=found["cpu"],
        peak_megabytes=found["peak"] / 1024,
        kinds_of_visits=found["kinds"],
        open_deals=found["open"],
    )
