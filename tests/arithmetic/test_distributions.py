"""Tails and quantiles against 57 digits, published tables, closed forms, and each other."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.arithmetic import references

from workings.arithmetic import ChiSquared, FisherF, Normal, StudentT

TAILS = 5e-15
"""An outer tail is a product of five factors and a sum of 72 positive terms, each within a few 2^-53 of its value; an
inner one is 1 less one of at most 0.8. Measured: 2.5e-15."""

QUANTILES = 1e-14
"""x moves by the tail's relative error divided by x f / tail, which for df = 1/2 tends to 1/4 in the heavy tails."""


def reference(law, x):
    return {
        Normal: lambda: references.normal(x),
        StudentT: lambda: references.student_t(law.df, x),
        ChiSquared: lambda: references.chi_squared(law.df, x),
        FisherF: lambda: references.fisher_f(law.df1, law.df2, x),
    }[type(law)]()


def relative_errors(law, p):
    """Errors of cdf and sf, and of the quantiles, at the points with lower and with upper tail p."""
    tails, quantiles = [0.0], [0.0]
    for index, quantile in enumerate((law.ppf, law.isf)):
        x = quantile(p)
        if not 1e-290 < abs(x) < 1e290:
            continue
        lower, upper, density = reference(law, x)
        quantiles.append(float(abs((lower, upper)[index] - p) / density))
        for value, truth in ((law.cdf(x), lower), (law.sf(x), upper)):
            if truth > 1e-300:
                tails.append(references.relative_error(value, truth))
    return max(tails), max(quantiles)


DF = (0.5, 1.0, 2.7, 30.0, 1234.5)
LAWS = [
    Normal(),
    *map(StudentT, DF),
    *map(ChiSquared, DF),
    *(FisherF(df1, df2) for df1 in DF for df2 in DF),
    StudentT(1e9),
    FisherF(1.0, 1e6),
    FisherF(1e6, 1.0),
    FisherF(3.0, 1e9),
    FisherF(1e9, 1e9),
]
PROBABILITIES = (1e-300, 1e-100, 1e-16, 1e-4, 0.05, 0.3, 0.5, 0.7, 1 - 2.0**-30)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_tails_and_quantiles_at_all_depths(law):
    errors = np.array([relative_errors(law, p) for p in PROBABILITIES])
    assert errors[:, 0].max() < TAILS
    assert errors[:, 1].max() < QUANTILES


@pytest.mark.parametrize("df", [1e5, 1e6])
def test_chi_squared_of_many_degrees(df):
    for p in (1e-300, 1e-8, 0.5):
        tails, quantiles = relative_errors(ChiSquared(df), p)
        assert tails < TAILS
        assert quantiles < QUANTILES


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_random_laws_and_depths(seed):
    draw = np.random.default_rng(seed)

    def df():
        return float(10 ** draw.uniform(math.log10(0.5), 5.5))

    for _ in range(50):
        for law in (Normal(), StudentT(df()), ChiSquared(df()), FisherF(df(), df())):
            p = float(10 ** draw.uniform(-300, 0) if draw.random() < 0.5 else draw.random())
            tails, quantiles = relative_errors(law, p)
            assert tails < TAILS, (law, p)
            assert quantiles < QUANTILES, (law, p)


@pytest.mark.parametrize(
    ("law", "x"),
    [(StudentT(df), x) for df in (0.5, 1.0, 7.3, 1e6) for x in (1e-10, 1e-3, 1e3, 1e10)]
    + [(Normal(), x) for x in (1e-10, 1e-3, 1.0, 8.0, 37.0)]
    + [(FisherF(3.0, 7.5), 1e-200), (FisherF(0.5, 0.5), 1e250), (ChiSquared(0.5), 1e-290)],
    ids=repr,
)
def test_distances(law, x):
    for point in (x, -x) if isinstance(law, Normal | StudentT) else (x,):
        lower, upper, _ = reference(law, point)
        for value, truth in ((law.cdf(point), lower), (law.sf(point), upper)):
            if truth > 1e-300:
                assert references.relative_error(value, truth) < TAILS


def test_references_agree_with_mpmaths_own():
    with mpmath.workdps(60):
        a, b, x = mpmath.mpf("2.5"), mpmath.mpf("0.75"), mpmath.mpf("0.9")
        for point in (x, 1 - x):
            lower = mpmath.betainc(a, b, 0, point, regularized=True)
            assert abs(references.beta_tails(a, b, point, 1 - point)[0] / lower - 1) < 1e-55
        for point in (x, 9 * x):
            lower = mpmath.gammainc(a, 0, point, regularized=True)
            assert abs(references.gamma_tails(a, point)[0] / lower - 1) < 1e-55


def test_published_tables():
    """NIST/SEMATECH e-Handbook of Statistical Methods, sections 1.3.6.7.1 to 1.3.6.7.4."""
    assert round(Normal().cdf(1.96), 5) == 0.97500
    assert round(Normal().cdf(3.09), 5) == 0.99900
    assert [round(StudentT(df).isf(0.025), 3) for df in (1, 10, 100)] == [12.706, 2.228, 1.984]
    assert [round(FisherF(df1, df2).isf(0.05), 3) for df1, df2 in ((1, 1), (3, 10), (10, 20))] == [
        161.448,
        3.708,
        2.348,
    ]
    assert [round(ChiSquared(df).isf(0.05), 3) for df in (1, 10, 100)] == [3.841, 18.307, 124.342]
    assert [round(ChiSquared(df).ppf(0.01), 3) for df in (2, 10, 100)] == [0.020, 2.558, 70.065]


@given(st.floats(1e-3, 1200.0))
def test_chi_squared_of_two_degrees_is_exponential(x):
    # the exponential of the exact x / 2: its only error is exp's
    assert ChiSquared(2).sf(x) == pytest.approx(math.exp(-x / 2), rel=TAILS, abs=0)


@given(st.floats(1e-300, 1e300))
def test_student_of_one_degree_is_cauchy(x):
    assert StudentT(1).sf(x) == pytest.approx(math.atan2(1.0, x) / math.pi, rel=TAILS, abs=0)


@given(st.floats(1e-100, 1e100), st.floats(0.5, 1e6))
def test_f_of_two_and_d(x, d):
    # condition number of (1 + 2 x / d)^(-d / 2): at most d / 2 times a rounding; the exact power is in mpmath
    with mpmath.workdps(60):
        truth = (1 + 2 * mpmath.mpf(x) / mpmath.mpf(d)) ** (-mpmath.mpf(d) / 2)
    if truth > 1e-300:
        assert references.relative_error(FisherF(2, d).sf(x), truth) < TAILS


@given(st.floats(0.5, 1e6), st.integers(0, 2**20))
def test_f_of_one_and_d_is_t_squared(d, root):
    t = root / 2**12  # its square is a double
    assert FisherF(1, d).sf(t * t) == pytest.approx(2 * StudentT(d).sf(t), rel=TAILS, abs=0)


laws = st.one_of(
    st.just(Normal()),
    st.builds(StudentT, st.floats(0.5, 1e9)),
    st.builds(ChiSquared, st.floats(0.5, 1e9)),
    st.builds(FisherF, st.floats(0.5, 1e9), st.floats(0.5, 1e9)),
)
probabilities = st.floats(1e-300, 1.0)


@given(laws, probabilities)
def test_quantiles_come_back(law, p):
    for tail, quantile in ((law.cdf, law.ppf), (law.sf, law.isf)):
        x = quantile(p)
        if not 1e-290 < abs(x) < 1e290:
            continue
        # what the neighbours of x have: the rounding of x is all that may part the tail from p
        around = [tail(float(np.nextafter(x, side))) for side in (-np.inf, np.inf)]
        slack = 2 * QUANTILES * p
        assert min(around) - slack <= p <= max(around) + slack


@example(StudentT(0.5), [4.85e-232, 1e-300])
@given(laws, st.lists(st.floats(1e-300, 1.0, exclude_max=True), min_size=2, max_size=5))
def test_order_and_total(law, levels):
    levels = np.sort(levels)
    x = law.ppf(levels)
    # compared, not subtracted: two quantiles that overflow are equal
    assert (x[1:] >= x[:-1] - 2 * QUANTILES * np.abs(x[1:])).all()
    x = np.sort(x)
    assert (np.diff(law.cdf(x)) >= -TAILS * law.cdf(x)[1:]).all()
    assert (np.diff(law.sf(x)) <= TAILS * law.sf(x)[:-1]).all()
    np.testing.assert_allclose(law.cdf(x) + law.sf(x), 1.0, rtol=0, atol=TAILS)


@given(st.one_of(st.just(Normal()), st.builds(StudentT, st.floats(0.5, 1e9))), st.floats(), probabilities)
def test_symmetry(law, x, p):
    assert law.cdf(-x) == law.sf(x) or math.isnan(x)
    assert law.ppf(p) == -law.isf(p)


@given(st.floats(0.5, 1e9), st.floats(0.5, 1e9), st.integers(-60, 60))
def test_a_ratio_turned_over(df1, df2, power):
    x = 2.0**power
    assert FisherF(df1, df2).sf(x) == pytest.approx(FisherF(df2, df1).cdf(1 / x), rel=TAILS, abs=0)


@pytest.mark.parametrize("law", [Normal(), StudentT(3), FisherF(3, 5), ChiSquared(3)], ids=repr)
def test_ends(law):
    symmetric = isinstance(law, Normal | StudentT)
    least, at_zero = (-np.inf, 0.5) if symmetric else (0.0, 0.0)
    x = np.array([-np.inf, 0.0, -0.0, np.inf, np.nan])
    np.testing.assert_array_equal(law.cdf(x), [0.0, at_zero, at_zero, 1.0, np.nan])
    np.testing.assert_array_equal(law.sf(x), [1.0, 1 - at_zero, 1 - at_zero, 0.0, np.nan])
    q = np.array([0.0, 1.0, np.nan])
    np.testing.assert_array_equal(law.ppf(q), [least, np.inf, np.nan])
    np.testing.assert_array_equal(law.isf(q), [np.inf, least, np.nan])
    if symmetric:
        assert math.copysign(1.0, law.ppf(0.5)) == math.copysign(1.0, law.isf(0.5)) == 1.0
        assert law.ppf(0.5) == 0.0
    else:
        assert law.cdf(-1.0) == 0.0
        assert law.sf(-1.0) == 1.0


def test_underflow_is_graceful():
    """Subnormal probabilities are right to their last bit or two, then zero; so are the quantiles of such."""
    with np.errstate(all="raise"):
        assert Normal().sf(38.4) == pytest.approx(float(references.normal(38.4)[1]), rel=0, abs=1e-323)
        assert Normal().sf(39.0) == Normal().sf(1e300) == ChiSquared(0.5).sf(1e308) == StudentT(1e3).sf(1e300) == 0.0
        assert Normal().isf(5e-324) == pytest.approx(38.46740561714434, rel=1e-14)
        assert StudentT(1).isf(1e-310) == np.inf
        assert StudentT(1).sf(1e300) == pytest.approx(1e-300 / math.pi, rel=TAILS, abs=0)


def test_shapes():
    x = np.linspace(-3, 3, 3000).reshape(3, 5, 200)[:, ::2]
    kept = x.copy()
    result = StudentT(4).sf(x)
    np.testing.assert_array_equal(x, kept)
    assert result.shape == x.shape
    # one at a time the sums of 72 terms are taken in another order, at most
    np.testing.assert_allclose(result[1, 2, 7:9], [StudentT(4).sf(float(v)) for v in x[1, 2, 7:9]], rtol=TAILS)
    assert type(Normal().sf(0)) is type(Normal().isf(np.float32(0.5))) is float
    assert Normal().sf(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("df", [0, -1, 0.49, 1e16, math.inf, math.nan])
def test_impossible_degrees(df):
    for make in (StudentT, ChiSquared, lambda df: FisherF(df, 1), lambda df: FisherF(1, df)):
        with pytest.raises(ValueError, match="degrees of freedom"):
            make(df)


@pytest.mark.parametrize("q", [-1e-300, 1.0000000000000002, math.inf])
def test_impossible_probabilities(q):
    for law in (Normal(), FisherF(1, 2)):
        for quantile in (law.ppf, law.isf):
            with pytest.raises(ValueError, match="must be in"):
                quantile(np.array([0.5, q]))
