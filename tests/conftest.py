"""What holds for all tests: no display, Ctrl-C is heard, and a profile of hypothesis for CI."""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

os.environ["MPLBACKEND"] = "Agg"

# A shell starts what runs in its background deaf to Ctrl-C, and so would be all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples every time: a change is judged by what it changes, not by luck.
settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
if os.environ.get("CI"):
    settings.load_profile("ci")
