"""One coefficient as several fits report it: a bar a fit, its name and value written out."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from workings.report.figures.series import names, numbers, text
from workings.report.figures.style import FAINT, OURS, canvas, label, number_ticks
from workings.report.words import short, tick
from workings.validate.results import Picture


def dropped(picture: Picture) -> tuple[Figure, ...]:
    """Draw ``values`` (n,) as bars with ``names`` (n,) above them; the label ``x`` names the axis."""
    values = numbers(picture, "values")
    if not np.isfinite(values).all():
        raise ValueError(f"The series 'values' of the picture {picture.title!r} (dropped) must be finite.")
    rows = names(picture, len(values))
    figure = canvas(0.6 + 0.52 * len(rows))
    axes = figure.add_subplot()
    axes.barh(range(len(rows)), values, height=0.42, color=OURS)
    for place, (name, value) in enumerate(zip(rows, values, strict=True)):
        axes.annotate(
            f"\N{FIRST STRONG ISOLATE}{short(name, 34)}\N{POP DIRECTIONAL ISOLATE}: {tick(value)}",
            (0, place),
            xytext=(3, 10),
            textcoords="offset points",
            fontsize=9,
            va="bottom",
            parse_math=False,
            annotation_clip=False,
        )
    axes.axvline(0, color=FAINT, linewidth=0.8)
    axes.set_ylim(len(rows) - 0.5, -0.85)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    label(axes, text(picture, "x", "coefficient"))
    number_ticks(axes.xaxis)
    return (figure,)
