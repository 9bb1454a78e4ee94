"""Figures: one file a kind, each a function from a checked picture to drawn panels."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from workings.report.figures.clusters import clusters
from workings.report.figures.coefficients import coefficients
from workings.report.figures.curves import curves
from workings.report.figures.dropped import dropped
from workings.report.figures.predictions import predictions
from workings.report.figures.style import styled
from workings.report.figures.svg import inline
from workings.validate.results import Picture

KINDS: dict[str, Callable[[Picture], tuple[Figure, ...]]] = {
    "clusters": clusters,
    "coefficients": coefficients,
    "curves": curves,
    "dropped": dropped,
    "predictions": predictions,
}


@dataclass(frozen=True)
class Drawing:
    """The panels of one picture as inline SVG; the page sets them side by side or one below another."""

    panels: tuple[str, ...]


def draw(picture: Picture, key: str) -> Drawing:
    """Draw a picture.

    Parameters
    ----------
    picture : Picture
        What to draw.
    key : str
        Unique in the page; the identifiers inside the figure begin with it.

    Returns
    -------
    Drawing
        One or more panels.

    Raises
    ------
    ValueError
        When the kind is unknown, a series is missing, or a series has the wrong shape.
    """
    if picture.kind not in KINDS:
        raise ValueError(
            f"The picture {picture.title!r} is of the unknown kind {picture.kind!r}; "
            f"there are {', '.join(sorted(KINDS))}."
        )
    with styled(), warnings.catch_warnings():
        # The reader's browser, not matplotlib's own font, sets the text.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figures = KINDS[picture.kind](picture)
        return Drawing(tuple(inline(figure, f"{key}-{place}") for place, figure in enumerate(figures)))
