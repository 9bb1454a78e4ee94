"""Tails to 57 digits by a series and two continued fractions in mpmath, which share nothing with the quadrature.

mpmath's own incomplete functions are exact too, and check these, but do not return for degrees of freedom of 1e5.
"""

from __future__ import annotations

from itertools import count

import mpmath

DIGITS = 60
SMALL = mpmath.mpf(10) ** -57


def relative_error(value, truth):
    """|value - truth| / truth: the difference first, which is then the only thing that is rounded."""
    return float(abs(value - truth) / truth)


def fraction(first, steps):
    """Value of first + a1 / (b1 + a2 / (b2 + ...)) to 57 digits, by Lentz's algorithm; steps gives (a, b)."""
    value, c, d = first, first, mpmath.mpf(0)
    for a, b in steps:
        d = 1 / (b + a * d)
        c = b + a / c
        value *= c * d
        if abs(c * d - 1) < SMALL:
            return value
    raise AssertionError


def gamma_tails(a, x):
    """Lower and upper tail of the gamma distribution, and its density times x."""
    density = mpmath.exp(a * mpmath.log(x) - x - mpmath.loggamma(a))
    if x < a + 1:
        n, term, total = a, 1 / a, 1 / a
        while term > total * SMALL:
            n += 1
            term *= x / n
            total += term
        return density * total, 1 - density * total, density
    # DLMF 8.9.2, contracted to its even part
    upper = density / fraction(x + 1 - a, ((m * (a - m), x + 2 * m + 1 - a) for m in count(1)))
    return 1 - upper, upper, density


def beta_tails(a, b, x, y):
    """Lower and upper tail of the beta distribution at x = 1 - y, and its density times x y."""
    logs = a * mpmath.log(x) + b * mpmath.log(y) + mpmath.loggamma(a + b) - mpmath.loggamma(a) - mpmath.loggamma(b)
    density = mpmath.exp(logs)
    if x < (a + 1) / (a + b + 2):
        lower = density / (a * fraction(mpmath.mpf(1), beta_steps(a, b, x)))
        return lower, 1 - lower, density
    upper = density / (b * fraction(mpmath.mpf(1), beta_steps(b, a, y)))
    return 1 - upper, upper, density


def beta_steps(a, b, x):
    """DLMF 8.17.22 and 8.17.23."""
    for m in count():
        yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), 1
        yield (m + 1) * (b - m - 1) * x / ((a + 2 * m + 1) * (a + 2 * m + 2)), 1


def chi_squared(df, x):
    with mpmath.workdps(DIGITS):
        return gamma_tails(mpmath.mpf(df) / 2, mpmath.mpf(x) / 2)


def fisher_f(df1, df2, x):
    with mpmath.workdps(DIGITS):
        a, b = mpmath.mpf(df1) / 2, mpmath.mpf(df2) / 2
        total = a * mpmath.mpf(x) + b
        return beta_tails(a, b, a * mpmath.mpf(x) / total, b / total)


def student_t(df, x):
    with mpmath.workdps(DIGITS):
        a, b = mpmath.mpf(1) / 2, mpmath.mpf(df) / 2
        total = mpmath.mpf(x) ** 2 / 2 + b
        smaller, larger, density = beta_tails(a, b, mpmath.mpf(x) ** 2 / 2 / total, b / total)
        tails = (1 + smaller) / 2, larger / 2
        return (*(tails if x > 0 else tails[::-1]), density)


def normal(x):
    with mpmath.workdps(DIGITS):
        x = mpmath.mpf(x)
        root = mpmath.sqrt(2)
        return mpmath.erfc(-x / root) / 2, mpmath.erfc(x / root) / 2, abs(x) * mpmath.npdf(x)
