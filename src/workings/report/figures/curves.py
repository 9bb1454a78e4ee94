"""Two curves laid over each other, and their difference below."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from workings.report.figures.series import flag, numbers, text
from workings.report.figures.style import OURS, REFERENCE, draw_difference, label, legend, number_ticks, stacked
from workings.report.words import short
from workings.validate.results import Picture

MARKED = 60
"""A curve with fewer steps than this shows each of them."""


def curves(picture: Picture) -> tuple[Figure, ...]:
    """Draw ``ours`` (n,) and ``reference`` (m,), on a logarithmic axis when ``log`` is true.

    Labels: ``x``, ``y``, ``ours``, ``reference``. The difference covers the steps that both have.
    """
    ours, reference = numbers(picture, "ours"), numbers(picture, "reference")
    figure, above, below = stacked(3.6)
    marker = "o" if max(len(ours), len(reference)) < MARKED else ""
    for values, name, colour, width, dashes, size in (
        (ours, "ours", OURS, 3.6, "-", 6),
        (reference, "reference", REFERENCE, 1.3, (0, (4, 2.5)), 2),
    ):
        above.plot(
            np.arange(1, len(values) + 1),
            values,
            label=short(text(picture, name, name), 30),
            color=colour,
            linewidth=width,
            linestyle=dashes,
            marker=marker,
            markersize=size,
            markeredgewidth=0,
        )
    together = np.concatenate([ours, reference])
    if flag(picture, "log") and (together[np.isfinite(together)] > 0).all():
        above.set_yscale("log")
    number_ticks(above.yaxis)
    shared = min(len(ours), len(reference))
    draw_difference(below, np.arange(1.0, shared + 1), ours[:shared] - reference[:shared], line=True)
    label(above, y=text(picture, "y", "value"))
    label(below, text(picture, "x", "step"), "difference")
    number_ticks(below.xaxis, 8, whole=True)
    legend(figure, above)
    return (figure,)
