"""Laws of every kind, for the tests of laws and of their tables."""

from salessim.model.laws import (
    BetaGeometric,
    Burr,
    Exponential,
    Fixed,
    Gamma,
    LogLogistic,
    Lognormal,
    Mixture,
    Pert,
    Triangular,
    Uniform,
    Weibull,
)

SMOOTH = (
    Uniform(low=3.0, high=9.0),
    Triangular(low=1.0, mode=2.0, high=7.0),
    Pert(low=10.0, mode=12.0, high=40.0),
    Exponential(mean=90.0),
    Lognormal(median=14.0, sigma=0.7),
    Lognormal(median=14.0, sigma=2.0),
    Gamma(mean=30.0, shape=0.4),
    Gamma(mean=30.0, shape=5.0),
    Weibull(scale=30.0, shape=1.4),
    Weibull(scale=30.0, shape=0.5),
    LogLogistic(median=20.0, shape=2.5),
    Burr(scale=300.0, tail=1.3),
    Burr(scale=300.0, shape=1.5, tail=1.2),
    Mixture(weights=(1.0, 3.0), laws=(Lognormal(median=5.0, sigma=0.5), Exponential(mean=60.0))),
)
POINTS = (
    Fixed(value=7.0),
    Fixed(value=0.0),
    Uniform(low=4.0, high=4.0),
    Pert(low=4.0, mode=4.0, high=4.0),
)
WITH_AN_ATOM = (
    BetaGeometric(a=2.5, b=3.0, period=30.0),
    Mixture(weights=(0.3, 0.7), laws=(Fixed(value=0.0), Lognormal(median=5.0, sigma=0.5))),
    Mixture(weights=(0.5, 0.5), laws=(Fixed(value=10.0), Uniform(low=5.0, high=15.0))),
)
