"""Coefficients side by side: one row a coefficient, the reference as a frame, ours as the dot inside."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import SymmetricalLogLocator

from workings.report.figures.series import Vector, names, same_length, text
from workings.report.figures.style import FAINT, OURS, REFERENCE, canvas, label, legend, named_ticks, number_ticks
from workings.report.words import short
from workings.validate.results import Picture

NAMED_ROWS = 40
"""More coefficients than this are drawn by their index."""

WIDE_RANGE = 1e3
"""Magnitudes further apart than this need a logarithmic axis."""


def coefficients(picture: Picture) -> tuple[Figure, ...]:
    """Draw series ``names``, ``ours`` and ``reference``, each (n,); labels ``x``, ``ours``, ``reference``."""
    ours, reference = same_length(picture, "ours", "reference")
    rows = [short(each, 24) for each in names(picture, len(ours))]
    named = len(rows) <= NAMED_ROWS
    figure = canvas(0.9 + 0.2 * len(rows) if named else 4.2)
    axes = figure.add_subplot()
    places = np.arange(len(rows))
    axes.axvline(0, color=FAINT, linewidth=0.8)
    size = 7.0 if named else 5.0
    axes.plot(
        reference,
        places,
        "s",
        mfc="none",
        mec=REFERENCE,
        mew=1.2,
        ms=size,
        label=short(text(picture, "reference", "reference"), 30),
    )
    axes.plot(ours, places, "o", color=OURS, ms=size - 3.4, label=short(text(picture, "ours", "ours"), 30))
    if named:
        named_ticks(axes, rows)
        axes.grid(axis="y")
    else:
        axes.invert_yaxis()
    scale = _scale(axes, np.concatenate([ours, reference]))
    label(axes, text(picture, "x", "coefficient") + scale, "" if named else "index of the coefficient")
    legend(figure, axes)
    return (figure,)


def _scale(axes: Axes, values: Vector) -> str:
    """Choose the axis's scale and return what to add to its name."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if sizes.size == 0 or sizes.max() / sizes.min() <= WIDE_RANGE:
        number_ticks(axes.xaxis)
        return ""
    # Beyond ten orders of magnitude the smallest are drawn as zero: no picture could tell them apart.
    least = max(sizes.min(), sizes.max() * 1e-10)
    axes.set_xscale("symlog", linthresh=least)
    locator = SymmetricalLogLocator(base=10, linthresh=least)
    locator.set_params(numticks=5)
    axes.xaxis.set_major_locator(locator)
    number_ticks(axes.xaxis)
    return " (logarithmic)"
