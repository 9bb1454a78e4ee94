"""Arithmetic that keeps what rounding drops, exact numbers, and the distribution functions of tests.

Each file can be used alone; nothing here knows about models.
"""

from workings.arithmetic.distributions import ChiSquared, FisherF, Normal, StudentT

__all__ = ["ChiSquared", "FisherF", "Normal", "StudentT"]
