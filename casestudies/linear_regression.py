# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Linear regression: the answer is unique, so every digit can be judged
#
# Least squares has one right answer (when the columns are independent), and that answer is a rational function of
# the data. So a computer's result need not be *plausible*: it can be compared with the exact one, digit by digit.
# This study derives the equations, checks each of them by machine, runs three voices on the same data (the textbook
# page, the `workings` estimator and scikit-learn) and ends with what the method cannot do.
#
# How to read it: **Derive** numbers each equation, and the cell below an equation checks it. The same number stands
# in the code, in `src/workings/textbook/linear_regression.py`, on the line that implements it.

# %%
import inspect
import re
import tokenize
import warnings
from fractions import Fraction
from io import StringIO

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sympy as sp
from sklearn.linear_model import LinearRegression as SklearnLinearRegression

import style
import workings
from workings.arithmetic.rational import least_squares
from workings.linear_model import ConjugateGradients, GradientDescent, HeavyBall, LinearRegression, Nesterov
from workings.textbook import linear_regression as textbook
from workings.validate import datasets, nist
from workings.validate.exact import correct_digits, score

# %% [markdown]
# ## Select
#
# **The question.** How far will a patient's diabetes progress within a year, given ten measurements of today? The
# data are 442 patients of Efron et al. (2004). The ten features are centred and scaled to length one, so a
# coefficient is the change of the progression score for a whole unit of that length.
#
# **Why linear regression first.** It answers with numbers that can be read (so much more progression for so much more
# body mass index), it has no setting to tune, and it has a unique optimum. It is the right first choice when effects
# are roughly additive and rows outnumber columns; it is the wrong one when a threshold or an interaction matters,
# when the target is a class or a count near zero, or when single extreme rows may occur.

# %%
diabetes = datasets.diabetes()
X, y = diabetes.X, diabetes.y
n, p = X.shape
assert (n, p) == (442, 10)
pd.DataFrame(X, columns=diabetes.features).assign(progression=y).describe().loc[["min", "mean", "max"]].round(3) + 0.0

# %% [markdown]
# One feature is enough to see the idea: body mass index alone explains 34 % of the variance of the progression, all
# ten features together explain 52 %.

# %%
bmi = diabetes.features.index("bmi")
line = LinearRegression().fit(X[:, [bmi]], y)
plane = LinearRegression().fit(X, y)
r2_line, r2_plane = line.score(X[:, [bmi]], y), plane.score(X, y)
assert (round(100 * r2_line), round(100 * r2_plane)) == (34, 52)

figure, axis = plt.subplots()
axis.plot(X[:, bmi], y, "o", ms=3, color=style.SKY, label="a patient")
ends = np.array([[X[:, bmi].min()], [X[:, bmi].max()]])
axis.plot(ends, line.predict(ends), "-", lw=2, color=style.BLACK, label=f"least squares, R² = {r2_line:.2f}")
axis.set(title="Progression rises with body mass index, with much spread", xlabel="body mass index (centred, scaled)")
axis.set_ylabel("progression after a year")
axis.legend()
style.show(figure, "442 patients as points: progression rises with body mass index; the fitted line has R² 0.34.")

# %% [markdown]
# ## Derive
#
# $X$ is the $n \times p$ matrix of features, $y$ the $n$ targets, $\beta$ the $p$ coefficients, $b$ the intercept,
# and a bar is a column mean. For the symbolic checks we take $n = 3$ rows and $p = 2$ columns of free symbols: small
# enough to expand, large enough that a transposed or dropped term would show.

# %%
rows, columns = 3, 2
sX = sp.Matrix(rows, columns, sp.symbols("x:3:2"))
sy = sp.Matrix(sp.symbols("y:3"))
beta = sp.Matrix(sp.symbols("beta:2"))
b, eta = sp.symbols("b eta")
ones = sp.ones(rows, 1)


def is_zero(expression):
    """Whether every entry of a matrix, or one expression, simplifies to zero."""
    return all(sp.simplify(entry) == 0 for entry in sp.Matrix([expression]))


def refusal(function, *arguments):
    """Return the sentence with which a call is refused."""
    try:
        function(*arguments)
    except ValueError as error:
        return str(error)
    raise AssertionError("the call was accepted")


# Any point but the optimum, for the numerical checks.
rng = np.random.default_rng(0)
coef_at, intercept_at = 100 * rng.normal(size=p), 50.0

# %% [markdown]
# ### The model and its loss
#
# A prediction is a weighted sum of the features plus a constant.
#
# $$ \hat y = X\beta + b \tag{OLS.1} $$

# %%
# check OLS.1
by_hand = [sum(x * c for x, c in zip(row, coef_at, strict=True)) + intercept_at for row in X.tolist()]
np.testing.assert_allclose(textbook.predict(X, coef_at, intercept_at), by_hand, rtol=1e-13)
assert sp.Matrix(sX * beta + b * ones)[1] == sX[1, 0] * beta[0] + sX[1, 1] * beta[1] + b

# %% [markdown]
# A good prediction is one with small squared errors on average. The factor ½ has no influence on the minimiser; it
# cancels the 2 of the derivative. The mean (not the sum) makes the loss, and later the step size, independent of $n$.
#
# $$ J(\beta, b) = \frac{1}{2n} \sum_{i=1}^{n} (\hat y_i - y_i)^2 \tag{OLS.2} $$

# %%
# check OLS.2
residual = sX * beta + b * ones - sy
J = (residual.T * residual)[0] / (2 * rows)
numbers = {symbol: value for value, symbol in enumerate([*sX, *sy, *beta, b], start=1)}
small_X, small_y, small_beta = (np.array(m.subs(numbers), dtype=float) for m in (sX, sy, beta))
small = textbook.loss(small_X, small_y[:, 0], small_beta[:, 0], float(b.subs(numbers)))
assert small == float(J.subs(numbers))
print(f"J at the integers 1, 2, 3, ... is {J.subs(numbers)}, and the textbook says {small:.15g}")

# %% [markdown]
# ### The gradient
#
# Each residual $\hat y_i - y_i$ changes by $x_{ij}$ when $\beta_j$ grows by one, and by 1 when $b$ does:
#
# $$ \frac{\partial J}{\partial \beta} = \frac{1}{n} X^\top (\hat y - y) \tag{OLS.3} $$
# $$ \frac{\partial J}{\partial b} = \frac{1}{n} \sum_{i=1}^{n} (\hat y_i - y_i) \tag{OLS.4} $$
#
# The check is done twice. SymPy differentiates the formula. Then the *code* is differentiated by the complex step:
# $\operatorname{Im} J(\beta + ih e_j)/h$ has no subtraction and so no cancellation, and is right to the last digits
# even for $h = 10^{-30}$.

# %%
# check OLS.3, OLS.4
assert is_zero(sp.Matrix([J]).jacobian(beta).T - sX.T * residual / rows)
assert is_zero(sp.diff(J, b) - sum(residual) / rows)

h = 1e-30
d_coef, d_intercept = textbook.gradient(X, y, coef_at, intercept_at)
step_coef = [textbook.loss(X, y, coef_at + 1j * h * e, intercept_at).imag / h for e in np.eye(p)]
step_intercept = textbook.loss(X, y, coef_at, intercept_at + 1j * h).imag / h
worst = np.abs(np.array([*step_coef, step_intercept]) / [*d_coef, d_intercept] - 1).max()
assert worst < 1e-12
print("largest relative difference between gradient and complex step is below 1e-12")

# %% [markdown]
# ### The minimum
#
# $J$ is a parabola that opens upwards in every direction, so it is smallest where both derivatives vanish. Setting
# OLS.4 to zero says that the plane passes through the means:
#
# $$ b = \bar y - \bar x^\top \beta \tag{OLS.5} $$
#
# Put into OLS.3 = 0, with $X_c = X - \bar x$ and $y_c = y - \bar y$, the intercept disappears and the **normal
# equations** remain:
#
# $$ X_c^\top X_c \, \beta = X_c^\top y_c \tag{OLS.6} $$

# %%
# check OLS.5, OLS.6
x_mean, y_mean = (ones.T * sX) / rows, sum(sy) / rows
best_b = sp.solve(sp.diff(J, b), b)[0]
assert is_zero(best_b - (y_mean - (x_mean * beta)[0]))
Xc, yc = sX - ones * x_mean, sy - ones * y_mean
stationary = sp.Matrix([J]).jacobian(beta).T.subs(b, best_b)
assert is_zero(rows * stationary - (Xc.T * Xc * beta - Xc.T * yc))

# In exact rational arithmetic on real data: at the solution both gradients are zero, not small.
longley = nist.load("Longley")
exact = least_squares(longley.X, longley.y)
fX = [[Fraction(value) for value in row] for row in longley.X.tolist()]
errors = [
    sum(x * c for x, c in zip(row, exact.coef[0], strict=True)) + exact.intercept[0] - Fraction(target)
    for row, target in zip(fX, longley.y.tolist(), strict=True)
]
assert sum(errors) == 0
assert all(sum(row[j] * e for row, e in zip(fX, errors, strict=True)) == 0 for j in range(longley.X.shape[1]))

# %% [markdown]
# ### Solving without a library
#
# $A = X_c^\top X_c$ is symmetric and positive definite when the columns are independent. Then it is a product
# $A = L L^\top$ with a lower triangular $L$ (Cholesky). Comparing entries gives the diagonal and the rest, column by
# column, each from entries that are already known:
#
# $$ L_{jj} = \sqrt{A_{jj} - \textstyle\sum_{k<j} L_{jk}^2} \tag{OLS.7} $$
# $$ L_{ij} = \frac{1}{L_{jj}} \Bigl( A_{ij} - \textstyle\sum_{k<j} L_{ik} L_{jk} \Bigr), \quad i > j \tag{OLS.8} $$

# %%
# check OLS.7, OLS.8
a11, a22, a33 = sp.symbols("a11 a22 a33", positive=True)
a21, a31, a32 = sp.symbols("a21 a31 a32", real=True)
A = sp.Matrix([[a11, a21, a31], [a21, a22, a32], [a31, a32, a33]])
L = sp.zeros(3, 3)
for j in range(3):
    L[j, j] = sp.sqrt(A[j, j] - sum(L[j, k] ** 2 for k in range(j)))
    for i in range(j + 1, 3):
        L[i, j] = (A[i, j] - sum(L[i, k] * L[j, k] for k in range(j))) / L[j, j]
assert is_zero(sp.Matrix([sp.simplify(entry) for entry in L * L.T - A]))

centred = X - X.mean(axis=0)
factor = textbook.cholesky(centred.T @ centred)
backward_error = np.abs(factor @ factor.T - centred.T @ centred).max()
# Higham (2002), theorem 10.3: |LLᵀ - A| is at most (p + 1)u|L||Lᵀ|, here with diagonal 1.
assert backward_error <= (p + 2) * np.finfo(float).eps

# %% [markdown]
# A triangular system is solved one unknown at a time: $Lz = c$ from the first row down, then $U\beta = z$ with
# $U = L^\top$ from the last row up.
#
# $$ z_i = \frac{1}{L_{ii}} \Bigl( c_i - \textstyle\sum_{k<i} L_{ik} z_k \Bigr) \tag{OLS.9} $$
# $$ \beta_i = \frac{1}{U_{ii}} \Bigl( z_i - \textstyle\sum_{k>i} U_{ik} \beta_k \Bigr) \tag{OLS.10} $$

# %%
# check OLS.9, OLS.10
l11, l21, l22, l31, l32, l33, *c = sp.symbols("l11 l21 l22 l31 l32 l33 c1 c2 c3")
sL = sp.Matrix([[l11, 0, 0], [l21, l22, 0], [l31, l32, l33]])
z, x = sp.zeros(3, 1), sp.zeros(3, 1)
for i in range(3):
    z[i] = (c[i] - sum(sL[i, k] * z[k] for k in range(i))) / sL[i, i]
for i in reversed(range(3)):
    x[i] = (z[i] - sum(sL.T[i, k] * x[k] for k in range(i + 1, 3))) / sL.T[i, i]
assert is_zero(sL * z - sp.Matrix(c))
assert is_zero(sL * sL.T * x - sp.Matrix(c))

right = centred.T @ (y - y.mean())
solution = textbook.back_substitution(factor.T, textbook.forward_substitution(factor, right))
np.testing.assert_allclose(centred.T @ centred @ solution, right, rtol=1e-10, atol=1e-10)
np.testing.assert_array_equal(solution, textbook.normal_equations(X, y)[0])

# %% [markdown]
# ### The other way: walk downhill
#
# When $p$ is too large for a factorisation, repeat small steps against the gradient with a rate $\eta$:
#
# $$ (\beta, b) \leftarrow (\beta, b)
# - \eta \Bigl( \frac{\partial J}{\partial \beta}, \frac{\partial J}{\partial b} \Bigr) \tag{OLS.11} $$
#
# A short enough step always goes down: the derivative of $J$ along it, at $\eta = 0$, is minus the squared gradient.

# %%
# check OLS.11
theta = sp.Matrix([*beta, b])
gradient = sp.Matrix([J]).jacobian(theta).T
after = J.subs(list(zip(theta, theta - eta * gradient, strict=True)), simultaneous=True)
assert is_zero(sp.diff(after, eta).subs(eta, 0) + (gradient.T * gradient)[0])

coef_one, intercept_one, losses = textbook.gradient_descent(X, y, rate=0.1, steps=1)
start_coef, start_intercept = textbook.gradient(X, y, np.zeros(p), 0.0)
np.testing.assert_array_equal(coef_one, -0.1 * start_coef)
assert intercept_one == -0.1 * start_intercept
assert losses[1] < losses[0]

# %% [markdown]
# How long may a step be? The second derivatives of $J$ do not depend on where we are:
#
# $$ H = \frac{1}{n} [X\ 1]^\top [X\ 1] \tag{OLS.12} $$

# %%
# check OLS.12
sX1 = sX.row_join(ones)
assert is_zero(sp.hessian(J, list(theta)) - sX1.T * sX1 / rows)

X1 = np.column_stack([X, np.ones(n)])
H = X1.T @ X1 / n
by_step = [
    np.append(*textbook.gradient(X, y.astype(complex), coef_at + 1j * h * e[:p], intercept_at + 1j * h * e[p])).imag / h
    for e in np.eye(p + 1)
]
np.testing.assert_allclose(by_step, H, rtol=1e-12, atol=1e-16)

# %% [markdown]
# The largest curvature is the largest eigenvalue $\lambda_{\max}$ of $H$. Repeated squaring finds it without a
# library: in powers of $H$ the largest eigenvalue outgrows all others, and dividing by the trace keeps the numbers in
# range.
#
# $$ M_0 = \frac{H}{\operatorname{tr} H}, \qquad M \leftarrow \frac{M^2}{\operatorname{tr} M^2},
# \qquad \operatorname{tr}(HM) \to \lambda_{\max}(H) \tag{OLS.13} $$

# %%
# check OLS.13
S = sp.Matrix([[2, 1], [1, 3]])
M = sp.Matrix(S) / S.trace()
for _ in range(5):
    M = M * M / (M * M).trace()
gap = float((S * M).trace() - max(S.eigenvals()))
# Five squarings make the power 32; the error is (λ₁ - λ₂)(λ₂/λ₁)^32, with λ = (5 ± √5)/2.
assert 0 < -gap < 2.24 * (1.3820 / 3.6180) ** 32

standard = datasets.standardised(diabetes)
Z = standard.X
Z1 = np.column_stack([Z, np.ones(n)])
eigenvalues = np.linalg.eigvalsh(Z1.T @ Z1 / n)
top = textbook.largest_curvature(Z)
assert abs(top / eigenvalues[-1] - 1) < 1e-13
print(f"largest curvature of the standardised diabetes data: {top:.4f}")

# %% [markdown]
# In the direction of an eigenvector with eigenvalue $\lambda$, one step multiplies the distance to the optimum by
# $1 - \eta\lambda$. So the iterates have a closed form,
# $\theta_k - \theta^* = (I - \eta H)^k (\theta_0 - \theta^*)$, and they converge exactly when every
# $|1 - \eta\lambda| < 1$:
#
# $$ 0 < \eta < \frac{2}{\lambda_{\max}(H)} \tag{OLS.14} $$
#
# The check starts on the top eigenvector and measures the factor of one step just below and just above the limit.

# %%
# check OLS.14
theta_symbol, optimum, lam = sp.symbols("theta theta_star lambda")
one_step = theta_symbol - eta * lam * (theta_symbol - optimum)
assert is_zero(one_step - optimum - (1 - eta * lam) * (theta_symbol - optimum))

Hz = Z1.T @ Z1 / n
top_vector = np.linalg.eigh(Hz)[1][:, -1]
best_coef, best_intercept = textbook.normal_equations(Z, y)
limit = 2 / top
for share in (0.5, 0.99, 1.01):
    d_coef, d_intercept = textbook.gradient(Z, y, best_coef + top_vector[:p], best_intercept + top_vector[p])
    moved = top_vector - share * limit * np.append(d_coef, d_intercept)
    assert abs(moved @ top_vector - (1 - share * 2)) < 1e-10
sentence = refusal(textbook.gradient_descent, Z, y, 1.01 * limit, 10)
assert f"2/L = {limit:.6g}" in sentence
print(sentence)

# %% [markdown]
# ## Implement
#
# The textbook page is the derivation in NumPy, without `np.linalg`. Each tagged line, read from the file itself:

# %%
source = inspect.getsource(textbook)
lines = []
for token in tokenize.generate_tokens(StringIO(source).readline):
    if token.type == tokenize.COMMENT:
        lines += [(tag, token.line.split("#")[0].strip()) for tag in re.findall(r"OLS\.\d+", token.string)]
in_order = sorted(lines, key=lambda pair: int(pair[0].partition(".")[2]))
assert {tag for tag, _ in lines} == {f"OLS.{i}" for i in range(1, 15)}
for tag, code in in_order:
    print(f"{tag:7} {code}")

# %% [markdown]
# The estimator has scikit-learn's interface: one import line swaps the library. It returns the *correct rounding* of
# the exact answer: of all doubles, the one nearest to each exact coefficient. To get there, it factorises the same
# normal equations, but as an approximate inverse only. With it, a residual of 80 bits corrects the coefficients, and a
# bound of what is still missing, here below 10⁻¹⁹ of a coefficient, decides how each of them rounds. The certificate
# says what is proved.

# %%
with workings.record() as tape:
    ours = LinearRegression().fit(X, y)
certificate = ours.solution_.certificate
assert certificate.proved
assert certificate.bound < 1e-19
print(ours.solution_.reason, certificate.sentence, sep="\n")
tape.frame("refinement")

# %% [markdown]
# A correct rounding depends on nothing but the data. Put the 442 patients in twenty other orders: no bit of our ten
# coefficients changes. Those of the fast way without a proof, `solver="normal"`, and of scikit-learn do, because their
# sums round in another order.

# %%
programs = {
    "workings": LinearRegression(),
    'workings, solver="normal"': LinearRegression(solver="normal"),
    "scikit-learn": SklearnLinearRegression(),
}
changed = dict.fromkeys(programs, 0)
for name, model in programs.items():
    in_order = model.fit(X, y).coef_
    for seed in range(20):
        order = np.random.RandomState(seed).permutation(n)
        changed[name] += not np.array_equal(model.fit(X[order], y[order]).coef_, in_order)
assert changed["workings"] == 0
assert min(count for name, count in changed.items() if name != "workings") > 0
pd.Series(changed, name="orders of 20 that change a bit").to_frame()

# %% [markdown]
# ## Validate
#
# ### Three voices on the diabetes data
#
# The exact least-squares answer comes from integer arithmetic on the very doubles that the three programs receive.
# "Correct digits" counts how many leading digits of the worst coefficient agree with it; a double holds almost 16.


# %%
def voices(X, y):
    """Return coefficients and intercept of each voice; None where it refuses, with its sentence."""
    found = {}
    for name, model in {
        "workings": LinearRegression(),
        "scikit-learn": SklearnLinearRegression(),
        "scikit-learn, tol=0": SklearnLinearRegression(tol=0),
    }.items():
        model.fit(X, y)
        found[name] = (model.coef_, model.intercept_)
    try:
        found["textbook"] = textbook.normal_equations(X, y)
    except ValueError as error:
        found["textbook"] = (None, str(error))
    return found


answers = voices(X, y)
exact = least_squares(X, y)
table = pd.DataFrame({name: coef for name, (coef, _) in answers.items()} | {"exact": exact.coef_}, diabetes.features)
digits = {name: correct_digits(coef, exact.coef[0]) for name, (coef, _) in answers.items()}
assert min(digits.values()) > 12
assert answers["workings"][0].tolist() == [float(value) for value in exact.coef[0]]
assert answers["workings"][1] == float(exact.intercept[0])
table.round(6)

# %% [markdown]
# `workings` has the bits of the exact answer, rounded. The two others agree with it in at least 12 digits, which is
# what can be expected: the condition number of these features is 22, so one or two of the 16 digits may go, and twice
# as many in plain normal equations, which square it.

# %%
condition = np.linalg.cond(centred)
assert round(condition) == 22
figure, (upper, lower) = plt.subplots(2, 1, figsize=(7, 5), height_ratios=[3, 2], sharex=True)
place = np.arange(p)
shapes = {"workings": ("o", style.BLUE), "scikit-learn": ("s", style.ORANGE), "textbook": ("^", style.GREEN)}
for shift, (name, (marker, colour)) in zip((-0.22, 0, 0.22), shapes.items(), strict=True):
    upper.plot(place + shift, answers[name][0], marker, color=colour, label=name, ls="none")
    error = np.abs(
        [float((Fraction(v) - e) / e) for v, e in zip(answers[name][0].tolist(), exact.coef[0], strict=True)]
    )
    lower.plot(place + shift, np.maximum(error, 1e-17), marker, color=colour, ls="none")
upper.axhline(0, color=style.BLACK, lw=0.8, ls="-")
upper.set(title="Three programs, the same ten coefficients", ylabel="coefficient")
upper.legend(ncols=3)
lower.axhline(np.finfo(float).eps / 2, color=style.BLACK, lw=0.8, ls=":", label="one rounding, 2⁻⁵³")
lower.set(yscale="log", ylabel="relative error\nagainst exact", ylim=(5e-18, 1e-11))
lower.set_xticks(place, diabetes.features)
lower.legend(loc="upper left")
style.show(
    figure,
    "Ten coefficients from workings, scikit-learn and the textbook coincide; relative errors are below 1e-12.",
)

# %% [markdown]
# ### Certified data: how many digits survive
#
# NIST publishes regressions made to be hard, with certified answers. Below are its nine sets with an intercept (the
# textbook page always fits one). The judge is the exact answer *for the doubles as read*, so that nobody is blamed
# for a decimal that no double holds.

# %%
NAMES = [name for name in nist.NAMES if nist.load(name).fit_intercept]
assert len(NAMES) == 9
scores, refusals, conditions = {}, {}, {}
UNIT = np.finfo(float).eps / 2
for name in NAMES:
    entry = nist.load(name)
    truth = least_squares(entry.X, entry.y)
    spread = entry.X - entry.X.mean(axis=0)
    lengths = np.sqrt((spread**2).sum(axis=0))
    conditions[name] = np.linalg.cond(spread / lengths)
    scores[name] = {}
    for voice, (coef, note) in voices(entry.X, entry.y).items():
        scores[name][voice] = np.nan if coef is None else correct_digits(coef, truth.coef[0])
        if coef is None:
            refusals[name] = note
        elif voice == "textbook":
            error = np.linalg.norm((coef - truth.coef_) * lengths) / np.linalg.norm(truth.coef_ * lengths)
            assert error <= 20 * UNIT * conditions[name] ** 2, name
        elif voice == "workings":
            assert np.append(coef, note).tolist() == [float(value) for value in (*truth.coef[0], truth.intercept[0])]
certified = pd.DataFrame(scores).T.assign(condition=pd.Series(conditions).map("{:.1e}".format))
certified.round(1)

# %% [markdown]
# `workings` gives the correct rounding of every coefficient on all nine sets, Filip's too (condition number κ above
# 10⁹); the table scores an exact double as 17. scikit-learn's default has less than one correct digit in seven of the
# nine, with no warning; with `tol=0` it is sound, and loses digits as κ grows. The textbook's plain normal equations
# refuse Filip with a sentence rather than an answer. What theory promises them is a relative error, over all scaled
# coefficients (each times the length of its centred column), of some rounding units times κ²: it holds with a factor
# of 20 wherever they answer.

# %%
default = certified["scikit-learn"]
assert (default < 1).sum() == 7
assert (certified["workings"] > 15.95).all()
assert (certified["workings"] >= certified["scikit-learn, tol=0"]).all()
assert list(refusals) == ["Filip"]
assert conditions["Filip"] > 1e9
print("Filip, textbook:", refusals["Filip"])

figure, axis = plt.subplots(figsize=(7, 4))
order = sorted(NAMES, key=conditions.get)
shapes |= {"scikit-learn, tol=0": ("D", style.PURPLE)}
for shift, (name, (marker, colour)) in zip((-0.24, -0.08, 0.08, 0.24), shapes.items(), strict=True):
    axis.plot(certified.loc[order, name], np.arange(9) + shift, marker, color=colour, ls="none", label=name)
axis.text(0.6, order.index("Filip") + 0.08, "textbook refuses", va="center", fontsize=8, color=style.GREEN)
axis.set_yticks(np.arange(9), [f"{name}, $10^{{{np.log10(conditions[name]):.1f}}}$" for name in order])
axis.set(xlabel="correct digits of the worst coefficient", ylabel="set, condition number", xlim=(-0.7, 18))
axis.set_title("scikit-learn's default loses everything on seven of nine certified sets")
axis.grid(axis="y", lw=0.3)
axis.legend(loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=4, fontsize=8)
style.show(
    figure,
    "Correct digits on nine NIST sets: workings has all of them, scikit-learn with tol=0 loses digits as the condition "
    "number grows, its default keeps none on seven sets; the textbook refuses Filip.",
)

# %% [markdown]
# A second question is how many of NIST's 15 *printed* digits come out. They belong to the decimals in NIST's files,
# and a double such as 0.1 is no decimal: on Filip, the exact answer for the doubles has less than 8 of them.
# `solver="decimal"` reads each number as the decimal it was written as, and powers of a column as powers of those
# decimals. Then all eleven sets, with and without intercept, come out in at least 14.3 digits: the last printed one
# is itself rounded.

# %%
printed = {}
for name in nist.NAMES:
    entry = nist.load(name)
    certified_coef = [Fraction(text) for text in entry.estimates[int(entry.fit_intercept) :]]
    printed[name] = {
        voice: correct_digits(model.fit(entry.X, entry.y).coef_, certified_coef)
        for voice, model in {
            "scikit-learn": SklearnLinearRegression(fit_intercept=entry.fit_intercept),
            "scikit-learn, tol=0": SklearnLinearRegression(fit_intercept=entry.fit_intercept, tol=0),
            "workings": LinearRegression(fit_intercept=entry.fit_intercept),
            'workings, solver="decimal"': LinearRegression(fit_intercept=entry.fit_intercept, solver="decimal"),
        }.items()
    }
printed = pd.DataFrame(printed).T
assert len(printed) == 11
assert 7.5 < printed.loc["Filip", "workings"] < 8
assert (printed.drop("Filip")["workings"] > 13.2).all()
assert (printed['workings, solver="decimal"'] >= 14.3).all()
printed.round(1)

# %% [markdown]
# ### A coefficient that disappears without a word
#
# The same happens without any exotic polynomial. Take 200 firms, a turnover in dollars and a rate in decimals, two
# independent features, and a target that depends on both. Since release 1.9, scikit-learn cuts singular values below
# `tol=1e-6` times the largest one. The rate's column is short because of its *unit*, so it is dropped: its
# coefficient becomes zero (about 10⁻¹⁵), `rank_` is 1, R² falls from 0.99 to 0.52, and no warning is given.

# %%
firms = datasets.turnover_and_rate()
truth = least_squares(firms.X, firms.y)
with warnings.catch_warnings():
    warnings.simplefilter("error")  # any warning would stop this cell: there is none
    default = SklearnLinearRegression().fit(firms.X, firms.y)
no_cut = SklearnLinearRegression(tol=0).fit(firms.X, firms.y)
ours = LinearRegression().fit(firms.X, firms.y)
book_coef, book_intercept = textbook.normal_equations(firms.X, firms.y)
book_residual = firms.y - textbook.predict(firms.X, book_coef, book_intercept)
book_score = 1 - np.sum(book_residual**2) / np.sum((firms.y - firms.y.mean()) ** 2)
dropped = pd.DataFrame(
    {
        "scikit-learn, default": [*default.coef_, default.score(firms.X, firms.y), default.rank_],
        "scikit-learn, tol=0": [*no_cut.coef_, no_cut.score(firms.X, firms.y), no_cut.rank_],
        "workings": [*ours.coef_, ours.score(firms.X, firms.y), ours.rank_],
        "textbook": [*book_coef, book_score, None],
        "exact": [*truth.coef_, score(truth, firms.X, firms.y), truth.rank],
    },
    index=[*firms.features, "R²", "rank"],
).T
assert abs(default.coef_[1]) < 1e-12
assert default.rank_ == 1
assert truth.rank == 2
assert (round(dropped.loc["exact", "R²"], 2), round(dropped.loc["scikit-learn, default", "R²"], 2)) == (0.99, 0.52)
for coef in (ours.coef_, no_cut.coef_, book_coef):
    assert correct_digits(coef, truth.coef[0]) > 13
dropped.map(lambda value: "" if pd.isna(value) else f"{value:.6g}")

# %% [markdown]
# The exact answer decides: the rate's coefficient is 200.2. `workings`, scikit-learn with `tol=0` and the textbook
# give it in at least 13 digits. Until the default changes, pass `tol=0`, or scale the features first.

# %%
assert round(float(truth.coef[0][1]), 1) == 200.2
scaled = SklearnLinearRegression().fit(firms.X / firms.X.std(axis=0), firms.y)
assert correct_digits(scaled.coef_ / firms.X.std(axis=0), truth.coef[0]) > 12

figure, axes = plt.subplots(1, 2, sharex=True, sharey=True, figsize=(7, 3.4))
for axis, model, name in zip(axes, (ours, default), ("workings", "scikit-learn, default tol"), strict=True):
    marker, colour = ("o", style.BLUE) if model is ours else ("s", style.ORANGE)
    axis.plot(firms.y, model.predict(firms.X), marker, ms=3, color=colour, ls="none")
    axis.axline((firms.y.mean(),) * 2, slope=1, color=style.BLACK, lw=0.8, ls="-")
    axis.set(title=f"{name}: R² = {model.score(firms.X, firms.y):.2f}", xlabel="observed")
axes[0].set_ylabel("predicted")
figure.suptitle("A dropped coefficient costs nearly half of the explained variance", x=0.01, ha="left", weight="bold")
style.show(
    figure,
    "Predicted against observed for 200 firms: workings follows the diagonal with R² 0.99, scikit-learn's default "
    "scatters around it with R² 0.52.",
)

# %% [markdown]
# ### Descent against its theory
#
# On the standardised diabetes data the largest curvature is 470 times the smallest, κ = 470. That alone says what each
# descent will do. The best fixed rate of gradient descent, $2/(\lambda_{\max} + \lambda_{\min})$, shrinks the slowest
# direction by $(\kappa - 1)/(\kappa + 1)$ a step, and the textbook's iterates follow the closed form $(I - \eta H)^k$
# to ten digits for 3000 steps.

# %%
ratio = eigenvalues[-1] / eigenvalues[0]
assert round(ratio) == 470
optimum = np.append(best_coef, best_intercept)
values, vectors = np.linalg.eigh(Hz)
best_rate = 2 / (top + eigenvalues[0])
coef, intercept, distance = np.zeros(p), 0.0, []
for _ in range(3001):
    distance.append(np.append(coef, intercept) - optimum)
    d_coef, d_intercept = textbook.gradient(Z, y, coef, intercept)
    coef, intercept = coef - best_rate * d_coef, intercept - best_rate * d_intercept
powers = (1 - best_rate * values) ** np.arange(3001)[:, np.newaxis]
closed_form = (powers * (vectors.T @ -optimum)) @ vectors.T
assert np.abs(distance - closed_form).max() < 1e-10 * np.abs(optimum).max()
last, *_ = textbook.gradient_descent(Z, y, best_rate, 50)
np.testing.assert_allclose(last - best_coef, distance[50][:p], rtol=1e-9, atol=1e-9)

# %% [markdown]
# The estimator descends too, with a solver object for each method. Each states its theory before it runs
# (`solver.theory(X, y)`), and the tape has the measured factor of every iteration beside the predicted one. Momentum
# replaces κ by its root: $(\sqrt\kappa - 1)/(\sqrt\kappa + 1)$ for the heavy ball, $1 - 1/\sqrt\kappa$ for Nesterov's
# method. Conjugate gradients do at least as well as the heavy ball's factor on average, and are done after as many
# steps as there are features, ten here, but for rounding.

# %%
descents = {
    "gradient descent": GradientDescent(),
    "Nesterov": Nesterov(),
    "heavy ball": HeavyBall(),
    "conjugate gradients": ConjugateGradients(),
}
tapes, rates = {}, {}
for name, solver in descents.items():
    theory = solver.theory(Z, y)
    with workings.record() as tape:
        model = LinearRegression(solver=solver).fit(Z, y)
    tapes[name] = tape.frame("iteration")
    np.testing.assert_allclose(model.coef_, best_coef, rtol=1e-6)
    rates[name] = {
        "factor, predicted": theory.predicted_rate,
        "factor, measured at the end": tapes[name]["rate_measured"].iloc[-1],
        "iterations to 1e-10, predicted": theory.iterations(1e-10),
        "measured": model.solution_.iterations[0],
    }
rates = pd.DataFrame(rates).T.astype({"iterations to 1e-10, predicted": int, "measured": int})
root = np.sqrt(ratio)
expected = [(ratio - 1) / (ratio + 1), 1 - 1 / root, (root - 1) / (root + 1), (root - 1) / (root + 1)]
np.testing.assert_allclose(rates["factor, predicted"], expected, rtol=1e-12)
for name in ("gradient descent", "Nesterov", "heavy ball"):
    end = tapes[name].iloc[-1]
    assert abs(end["rate_measured"] / end["rate_predicted"] - 1) < 1e-4, name
counts = rates["iterations to 1e-10, predicted"]
assert (counts["gradient descent"], counts["heavy ball"], counts["conjugate gradients"]) == (5412, 319, 10)
assert abs(rates.loc["heavy ball", "measured"] - 319) <= 2
assert rates.loc["conjugate gradients", "measured"] == 11
assert tapes["heavy ball"]["rate_measured"].iloc[0] > 1
rates

# %% [markdown]
# For ten digits, theory expects 5412 steps of gradient descent, 319 of the heavy ball and 10 of conjugate gradients;
# the last column has what it took. The figure shows the steps: after some dozen of them the measured factors (marks)
# lie on the predicted ones (lines). Nesterov's and the heavy ball's predictions change slowly, because two roots meet
# at the best momentum and the error is a power times $1 + gk$; early on, the heavy ball's gradient even grows. A rate
# beyond the limit of OLS.14 ends in a sentence, not in NaN. The direct solution needs none of these steps: descent is
# for problems where $p$ is too large to factorise.

# %%
figure, axis = plt.subplots(figsize=(7, 4))
looks = [("^", style.GREEN), ("s", style.ORANGE), ("o", style.BLUE), ("D", style.PURPLE)]
for (name, frame), (marker, colour) in zip(tapes.items(), looks, strict=True):
    some = np.unique(np.geomspace(1, len(frame), 24).astype(int)) - 1
    axis.plot(frame["iteration"], 1 - frame["rate_predicted"], "-", color=colour, lw=1.2)
    axis.plot(
        frame["iteration"].iloc[some],
        1 - frame["rate_measured"].iloc[some],
        marker,
        color=colour,
        ls="none",
        label=name,
    )
axis.set(xscale="log", yscale="log", xlabel="iteration", ylabel="share of the gradient removed, 1 - factor")
axis.set_title("Descents settle at the rates that theory states (lines)")
axis.legend(fontsize=8)
style.show(
    figure,
    "Share of the gradient that an iteration removes, for four descents: the measured marks of gradient descent, "
    "Nesterov's method and the heavy ball settle on their predicted lines; conjugate gradients end after eleven steps, "
    "above theirs on average. Where the gradient grows there is no mark.",
)
sentence = refusal(LinearRegression(solver=GradientDescent(rate=1.01 * limit)).fit, Z, y)
assert f"2/L = {limit:.6g}" in sentence
print(sentence)

# %% [markdown]
# ### Failure modes
#
# **Two columns say the same.** Then many coefficient vectors fit equally well. The textbook refuses and names the
# column. `workings` and scikit-learn return the one of least norm, which splits the effect in halves; `workings` warns
# that this is no right answer and that nothing is proved.

# %%
doubled = np.column_stack([X[:, [bmi]], X[:, [bmi]]])
sentence = refusal(textbook.normal_equations, doubled, y)
assert "pivot 1" in sentence
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    halves = LinearRegression().fit(doubled, y)
print("textbook:", sentence)
print(f"workings: {caught[0].category.__name__}: {caught[0].message}")
assert len(caught) == 1
assert not halves.solution_.certificate.proved
np.testing.assert_allclose(halves.coef_, line.coef_[0] / 2, rtol=1e-12)
np.testing.assert_allclose(SklearnLinearRegression().fit(doubled, y).coef_, halves.coef_, rtol=1e-12)
assert halves.rank_ == 1

# %% [markdown]
# **Two columns say nearly the same.** Longley's data explain employment in 16 years by six quantities that all grew
# together. `inference` says what each coefficient is worth: its standard errors agree with NIST's certified ones in
# more than 13.5 digits, and they are large.

# %%
COLUMNS = ["deflator", "gnp", "unemployed", "armed_forces", "population", "year"]
economy = pd.DataFrame(longley.X, columns=COLUMNS)
employment = LinearRegression().fit(economy, longley.y)
inference = employment.inference(economy, longley.y)
assert correct_digits(inference.standard_errors, [Fraction(text) for text in longley.standard_errors]) > 13.5
print(inference.summary())

# %% [markdown]
# Alone, gross national product goes with more employment, and almost all of the variance is explained. Beside the five
# others its coefficient is *negative*: the sign has flipped, the variance inflation is 1789, and with p = 0.31 the
# coefficient could as well be zero. Four of the six have an inflation above 100. Such a coefficient must not be
# interpreted, however small the error of the *computation* is.

# %%
alone = [LinearRegression().fit(economy[[name]], longley.y) for name in COLUMNS]
found = inference.frame()[["coefficient", "standard_error", "p"]].drop("intercept")
found.insert(0, "coefficient alone", [float(model.coef_[0]) for model in alone])
found["inflation"] = inference.collinearity().variance_inflation
assert found.loc["gnp", "coefficient alone"] > 0 > found.loc["gnp", "coefficient"]
assert alone[1].score(economy[["gnp"]], longley.y) > 0.96
assert (round(found.loc["gnp", "inflation"]), round(found.loc["gnp", "p"], 2)) == (1789, 0.31)
assert (found["inflation"] > 100).sum() == 4
found.map(lambda value: f"{value:.4g}")

# %% [markdown]
# **One row decides.** Squares make a large error count a hundredfold. Suppose that one patient's body mass index is
# typed with the decimal point one place to the right: the coefficient of `bmi` falls from 520 to 128.

# %%
broken = X.copy()
victim = int(np.argmax(X[:, bmi]))
broken[victim, bmi] *= 10
after_typo = LinearRegression().fit(broken, y)
assert (round(plane.coef_[bmi]), round(after_typo.coef_[bmi])) == (520, 128)
print(f"bmi: {plane.coef_[bmi]:.0f} before, {after_typo.coef_[bmi]:.0f} after one typing error in {n} rows")

# %% [markdown]
# **The shape is not a plane.** Anscombe's four data sets (1973) have the same line, the same R² of 0.67 and nothing
# else in common. No number of the fit reveals it; a picture of the residuals does.

# %%
TEN = [10.0, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
ANSCOMBE = {
    "a line with noise": (TEN, [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]),
    "a parabola": (TEN, [9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26, 4.74]),
    "one outlier": (TEN, [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73]),
    "one row decides": (
        [8.0] * 7 + [19.0] + [8.0] * 3,
        [6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89],
    ),
}
figure, axes = plt.subplots(1, 4, figsize=(9, 2.8), sharex=True, sharey=True)
for axis, (name, (xs, ys)) in zip(axes, ANSCOMBE.items(), strict=True):
    column, target = np.array(xs)[:, np.newaxis], np.array(ys)
    model = LinearRegression().fit(column, target)
    assert (round(float(model.coef_[0]), 2), round(float(model.intercept_), 1)) == (0.5, 3.0)
    assert round(model.score(column, target), 2) == 0.67
    axis.plot(xs, ys, "o", color=style.BLUE, ms=4)
    axis.axline((0, model.intercept_), slope=model.coef_[0], color=style.RED, ls="-")
    axis.set(title=name, xlim=(2, 20), ylim=(2, 14), xlabel="x")
axes[0].set_ylabel("y")
figure.suptitle("Four data sets, one line, one R²: 0.67", x=0.01, ha="left", weight="bold")
style.show(figure, "Anscombe's four data sets share line and R² 0.67 but only the first is a line with noise.")

# %% [markdown]
# ## Document
#
# ### The boundary of reliability
#
# - **Arithmetic.** With condition number κ of the centred, scaled columns, the textbook loses up to twice log₁₀ κ of
#   16 digits, and refuses from about κ = 10⁷. The estimator loses none: it returns the correct rounding of the exact
#   answer for the doubles passed in, and where it cannot prove that (dependent columns, κ beyond about 10¹³) it warns
#   and `solution_.certificate` says why. But data that were themselves rounded carry a doubt of log₁₀ κ digits, which
#   no arithmetic removes; `solution_.condition` says how many, and `solver="decimal"` reads decimals as written.
# - **Units.** Changing a column's unit must change nothing but that coefficient's unit. This holds for `workings` and
#   for scikit-learn with `tol=0`; it does not hold for scikit-learn 1.9's default.
# - **Uniqueness.** With dependent columns, or fewer rows than columns, the coefficients are a convention (least
#   norm). Only predictions inside the span of the data keep a meaning.
# - **Interpretation.** Digits say nothing about truth. Near-collinear columns (inflation above 10) have coefficients
#   whose sign may be chance, as `inference` shows. A single wrong row can decide. R² does not tell a line from a
#   parabola.
# - **Outside the data.** The plane goes on for ever, the phenomenon need not. Predictions for rows unlike the
#   training rows are guesses, and nothing in the fit warns of it.
# - **Not tested here.** Unequal spread of the errors, dependent rows (time series, repeated patients), causal reading
#   of a coefficient, and data beyond one machine's memory.
#
# ### For readers who do not compute
#
# *What it does.* Imagine the patients as points in a room, and a stiff sheet of glass that is placed so that it
# passes as near as possible to all of them. For a new patient, one reads off the height of the glass. "As near as
# possible" has a precise meaning, and there is exactly one best position.
#
# *How sure can we be of the calculation?* Because there is one best position, we worked it out once with exact
# fractions, as one would on paper, and compared. The program's answer is that one, rounded once to the sixteen digits
# that a computer keeps, and the program proves this for each of its answers or says that it cannot. The most widely
# used library agrees in more than twelve digits, with one exception that we show above: when two quantities have very
# different units, such as dollars and per cent, its normal setting quietly ignores one of them.
#
# *How sure can we be of the prediction?* Much less. The ten measurements explain about half of the difference between
# patients; the other half is in nobody's table. The method is good at *on average* and poor at *this patient*.
#
# *When not to rely on it.* When a new case is unlike all earlier ones. When two measurements always go together and
# one asks which of them is to blame. When a single strange record is in the data. When the truth has a threshold or a
# bend. In each of these, the numbers look just as tidy as always.
