"""What groups do to the spread of the wins ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.groups.between import Difference
from salessim.fit.groups.subjects import Subject
from salessim.fit.visits import OPEN


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Wins in the time ahead: mean and standard deviation, by what is believed of the groups."""

    days: float
    deals: float
    """Deals open now, and those to come when each group gets as many as lately."""
    pooled_mean: float
    pooled_sd: float
    """One process: chance alone."""
    own_mean: float
    own_sd: float
    """Each group at its own rate, known as far as its own deals tell."""
    new_sd: float
    """As many groups of which nothing is known but that they are like these."""


def spread_of_wins(
    subject: Subject, found: Difference, share: float, *, days: float
) -> Spread | None:
    """Return what groups do to the spread of wins ahead; None where the records span no time.

    With effects u_g of known law, wins of deals of chances p_i have, by the law of total variance,

        Var = sum of p_i (1 - p_i) over open deals + sum of p_i over deals to come
              + sum over groups of A_g^2 Var(u_g),   A_g = sum of p_i (1 - p_i) of its deals

    since dp/du = p (1 - p) on the log scale of odds (first order), deals of a group share one u_g,
    and how many come is Poisson. Var(u_g) is 0 for one process, that of u_g given the group's own
    deals when groups go on as they are, and that of a group without any when nothing is known of
    them. With G alike groups, chances p and N deals the last term is N^2 p^2 (1-p)^2 sd^2 / G.

    Parameters
    ----------
    subject : Subject
        Deals as a whole.
    found : Difference
        Of their win rate.
    share : float
        Win rate of all deals, in (0, 1).
    days : float
        How far ahead, > 0. As many deals come as in as many days before, group by group.
    """
    from scipy.special import expit, logit

    named = subject.group >= 0
    still = named & (subject.rows.outcome == OPEN)
    ago = subject.followed[named]
    span = min(days, float(ago.max()) if len(ago) else 0.0)
    if span <= 0.0:
        return None
    groups = len(found.estimate)
    come = np.bincount(subject.group[named][ago <= span], minlength=groups) * days / span
    owner = subject.group[still]
    chance = _chance(subject, share, subject.rows.duration[still])

    def moments(p: FloatArray, new: FloatArray, variance: FloatArray) -> tuple[float, float]:
        pull = np.bincount(owner, p * (1.0 - p), minlength=groups) + come * new * (1.0 - new)
        by_chance = (p * (1.0 - p)).sum() + (come * new).sum()
        spread = np.sqrt(by_chance + (pull**2 * variance).sum())
        return float(p.sum() + (come * new).sum()), float(spread)

    alike = np.full(groups, share)
    effect = found.estimate - logit(share)
    pooled = moments(chance, alike, np.zeros(groups))
    own = moments(
        _raised(chance, effect[owner]), expit(logit(share) + effect), found.estimate_sd**2
    )
    # A share varies by no more than its own p (1 - p), however unsure its odds are.
    unknown = min(found.new_sd**2, 1.0 / (share * (1.0 - share)))
    new = moments(chance, alike, np.full(groups, unknown))
    return Spread(
        days=days, deals=float(still.sum() + come.sum()), pooled_mean=pooled[0],
        pooled_sd=pooled[1], own_mean=own[0], own_sd=own[1], new_sd=new[1],
    )  # fmt: skip


def _raised(chance: FloatArray, effect: FloatArray) -> FloatArray:
    """Return chances whose odds are exp(effect) times as large; 0 stays 0."""
    odds = chance * np.exp(effect)
    return odds / (odds + 1.0 - chance)


def _chance(subject: Subject, share: float, age: FloatArray) -> FloatArray:
    """Return the probability that an open deal of each age is won, as one process has it."""
    left = share * (1.0 - subject.reach(age))
    there = np.maximum(subject.pooled.survives(age), left)
    return np.where(there > 0.0, left / np.where(there > 0.0, there, 1.0), 0.0)
