"""Data and runs that the tests of descent share."""

from __future__ import annotations

import numpy as np
import pytest

import workings
from workings.base import ConvergenceWarning
from workings.linear_model import LinearRegression
from workings.validate import datasets

DIABETES = datasets.standardised(datasets.diabetes())
X, Y = DIABETES.X, DIABETES.y
N, P = X.shape
ZEROS = np.zeros(N)
START = np.random.RandomState(0).standard_normal(P)

CENTRED = X.astype(np.longdouble) - X.astype(np.longdouble).mean(axis=0)
HESSIAN = CENTRED.T @ CENTRED / N
EIGENVALUES, EIGENVECTORS = np.linalg.eigh(HESSIAN.astype(float))
L, MU = EIGENVALUES[-1], EIGENVALUES[0]
KAPPA = L / MU


def run(solver, y=Y, X=X, **model):
    """Fit to a certain number of iterations; return the solution, the table of iterations and their coefficients."""
    with workings.record(arrays=True) as tape, pytest.warns(ConvergenceWarning):
        fitted = LinearRegression(solver=solver, **model).fit(X, y)
    table = tape.frame("iteration")
    return fitted.solution_, table, np.array(tape.arrays("coefficients")[: len(table)])
