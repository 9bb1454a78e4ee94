"""The plane in which clusters are drawn: our own principal components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plane:
    """Two orthonormal directions through the mean.

    Parameters
    ----------
    mean : ndarray of shape (p,)
    directions : ndarray of shape (2, p)
    explained : tuple of float
        Share of the total variance along each direction.
    """

    mean: Floats
    directions: Floats
    explained: tuple[float, float]

    def project(self, points: Floats) -> Floats:
        """Coordinates of points, shape (n, p), in the plane, shape (n, 2)."""
        coordinates: Floats = (points - self.mean) @ self.directions.T
        return coordinates


def principal_plane(X: Floats) -> Plane:
    """Return the plane of largest variance.

    Parameters
    ----------
    X : ndarray of shape (n, p), float64, p >= 2

    Returns
    -------
    Plane
        Each direction's largest component is positive (the first of several equal ones), so that the picture is
        never mirrored from one run to the next.

    Notes
    -----
    Right singular vectors of the centred X; 2 n p² flops. Fails when (is arbitrary where) the second and third
    variance are equal.

    Examples
    --------
    >>> plane = principal_plane(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]))
    >>> np.round(plane.directions[0], 3)
    array([0.707, 0.707])
    """
    mean = X.mean(axis=0)
    _, spectrum, directions = np.linalg.svd(X - mean, full_matrices=False)
    chosen = directions[:2]
    largest = np.take_along_axis(chosen, np.abs(np.round(chosen, 12)).argmax(axis=1)[:, None], axis=1)
    share = spectrum**2 / (spectrum**2).sum()
    return Plane(mean, chosen * np.sign(largest), (float(share[0]), float(share[1])))
