"""The numbers of a picture, checked before they are drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workings.validate.results import Picture

Vector = npt.NDArray[np.float64]


def numbers(picture: Picture, name: str, ndim: int = 1) -> Vector:
    """Return a series as float64, or say which picture lacks it or has it in a wrong shape."""
    values = np.asarray(_series(picture, name))
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{_of(picture, name)} holds {values.dtype}; it must hold numbers.")
    if values.ndim != ndim or values.size == 0:
        raise ValueError(
            f"{_of(picture, name)} has the shape {values.shape}; it must have {ndim} dimension(s) and a value."
        )
    return values.astype(np.float64)


def names(picture: Picture, count: int) -> list[str]:
    """Return the `count` names of a picture."""
    values = [str(value) for value in np.ravel(np.asarray(_series(picture, "names")))]
    if len(values) != count:
        raise ValueError(f"{_of(picture, 'names')} holds {len(values)} names for {count} values.")
    return values


def same_length(picture: Picture, first: str, second: str) -> tuple[Vector, Vector]:
    """Return two vectors of one length."""
    a, b = numbers(picture, first), numbers(picture, second)
    if a.shape != b.shape:
        raise ValueError(
            f"{_of(picture, first)} has the shape {a.shape} and {second!r} has {b.shape}; they must be equal."
        )
    return a, b


def text(picture: Picture, name: str, otherwise: str) -> str:
    """Return a label of a picture, or what to write where it has none."""
    value = picture.labels.get(name, otherwise)
    return value if isinstance(value, str) else ", ".join(value)


def one_a_cell(points: Vector, cells: int, *groups: Vector) -> npt.NDArray[np.intp]:
    """Return the indices of one point of each cell and group, so that a large data set stays a small figure.

    Parameters
    ----------
    points : ndarray of shape (n, 2)
    cells : int
        Cells a side; the eye could not part two points in one of them.
    *groups : ndarray of shape (n,)
        Points of different groups are both kept.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    places = np.column_stack([np.rint((points - low) / span * cells), *groups])
    return np.sort(np.unique(places, axis=0, return_index=True)[1])


def flag(picture: Picture, name: str) -> bool:
    """Return whether a picture asks for something; one that does not mention it does not."""
    return bool(np.any(np.asarray(picture.series.get(name, False))))


def _series(picture: Picture, name: str) -> npt.NDArray[np.generic]:
    if name not in picture.series:
        held = ", ".join(picture.series) or "none"
        raise ValueError(f"The picture {picture.title!r} ({picture.kind}) lacks the series {name!r}; it has {held}.")
    return picture.series[name]


def _of(picture: Picture, name: str) -> str:
    return f"The series {name!r} of the picture {picture.title!r} ({picture.kind})"
