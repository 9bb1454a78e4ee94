"""Coefficients side by side: one row a coefficient, the reference as a frame, ours as the dot inside."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

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
    values = values[np.isfinite(values)]
    sizes = np.abs(values[values != 0])
    if sizes.size == 0 or sizes.max() / sizes.min() <= WIDE_RANGE:
        number_ticks(axes.xaxis)
        return ""
    # Beyond ten orders of magnitude the smallest are drawn as zero: no picture could tell them apart.
    least = max(sizes.min(), sizes.max() * 1e-10)
    axes.set_xscale("symlog", linthresh=least)
    number_ticks(axes.xaxis)
    axes.xaxis.set_major_locator(FixedLocator(_powers(values, least, float(sizes.max()))))
    scale = axes.xaxis.get_transform()
    low, high = scale.transform(np.array([min(values.min(), 0.0), max(values.max(), 0.0)]))
    room = 0.06 * (high - low)
    axes.set_xlim(*scale.inverted().transform(np.array([low - room, high + room])))
    return " (logarithmic)"


def _powers(values: Vector, least: float, most: float) -> list[float]:
    """Choose zero and two powers of ten on each side that has coefficients, far enough apart to be read."""
    last = int(np.floor(np.log10(most)))
    middle = (last + int(np.ceil(np.log10(least)))) // 2
    shown = [10.0**exponent for exponent in sorted({middle, last})]
    below = [-power for power in reversed(shown)] if (values < 0).any() else []
    return [*below, 0.0, *(shown if (values > 0).any() else [])]
