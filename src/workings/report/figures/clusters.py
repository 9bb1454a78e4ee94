"""Clusters in a plane: ours and the reference as two panels, rows on which they disagree ringed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from workings.report.figures.series import Vector, numbers, one_a_cell, same_length, text
from workings.report.figures.style import CLUSTER_COLOURS, CLUSTER_SHAPES, INK, canvas, label, number_ticks
from workings.report.words import counted, short
from workings.validate.results import Picture

CELLS = 400
"""Points in the same one of this many cells a side are drawn once."""


def clusters(picture: Picture) -> tuple[Figure, ...]:
    """Draw ``plane`` (n, 2), ``ours`` and ``reference`` labels (n,), ``centers`` and ``reference_centers`` (k, 2).

    Labels: ``x`` and ``y`` name the axes, ``ours`` and ``reference`` the panels.
    """
    plane = _plane(picture, "plane")
    ours, reference = same_length(picture, "ours", "reference")
    if len(ours) != len(plane):
        raise ValueError(
            f"The picture {picture.title!r} (clusters) has {len(plane)} points in the plane and {len(ours)} labels."
        )
    apart = ours != reference
    return tuple(
        _panel(picture, plane, labels, apart, _plane(picture, centers), text(picture, side, side))
        for side, labels, centers in (
            ("ours", ours, "centers"),
            ("reference", reference, "reference_centers"),
        )
    )


def _panel(
    picture: Picture,
    plane: Vector,
    labels: Vector,
    apart: npt.NDArray[np.bool_],
    centers: Vector,
    title: str,
) -> Figure:
    figure = canvas(3.5)
    axes = figure.add_subplot()
    shown = np.zeros(len(plane), dtype=bool)
    shown[one_a_cell(plane, CELLS, labels)] = True
    for place, each in enumerate(np.unique(labels)):
        points = plane[shown & (labels == each)]
        axes.plot(
            points[:, 0],
            points[:, 1],
            CLUSTER_SHAPES[place % len(CLUSTER_SHAPES)],
            color=CLUSTER_COLOURS[place % len(CLUSTER_COLOURS)],
            ms=4,
            mew=0,
            alpha=0.75,
        )
    if apart.any():
        axes.plot(plane[apart, 0], plane[apart, 1], "o", mfc="none", mec=INK, mew=0.8, ms=8)
    axes.plot(centers[:, 0], centers[:, 1], "+", color=INK, ms=11, mew=1.8)
    for place, (x, y) in enumerate(centers):
        axes.annotate(str(place), (x, y), xytext=(5, 4), textcoords="offset points", fontsize=10, weight="bold")
    differing = counted(int(apart.sum()), "row") + " labelled differently (ringed)" if apart.any() else ""
    heading = short(title, 40) + (f": {differing}" if differing else "")
    axes.set_title(heading, loc="left", fontsize=10, parse_math=False)
    label(axes, text(picture, "x", "first component"), text(picture, "y", "second component"))
    number_ticks(axes.xaxis)
    number_ticks(axes.yaxis)
    return figure


def _plane(picture: Picture, name: str) -> Vector:
    values = numbers(picture, name, ndim=2)
    if values.shape[1] != 2 or not np.isfinite(values).all():
        raise ValueError(
            f"The series {name!r} of the picture {picture.title!r} (clusters) has the shape {values.shape}; "
            "it must be finite points of a plane, (n, 2)."
        )
    return values
