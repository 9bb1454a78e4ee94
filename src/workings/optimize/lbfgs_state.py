"""The state of an L-BFGS minimisation between two iterations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from workings.optimize.limited_memory import Pair, Vector


@dataclass(frozen=True, eq=False)
class LBFGSState:
    """All that an L-BFGS minimisation holds between two iterations.

    Parameters
    ----------
    x : ndarray of shape (n,)
    value : float
        The objective at `x`.
    gradient : ndarray of shape (n,)
    value_before : float, default=nan
        The objective an iteration earlier.
    step : float, default=nan
        Length of the last step in units of its direction.
    pairs : tuple of Pair, default=()
        The last steps and gradient differences, the oldest first.
    n_iterations : int, default=0
    n_evaluations : int, default=1

    Notes
    -----
    States share arrays with the states before and after them, so that keeping the last one costs nothing; the arrays
    are not to be changed.
    """

    x: Vector
    value: float
    gradient: Vector
    value_before: float = math.nan
    step: float = math.nan
    pairs: tuple[Pair, ...] = ()
    n_iterations: int = 0
    n_evaluations: int = 1

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the state as plain arrays by name, as `numpy.savez` takes them.

        Returns
        -------
        dict of str to ndarray
            Numbers as arrays without axes; the m pairs as ``steps`` and ``differences`` of shape (m, n) and
            ``curvatures`` of shape (m,).
        """
        size = self.x.shape[0]
        return {
            "x": self.x.copy(),
            "gradient": self.gradient.copy(),
            "steps": np.array([pair.step for pair in self.pairs]).reshape(-1, size),
            "differences": np.array([pair.difference for pair in self.pairs]).reshape(-1, size),
            "curvatures": np.array([pair.curvature for pair in self.pairs], dtype=np.float64),
            **{name: np.array(getattr(self, name), dtype=np.float64) for name in ("value", "value_before", "step")},
            **{name: np.array(getattr(self, name), dtype=np.int64) for name in ("n_iterations", "n_evaluations")},
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.ArrayLike]) -> Self:
        """Return the state that `arrays` came from, bit by bit.

        Parameters
        ----------
        arrays : mapping of str to array-like
            Such as an opened ``.npz`` file.

        Returns
        -------
        LBFGSState

        Raises
        ------
        ValueError
            If an array is missing, or its shape does not fit the others'.
        """
        names = ("x", "gradient", "steps", "differences", "curvatures", "value", "value_before", "step")
        missing = [name for name in (*names, "n_iterations", "n_evaluations") if name not in arrays]
        if missing:
            raise ValueError(f"These arrays of the state are missing: {', '.join(missing)}.")
        parts = {name: np.array(arrays[name], dtype=np.float64) for name in names}
        size, pairs = parts["x"].size, parts["curvatures"].size
        shapes = {"x": (size,), "gradient": (size,), "steps": (pairs, size), "differences": (pairs, size)}
        for name, shape in shapes.items():
            if parts[name].shape != shape:
                raise ValueError(f"{name} has shape {parts[name].shape}, but the other arrays ask for {shape}.")
        return cls(
            x=parts["x"],
            value=float(parts["value"]),
            gradient=parts["gradient"],
            value_before=float(parts["value_before"]),
            step=float(parts["step"]),
            pairs=tuple(map(Pair, parts["steps"], parts["differences"], parts["curvatures"].tolist())),
            n_iterations=int(np.asarray(arrays["n_iterations"])),
            n_evaluations=int(np.asarray(arrays["n_evaluations"])),
        )
