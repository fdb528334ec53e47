"""Sizes that kernels and lowering agree on; free of numba, so that checking a plan is quick."""

from __future__ import annotations

STRIP = 512
"""Deals whose random words are made at once: they stay in the first-level cache (8 kB)."""

FULL_BITS = 10
"""Cells of a law's quantile table: 2**10, the last one refined by as many."""

RESIDUAL_BITS = 8
"""The same for laws truncated to an age: there may be thousands of them."""

FULL = -1
"""What a pass returns when a buffer is too small: the trajectory is run again with larger ones."""

OUTCOMES = 7
"""Of a visit: advance, lost, no decision, back, parked, slip, stuck."""

OUTCOME_BITS = 3
"""Of a key to the counts of what leaves a stage: above them, the bin of when it does."""

FLOWS = 7
"""Counts of a stage: entered, then deals by outcome up to slip."""

# What a deal's tag holds: from bit 0 on 2 * origin + (1 when the buyer is new), from `HEALTH_BIT`
# 1 + the health class of the customer who started it, from `AMOUNT_BIT` 1 + the open deal whose
# amount is known, from `RETURN_BIT` 1 + the deal's place among returns; in pipelines whose deals
# carry operational time, where none returns, from `PIECE_BIT` the piece of the calendar it is in.
HEALTH_BIT = 14
AMOUNT_BIT = 16
RETURN_BIT = 40
PIECE_BIT = RETURN_BIT
NUMBER_BITS = 20
"""Of a piece's number, in the guides to pieces: below those of when the next one begins."""
MOST_CLASSES = 3
MOST_ORIGINS = 1 << (HEALTH_BIT - 1)
MOST_OPEN_DEALS = (1 << (RETURN_BIT - AMOUNT_BIT)) - 1
MOST_VISITS = 30_000_000
"""Of a trajectory: one that needs more, or more deals at once, ends the run."""
MOST_MONEY = 2.0**62
"""Hundredths of the currency: half of what an int64 holds."""
MOST_RETURNS = (1 << (63 - RETURN_BIT)) - 1
