"""Arithmetic that keeps what rounding drops, exact numbers, and the distribution functions of tests.

Each file can be used alone; nothing here knows about models.
"""

from workings.arithmetic.decimals import decimal_columns, shortest_decimals
from workings.arithmetic.distributions import ChiSquared, FisherF, Normal, StudentT
from workings.arithmetic.double_double import DoubleDouble
from workings.arithmetic.error_free import fast_two_sum, split, sum_rows, two_product, two_sum
from workings.arithmetic.exact_products import ExactGram, exact_gram
from workings.arithmetic.predicates import compare_distances
from workings.arithmetic.rational import ExactFit, integers, least_squares, solve_exactly, square_root
from workings.arithmetic.rational_sums import exact_sums, rounded_sum
from workings.arithmetic.rounding import decided, rounded, rounded_fractions
from workings.arithmetic.slices import cut, leading, power_above, round_off, slice_bits

__all__ = [
    "ChiSquared",
    "DoubleDouble",
    "ExactFit",
    "ExactGram",
    "FisherF",
    "Normal",
    "StudentT",
    "compare_distances",
    "cut",
    "decided",
    "decimal_columns",
    "exact_gram",
    "exact_sums",
    "fast_two_sum",
    "integers",
    "leading",
    "least_squares",
    "power_above",
    "round_off",
    "rounded",
    "rounded_fractions",
    "rounded_sum",
    "shortest_decimals",
    "slice_bits",
    "solve_exactly",
    "split",
    "square_root",
    "sum_rows",
    "two_product",
    "two_sum",
]
