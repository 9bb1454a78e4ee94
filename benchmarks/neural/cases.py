"""What is trained: data, layers and options, the same for everybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .data import Data

NEVER = 10**9  # epochs without improvement: everybody runs all epochs


@dataclass(frozen=True)
class Case:
    """A network and its data.

    Parameters
    ----------
    label : str
        Its name in tables.
    kind : {"MLPClassifier", "MLPRegressor"}
    data : callable
        Returns X and y in float64.
    hidden : tuple of int
        Units of the hidden layers.
    epochs : int
        Or iterations of L-BFGS.
    options : mapping
        Other parameters of the estimator.
    dtype : str
        That X is cast to, and a regressor's y.
    """

    label: str
    kind: str
    data: Callable[[], Data]
    hidden: tuple[int, ...]
    epochs: int
    options: Mapping[str, Any] = field(default_factory=dict)
    dtype: str = "float64"

    def rows(self) -> Data:
        """Return X in C order, and y."""
        X, y = self.data()
        if self.kind == "MLPRegressor":
            y = y.astype(self.dtype)
        return np.ascontiguousarray(X, dtype=self.dtype), y

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the estimator: every epoch is run, whatever the loss does."""
        return {
            "hidden_layer_sizes": self.hidden,
            "max_iter": self.epochs,
            "random_state": 0,
            "tol": 0.0,
            "n_iter_no_change": NEVER,
            **self.options,
        }
