"""Small groups borrow strength: what a group's own deals say, weighed against what all say.

Parameters of groups (log odds, log ratios of shares, logarithms of scales) are taken as normal
around those of all; how much they differ is estimated from the groups themselves (empirical Bayes),
the shapes of laws aside, which are the same for all. So shares are shrunken by the ends that a
group is expected to have, and times on their logarithms. A group without a deal gets what all say,
as unsure as groups differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from salessim._typing import BoolArray, FloatArray
from salessim.config.words import nearest
from salessim.errors import SalessimError
from salessim.fit.amounts import fit_amount
from salessim.fit.choice import Chosen, contradiction, observed
from salessim.fit.competing import Competing, Fit, gradient, information, inverted, maximise
from salessim.fit.durations import Durations
from salessim.fit.history import Deals
from salessim.fit.known import chosen_deals
from salessim.fit.pipelines import FittedPipeline, fit_pipeline, recency
from salessim.fit.stages import FittedStage, counted, durations
from salessim.fit.visits import Visits, visits
from salessim.model.law import floats

LARGEST_SD = 2.0
"""Between groups, on the logarithmic scales: a factor of 7."""
ALIKE = 1e-6
"""Variance of what does not differ: shapes, which few ends of a group cannot tell."""
WIDEST = 10.0
"""Standard deviation of what a group does not tell at all."""
STEPS = 200
ROUNDS = 3
"""How often the likelihoods of groups are taken as normal anew, around their fits."""


@dataclass(frozen=True, kw_only=True)
class Pulled(Competing):
    """What is fitted to a group: thought beforehand to be like all others.

    Attributes
    ----------
    center, variance : ndarray, shape (parameter,)
        Of the parameters of groups.
    """

    center: FloatArray
    variance: FloatArray

    def log_prior(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return the logarithm of the normal law of the groups, and its derivatives."""
        pull = (theta - self.center) / self.variance
        return -0.5 * float(pull @ (theta - self.center)), -pull


def shrunken(chosen: Chosen, groups: Sequence[Durations]) -> list[Chosen]:
    """Fit groups of the visits that were fitted together.

    Parameters
    ----------
    chosen : Chosen
        Of all visits: the families, and what groups are pulled to.
    groups : sequence of Durations
        Of each group, with the outcomes of all.
    """
    whole, differs = chosen.fit, _differs(chosen.fit.model)
    model = Pulled(
        **{name: getattr(whole.model, name) for name in ("families", "instant", "stuck", "middle")},
        center=whole.theta,
        variance=np.where(differs, 1.0, ALIKE),
    )
    fits = [Fit(model=model, theta=whole.theta, log_likelihood=0.0) for _ in groups]
    for nth in range(ROUNDS):
        # first with groups that differ widely: near its own top a likelihood is about normal
        if nth:
            center, variance = model.center.copy(), model.variance.copy()
            center[differs], variance[differs] = _between(fits, groups, differs)
            model = replace(model, center=center, variance=variance)
        fits = [maximise(model, d, start=fit.theta) for d, fit in zip(groups, fits, strict=True)]
    known = [_covariance(fit, data) for fit, data in zip(fits, groups, strict=True)]
    of_center = chosen.covariance + np.diag(model.variance / len(groups))
    result: list[Chosen] = []
    for fit, own in zip(fits, known, strict=True):
        left = own / model.variance  # what is kept of the center: C T^-1
        result.append(replace(chosen, fit=fit, covariance=own + left @ of_center @ left.T))
    return [_held_against(one, data) for one, data in zip(result, groups, strict=True)]


def _differs(model: Competing) -> BoolArray:
    """Return which parameters differ between groups: all but the shapes of laws."""
    differs = np.ones(model.size, dtype=bool)
    for k in range(len(model.families)):
        place = model.place(k)
        differs[place.start + 1 : place.stop] = False
    return differs


def _between(
    fits: Sequence[Fit], groups: Sequence[Durations], differs: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance over groups of the parameters that differ.

    The likelihood of each group is taken as normal around where its fit stands. Of the variance it
    is the mean of what it may be, by the restricted likelihood and a flat prior of the standard
    deviation (Gelman 2006, Bayesian Analysis 1, section 3): groups often look alike by chance, and
    the likeliest variance, 0, would say that this is known.
    """
    own, unsure = [], []
    for fit, data in zip(fits, groups, strict=True):
        told = information(fit, partial(_slope, fit.model, data))[np.ix_(differs, differs)]
        values, vectors = np.linalg.eigh(told)
        # a likelihood that is flat or curves upwards says as good as nothing
        inverse = (vectors / np.maximum(values, 1.0 / WIDEST**2)) @ vectors.T
        slope = _slope(fit.model, data, fit.theta)[differs]
        own.append(fit.theta[differs] + inverse @ slope)
        unsure.append(np.diag(inverse))
    found, errors = floats(own), floats(unsure)
    sd = LARGEST_SD * (np.arange(STEPS) + 0.5) / STEPS
    weights = 1.0 / (errors + sd[:, None, None] ** 2)  # [step, group, parameter]
    total = weights.sum(axis=1)
    center = (weights * found).sum(axis=1) / total
    fall = (weights * (found - center[:, None]) ** 2 - np.log(weights)).sum(axis=1)
    height = -0.5 * (fall + np.log(total))
    likely = np.exp(height - height.max(axis=0))
    likely /= likely.sum(axis=0)
    return (likely * center).sum(axis=0), (likely * sd[:, None] ** 2).sum(axis=0)


def _slope(model: Competing, data: Durations, theta: FloatArray) -> FloatArray:
    """Return the derivatives of the log-likelihood."""
    return model.scores(theta, data)[1] @ data.weight


def _held_against(chosen: Chosen, data: Durations) -> Chosen:
    """Return what was fitted to a group with what was observed of it."""
    outcomes = range(len(chosen.best))
    seen = observed(data, len(chosen.best))
    against = tuple(contradiction(chosen.fit, data, k, seen) for k in outcomes)
    return replace(chosen, observed=seen, contradictions=against)


def _covariance(fit: Fit, data: Durations) -> FloatArray:
    return inverted(information(fit, lambda theta: gradient(fit.model, theta, data)[1]))


def fit_groups(
    deals: Deals,
    *,
    by: str,
    families: Sequence[str] | None = None,
    half_life: float | None = None,
) -> Mapping[str, FittedPipeline]:
    """Fit a pipeline for each group of its deals; small ones borrow from all.

    Parameters
    ----------
    deals : Deals
        As known on a day.
    by : str
        Column of `Deals.table`: ``segment``, ``owner``, ...; deals without a value are left out.
    families, half_life
        As of `fit_pipeline`. Laws are of a family: an empirical one has nothing to shrink.

    Returns
    -------
    mapping of str to FittedPipeline
        Group -> its pipeline, named ``pipeline group``. Amounts are each group's own.

    Raises
    ------
    SalessimError
        When there is no such column, or nothing in it.
    """
    if by not in deals.table.columns:
        columns = [str(name) for name in deals.table.columns if name not in ("deal", "created")]
        raise SalessimError(f"the deals have no column `{by}`: {nearest(by, columns)}")
    column = deals.table[by]
    names = sorted(column.dropna().unique(), key=str)
    if not names:
        raise SalessimError(f"no deal has a value in the column `{by}`: there are no groups")
    whole = fit_pipeline(deals, families=families, half_life=half_life, empirical=False)
    parts = [chosen_deals(deals, (column == name).to_numpy(bool)) for name in names]
    seen = [visits(part) for part in parts]
    until = np.datetime64(deals.until, "us")
    weights = [recency(one, until, half_life) for one in seen]
    by_stage = [_of_groups(stage, nth, seen, weights) for nth, stage in enumerate(whole.stages)]
    amounts = [fit_amount(part) for part in parts]
    fitted = {}
    for nth, name in enumerate(names):
        called = f"{deals.pipeline} {name}"
        stages = tuple(replace(stages[nth], pipeline=called) for stages in by_stage)
        amount = replace(amounts[nth], pipeline=called)
        fitted[str(name)] = FittedPipeline(
            name=called, visits=seen[nth], stages=stages, amount=amount
        )
    return fitted


def _of_groups(
    stage: FittedStage, nth: int, seen: Sequence[Visits], weights: Sequence[FloatArray]
) -> list[FittedStage]:
    """Return a stage as it is in each group."""
    mine = [one.where(one.stage == nth) for one in seen]
    data = [
        durations(few, weight[one.stage == nth])
        for few, one, weight in zip(mine, seen, weights, strict=True)
    ]
    return [
        replace(
            stage,
            data=own,
            chosen=chosen,
            seen=counted(few),
            oldest=float(few.duration.max(initial=0.0)),
            borrows=True,
        )
        for few, own, chosen in zip(mine, data, shrunken(stage.chosen, data), strict=True)
    ]
