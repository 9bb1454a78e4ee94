"""Ordinary least squares as derived: normal equations by Cholesky, and gradient descent.

X is (n, p), y and ŷ are (n,), β is (p,), b a number; x̄, ȳ are column means, Xc = X - x̄, yc = y - ȳ.

Equations
---------
OLS.1   ŷ = Xβ + b                                  prediction
OLS.2   J(β, b) = 1/(2n) Σᵢ (ŷᵢ - yᵢ)²              loss: half the mean squared residual
OLS.3   ∂J/∂β = 1/n Xᵀ(ŷ - y)                       gradient in the coefficients
OLS.4   ∂J/∂b = 1/n Σᵢ (ŷᵢ - yᵢ)                    gradient in the intercept
OLS.5   b = ȳ - x̄ᵀβ                                 intercept: OLS.4 set to zero
OLS.6   XcᵀXc β = Xcᵀyc                             normal equations: OLS.5 put into OLS.3 = 0
OLS.7   Lⱼⱼ = √(Aⱼⱼ - Σₖ Lⱼₖ²),  k < j              Cholesky A = LLᵀ, diagonal
OLS.8   Lᵢⱼ = (Aᵢⱼ - Σₖ LᵢₖLⱼₖ) / Lⱼⱼ,  k < j < i   Cholesky, below the diagonal
OLS.9   zᵢ = (cᵢ - Σₖ Lᵢₖzₖ) / Lᵢᵢ,  k < i          forward substitution, Lz = c
OLS.10  βᵢ = (zᵢ - Σₖ Uᵢₖβₖ) / Uᵢᵢ,  k > i          back substitution, Uβ = z with U = Lᵀ
OLS.11  (β, b) ← (β, b) - η (∂J/∂β, ∂J/∂b)          gradient descent with rate η
OLS.12  H = 1/n [X 1]ᵀ[X 1]                         Hessian of J in (β, b)
OLS.13  M ← M² / tr M²,  λ = tr(HM) → λmax(H)       largest curvature by repeated squaring from M = H/tr H
OLS.14  0 < η < 2/λmax(H)                           rates for which OLS.11 converges
"""

from __future__ import annotations

import numpy as np

from workings.textbook.checks import Floats, finite_array, same_length


def predict(X: Floats, coef: Floats, intercept: float) -> Floats:
    """Return ŷ, shape (n,)."""
    return X @ coef + intercept  # OLS.1


def loss(X: Floats, y: Floats, coef: Floats, intercept: float) -> float:
    """Return half the mean squared residual; the factor 1/2 cancels the 2 of the derivative."""
    residual = predict(X, coef, intercept) - y
    J: float = np.sum(residual**2) / (2 * len(y))  # OLS.2
    return J


def gradient(X: Floats, y: Floats, coef: Floats, intercept: float) -> tuple[Floats, float]:
    """Return the derivatives of `loss` in `coef`, shape (p,), and in `intercept`."""
    residual = predict(X, coef, intercept) - y
    d_coef = X.T @ residual / len(y)  # OLS.3
    d_intercept = residual.sum() / len(y)  # OLS.4
    return d_coef, d_intercept


def cholesky(A: Floats) -> Floats:
    """Return the lower triangular L with LLᵀ = A; p³/3 flops.

    Parameters
    ----------
    A : ndarray of shape (p, p)
        Symmetric; only the lower triangle is read.

    Returns
    -------
    ndarray of shape (p, p)
        Lower triangular, positive diagonal.

    Raises
    ------
    ValueError
        A is not square, or a pivot is not positive beyond rounding, 10p·2⁻⁵²·Aⱼⱼ: column j then is a linear
        combination of earlier ones, or A is indefinite.
    """
    A = finite_array("A", A, 2)
    p = len(A)
    same_length("rows of A", p, "columns of A", A.shape[1])
    L = np.zeros((p, p))
    for j in range(p):
        pivot = A[j, j] - L[j, :j] @ L[j, :j]
        if pivot <= 10 * p * np.finfo(np.float64).eps * A[j, j]:
            raise ValueError(
                f"The matrix is not positive definite: pivot {j} is {pivot:.3g} where the diagonal has "
                f"{A[j, j]:.3g}. In a regression, column {j} is constant or a combination of earlier ones."
            )
        L[j, j] = np.sqrt(pivot)  # OLS.7
        for i in range(j + 1, p):
            L[i, j] = (A[i, j] - L[i, :j] @ L[j, :j]) / L[j, j]  # OLS.8
    return L


def forward_substitution(L: Floats, b: Floats) -> Floats:
    """Return z with Lz = b for a lower triangular L, from the first row down; p² flops."""
    z = np.zeros(len(b))
    for i in range(len(b)):
        z[i] = (b[i] - L[i, :i] @ z[:i]) / L[i, i]  # OLS.9
    return z


def back_substitution(U: Floats, b: Floats) -> Floats:
    """Return x with Ux = b for an upper triangular U, from the last row up; p² flops."""
    x = np.zeros(len(b))
    for i in reversed(range(len(b))):
        x[i] = (b[i] - U[i, i + 1 :] @ x[i + 1 :]) / U[i, i]  # OLS.10
    return x


def normal_equations(X: Floats, y: Floats) -> tuple[Floats, float]:
    """Return the minimiser of `loss`, from the centred normal equations.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        One row an observation.
    y : ndarray of shape (n,)
        Targets.

    Returns
    -------
    coef : ndarray of shape (p,)
    intercept : float

    Raises
    ------
    ValueError
        NaN or infinity, lengths that differ, or columns that depend on each other (no unique minimiser).

    Notes
    -----
    np² + p³/3 flops. Fails when the condition number of the equilibrated Xc approaches 1e8: XcᵀXc squares it.
    """
    X, y = finite_array("X", X, 2), finite_array("y", y, 1)
    same_length("rows of X", len(X), "entries of y", len(y))
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    L = cholesky(Xc.T @ Xc)  # OLS.6, left-hand side
    z = forward_substitution(L, Xc.T @ yc)  # OLS.6, right-hand side
    coef = back_substitution(L.T, z)
    intercept = y.mean() - X.mean(axis=0) @ coef  # OLS.5
    return coef, float(intercept)


def largest_curvature(X: Floats) -> float:
    """Return the largest eigenvalue of the Hessian; sixty squarings make a power method of 2⁶⁰ steps."""
    X1 = np.column_stack([X, np.ones(len(X))])
    H = X1.T @ X1 / len(X)  # OLS.12
    M = H / np.trace(H)
    for _ in range(60):
        M = M @ M
        M = M / np.trace(M)  # OLS.13
    return float(np.trace(H @ M))


def gradient_descent(X: Floats, y: Floats, rate: float, steps: int) -> tuple[Floats, float, list[float]]:
    """Return coefficients, intercept and every loss of gradient descent from zero.

    Parameters
    ----------
    X : ndarray of shape (n, p)
    y : ndarray of shape (n,)
    rate : float
        η, between 0 and 2/λmax(H).
    steps : int
        Number of updates.

    Returns
    -------
    coef : ndarray of shape (p,)
    intercept : float
    losses : list of float
        steps + 1 numbers: the loss at the start and after each update.

    Raises
    ------
    ValueError
        NaN or infinity, lengths that differ, or a rate that diverges; the sentence names the limit.
    """
    X, y = finite_array("X", X, 2), finite_array("y", y, 1)
    same_length("rows of X", len(X), "entries of y", len(y))
    limit = 2 / largest_curvature(X)
    if not 0 < rate < limit:  # OLS.14
        raise ValueError(
            f"rate must lie between 0 and 2/L = {limit:.6g}; beyond it, the loss diverges. Got {rate:.6g}."
        )
    coef, intercept = np.zeros(X.shape[1]), 0.0
    losses = [loss(X, y, coef, intercept)]
    for _ in range(steps):
        d_coef, d_intercept = gradient(X, y, coef, intercept)
        coef, intercept = coef - rate * d_coef, intercept - rate * d_intercept  # OLS.11
        losses.append(loss(X, y, coef, intercept))
    return coef, float(intercept), losses
