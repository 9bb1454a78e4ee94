"""How a training went, and what its loss looks like: one function a figure, from numbers to a drawn figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from workings.neural_network import LossLandscape, RangeTest, Sharpness
from workings.report.figures.style import (
    CLUSTER_COLOURS,
    CLUSTER_SHAPES,
    DIFFERENCE,
    FAINT,
    INK,
    OURS,
    REFERENCE,
    canvas,
    label,
    number_ticks,
)
from workings.report.words import tick

Vector = npt.NDArray[np.float64]

MARKED = 60
"""A curve with fewer points than this shows each of them."""

WIDE_RANGE = 30.0
"""Positive values further apart than this are drawn on a logarithmic axis."""


def loss_curves(epochs: pd.DataFrame) -> Figure:
    """Draw ``loss``, its ``penalty`` and, below, the ``learning_rate``, by epoch."""
    figure = canvas(3.9)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.4, 1])
    places = np.arange(1, len(epochs) + 1)
    loss, penalty = epochs["loss"].to_numpy(), epochs["penalty"].to_numpy()
    for values, name, colour, dashes in (
        (loss, "loss, with penalty", OURS, "-"),
        (loss - penalty, "loss of the data", REFERENCE, (0, (4, 2.5))),
    ):
        above.plot(places, values, label=name, color=colour, linestyle=dashes, linewidth=1.6, **_marks("o", places))
    rates = epochs["learning_rate"].to_numpy()
    below.plot(places, rates, color=DIFFERENCE, linewidth=1.6, **_marks("^", places))
    for axes, values in ((above, np.concatenate([loss, loss - penalty])), (below, rates)):
        _scale(axes.yaxis, axes, values)
    number_ticks(below.xaxis, 8, whole=True)
    label(above, y="loss")
    label(below, "epoch", "learning rate")
    _legend(figure, above)
    return figure


def layer_curves(layers: pd.DataFrame, quantity: str, name: str, mark: float | None = None) -> Figure:
    """Draw one column of the tape's layers by epoch, a line a layer; shares are drawn in per cent."""
    figure = canvas(3.3)
    axes = figure.add_subplot()
    share = quantity in {"dead", "saturated"}
    shown = layers[layers[quantity].notna()]
    for place, (layer, rows) in enumerate(shown.groupby("layer")):
        values = rows[quantity].to_numpy() * (100 if share else 1)
        places = np.arange(1, len(values) + 1)
        axes.plot(
            places,
            values,
            label=f"layer {layer}",
            color=CLUSTER_COLOURS[place % len(CLUSTER_COLOURS)],
            linewidth=1.6,
            **_marks(CLUSTER_SHAPES[place % len(CLUSTER_SHAPES)], places),
        )
    if share:
        axes.set_ylim(-4, 104)
        number_ticks(axes.yaxis)
    else:
        _scale(axes.yaxis, axes, shown[quantity].to_numpy())
    if mark is not None:
        axes.axhline(mark, color=FAINT, linewidth=1, linestyle=(0, (1, 2)))
    number_ticks(axes.xaxis, 8, whole=True)
    label(axes, "epoch", name)
    _legend(figure, axes)
    return figure


def range_curve(found: RangeTest) -> Figure:
    """Draw the losses of a range test over its rates, with the two rates that are read off."""
    figure = canvas(3.3)
    axes = figure.add_subplot()
    axes.plot(found.rates, found.losses, "o", color=FAINT, markersize=2.6, mew=0, label="a batch")
    axes.plot(found.rates, found.smoothed, color=OURS, linewidth=1.8, label="smoothed")
    best = float(found.smoothed.min())
    # beyond four times the best the training has diverged; how far does not matter
    roof = 1.15 * max(float(found.smoothed[0]), 4 * best)
    axes.set_xscale("log")
    number_ticks(axes.xaxis)
    _scale(axes.yaxis, axes, np.minimum(found.smoothed, roof))
    axes.set_ylim(top=min(roof, 1.15 * float(found.losses.max())))
    for rate, name, colour, dashes in (
        (found.steepest, "steepest fall", DIFFERENCE, (0, (4, 2))),
        (found.largest_stable, "smallest loss", REFERENCE, (0, (1, 1.5))),
    ):
        if math.isfinite(rate):
            axes.axvline(
                rate, color=colour, linewidth=1.4, linestyle=dashes, label=f"{name}: {tick(float(f'{rate:.2g}'))}"
            )
    label(axes, "learning rate", "loss of the batch")
    _legend(figure, axes)
    return figure


def slice_contours(found: LossLandscape) -> Figure:
    """Draw a slice through the loss as contours, with the model and the smallest loss."""
    figure = canvas(3.9)
    axes = figure.add_subplot()
    loss = np.ma.masked_invalid(found.loss.T)
    low, high = float(loss.min()), float(loss.max())
    logarithmic = low > 0 and high > WIDE_RANGE * low
    if high > low:
        levels = np.geomspace(low, high, 13) if logarithmic else np.linspace(low, high, 13)
        shades = axes.contourf(
            found.places, found.places, loss, levels, cmap="cividis", norm="log" if logarithmic else "linear"
        )
        axes.contour(found.places, found.places, loss, levels, colors=INK, linewidths=0.3)
        bar = figure.colorbar(shades, ax=axes, shrink=0.9, ticks=levels[::3])
        bar.ax.set_yticks(levels[::3], [tick(float(f"{level:.2g}")) for level in levels[::3]])
        bar.ax.minorticks_off()
        bar.ax.set_title("loss", fontsize=9, loc="left")
    places = [(0.0, 0.0, "P", "the model")]
    lowest = np.unravel_index(int(loss.argmin()), loss.shape)
    second, first = (float(found.places[place]) for place in lowest)
    if first or second:
        places.append((first, second, "X", "smallest loss"))
    for x, y, shape, name in places:
        axes.plot(x, y, shape, color="white", mec=INK, mew=1, markersize=9, linestyle="none", label=name)
    axes.set_aspect("equal")
    number_ticks(axes.xaxis)
    number_ticks(axes.yaxis)
    label(axes, "step along the first direction", "step along the second")
    _legend(figure, axes)
    return figure


def sharpness_curves(found: Sequence[Sharpness], epochs: Vector) -> Figure:
    """Draw curvatures over a training beside what the rate can follow."""
    figure = canvas(3.3)
    axes = figure.add_subplot()
    values = np.array([each.eigenvalue for each in found])
    limits = np.array([np.nan if each.limit is None else each.limit for each in found])
    axes.plot(epochs, values, color=OURS, linewidth=1.8, label="sharpest curvature", **_marks("o", epochs))
    if np.isfinite(limits).any():
        axes.plot(
            epochs,
            limits,
            color=REFERENCE,
            linewidth=1.4,
            linestyle=(0, (4, 2.5)),
            label="limit of the rate",
            **_marks("s", epochs),
        )
    _scale(axes.yaxis, axes, np.concatenate([values, limits]))
    number_ticks(axes.xaxis, 8, whole=True)
    label(axes, "epoch", "curvature of the loss")
    _legend(figure, axes)
    return figure


def _legend(figure: Figure, axes: Axes) -> None:
    """Name the series below the plot; the claim stands above it."""
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower left", ncols=2 if len(names) < 7 else 3, handlelength=2.4)


def _marks(shape: str, places: npt.NDArray[np.generic]) -> dict[str, Any]:
    """Return how a curve is marked: every point of a few, ten of many."""
    return {
        "marker": shape,
        "markersize": 4,
        "markeredgewidth": 0,
        "markevery": 1 if len(places) < MARKED else max(1, len(places) // 10),
    }


def _scale(axis: Axis, axes: Axes, values: Vector) -> None:
    """Choose a linear axis, or a logarithmic one for positive values of very different size."""
    values = values[np.isfinite(values)]
    if values.size and values.min() > 0 and values.max() > WIDE_RANGE * values.min():
        axes.set_yscale("log")
    number_ticks(axis)
