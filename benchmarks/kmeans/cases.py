"""What is clustered: data sets, drawn or real, each with its number of clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits, load_iris, make_blobs

Floats = npt.NDArray[np.floating]

REAL = {"iris": load_iris, "digits": load_digits}


@dataclass(frozen=True)
class Case:
    """Rows to cluster.

    Parameters
    ----------
    n, d : int
        Rows and features; of a real set, its own.
    k : int
        Clusters.
    data : str
        ``"blobs"``: k normal clouds of unit variance, their centres uniform in [-10, 10]^d; ``"uniform"``: no
        clusters at all, uniform in [0, 1]^d; or the name of a real set.
    max_iter : int
        Largest number of iterations, the same for everybody.
    """

    n: int
    d: int
    k: int
    data: str
    max_iter: int = 300

    @property
    def label(self) -> str:
        """Its name in tables."""
        return f"{self.n} x {self.d}, k = {self.k}, {self.data}"

    def rows(self) -> Floats:
        """Return X in C order, float64; the same numbers every time."""
        if self.data in REAL:
            X: Floats = REAL[self.data]().data
        elif self.data == "uniform":
            X = np.random.RandomState(self.n + self.d).uniform(size=(self.n, self.d))
        else:
            X, _ = make_blobs(self.n, self.d, centers=self.k, random_state=self.n + self.d)
        return np.ascontiguousarray(X)

    def initial_centers(self, X: Floats) -> Floats:
        """Return k random rows."""
        return X[np.random.RandomState(self.k).choice(len(X), self.k, replace=False)]
