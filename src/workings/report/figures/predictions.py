"""Predictions against predictions: on the diagonal when equal, and their difference below."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from workings.report.figures.series import one_a_cell, same_length, text
from workings.report.figures.style import FAINT, OURS, draw_difference, label, number_ticks, stacked
from workings.validate.results import Picture

CELLS = 240
"""Points in the same one of this many cells a side are drawn once."""


def predictions(picture: Picture) -> tuple[Figure, ...]:
    """Draw ``ours`` against ``reference``, each (n,); labels ``ours`` and ``reference`` name the axes."""
    ours, reference = same_length(picture, "ours", "reference")
    known = np.isfinite(ours) & np.isfinite(reference)
    if not known.any():
        raise ValueError(f"The picture {picture.title!r} (predictions) has no finite pair to draw.")
    ours, reference = ours[known], reference[known]
    figure, above, below = stacked(4.2)
    low, high = reference.min(), reference.max()
    above.plot([low, high], [low, high], color=FAINT, linewidth=1)
    shown = one_a_cell(np.column_stack([reference, ours]), CELLS)
    above.plot(reference[shown], ours[shown], "o", mfc="none", mec=OURS, mew=0.9, ms=4)
    difference = ours - reference
    shown = one_a_cell(np.column_stack([reference, difference]), CELLS)
    draw_difference(below, reference[shown], difference[shown], line=False)
    label(above, y=text(picture, "ours", "ours"))
    label(below, text(picture, "reference", "reference"), "difference")
    number_ticks(above.yaxis)
    number_ticks(below.xaxis)
    return (figure,)
