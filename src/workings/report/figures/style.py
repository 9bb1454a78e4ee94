"""Colours, shapes and sizes that all figures share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib.style
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from workings.report.words import short, tick

# Okabe and Ito's colours. The page's style sheet may lighten each by its name on a dark ground.
OURS = "#0072b2"
REFERENCE = "#d55e00"
DIFFERENCE = "#009e73"
INK = "#22262b"
FAINT = "#8a9099"
NAMES = {OURS: "ours", REFERENCE: "reference", DIFFERENCE: "difference", INK: "ink", FAINT: "faint"}
NAMES |= {"#cc79a7": "purple", "#e69f00": "orange", "#56b4e9": "sky"}

CLUSTER_COLOURS = (OURS, REFERENCE, DIFFERENCE, "#cc79a7", INK, "#e69f00", "#56b4e9")
CLUSTER_SHAPES = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")

WIDTH = 4.0
"""Inches of 72 units each. The page shows a figure 288 to 450 px wide, so that text stays 9 to 13 px."""

LONGEST_LABEL = 40
"""Characters of an axis's name that fit beside it."""

_STYLE = {
    "axes.edgecolor": FAINT,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.labelsize": 9.5,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.size": 9,
    "grid.color": FAINT,
    "grid.linewidth": 0.4,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "workings",
    "text.color": INK,
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in this style whatever the user's own settings are, and put those back afterwards."""
    with matplotlib.style.context(["default", _STYLE]):
        yield


def canvas(height: float) -> Figure:
    """Return an empty figure of the common width that knows nothing of windows."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure


def stacked(height: float) -> tuple[Figure, Axes, Axes]:
    """Return a figure with a tall plot above and its difference below, on one horizontal axis."""
    figure = canvas(height)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 1])
    return figure, above, below


def legend(figure: Figure, axes: Axes) -> None:
    """Place the names of the series above the plot, where they cover nothing."""
    handles, names = axes.get_legend_handles_labels()
    drawn = figure.legend(handles, names, loc="outside upper left", ncols=2, handlelength=2.4)
    for text in drawn.get_texts():
        text.set_parse_math(False)


def number_ticks(axis: Axis, count: int = 5, whole: bool = False) -> None:
    """Write the axis's numbers for people; `count` is the most that fit, `whole` leaves out fractions."""
    if axis.get_scale() == "linear":
        axis.set_major_locator(MaxNLocator(count, integer=whole))
    if axis.get_scale() == "log":
        low, high = np.sort(np.abs(axis.get_view_interval()))
        axis.set_major_locator(LogLocator(subs=(1.0,) if high / low > 1e3 else (1.0, 2.0, 5.0), numticks=count))
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axis.set_minor_locator(NullLocator())


def named_ticks(axes: Axes, names: Sequence[str]) -> None:
    """Write a name beside each row, first name on top; no name is read as a formula."""
    axes.set_yticks(range(len(names)), names)
    for text in axes.get_yticklabels():
        text.set_parse_math(False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def label(axes: Axes, x: str = "", y: str = "") -> None:
    """Name the axes; no name is read as a formula."""
    axes.set_xlabel(short(x, LONGEST_LABEL), loc="right").set_parse_math(False)
    axes.set_ylabel(short(y, LONGEST_LABEL), loc="top").set_parse_math(False)


def draw_difference(
    axes: Axes, places: npt.NDArray[np.float64], difference: npt.NDArray[np.float64], line: bool
) -> None:
    """Draw a difference around zero; where there is none, say so on the line itself."""
    axes.axhline(0, color=FAINT, linewidth=0.8)
    if difference.size == 0 or not difference.any():
        axes.set_ylim(-1, 1)
        axes.set_yticks([0], ["0"])
        axes.text(
            0.5,
            0.62,
            "no difference in any bit" if difference.size else "nothing to subtract",
            transform=axes.transAxes,
            ha="center",
            fontsize=9,
        )
        axes.plot(places, np.zeros(places.shape), linestyle="none")
        return
    shape = "-" if line else "D"
    axes.plot(places, difference, shape, color=DIFFERENCE, linewidth=1.2, markersize=2.6)
    number_ticks(axes.yaxis, 3)
