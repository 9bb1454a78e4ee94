"""Figures of trainings, each written by one call."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from workings.neural_network import LossLandscape, RangeTest, Sharpness
from workings.recording import Tape
from workings.report.figures.style import styled
from workings.report.figures.training import (
    layer_curves,
    loss_curves,
    range_curve,
    sharpness_curves,
    slice_contours,
)
from workings.report.files import write_together
from workings.report.words import counted, number

FORMATS = (".svg", ".png", ".pdf")

QUANTITIES = {
    "gradient_norm": "gradient norm",
    "update_norm": "norm of an update",
    "weight_norm": "norm of the weights",
    "update_ratio": "update / weights",
    "dead": "dead units (%)",
    "saturated": "saturated units (%)",
}

RULE_OF_THUMB = 1e-3
"""An update of a thousandth of the weights, which Karpathy's course notes (CS231n, 2015) call a healthy size."""


def plot_loss(tape: Tape, path: str | Path, *, fit: int | None = None) -> str:
    """Draw the loss, the part that is the data's, and the learning rate, epoch by epoch.

    Parameters
    ----------
    tape : Tape
        Of the training of a network.
    path : str or Path
        File to write, ``.svg``, ``.png`` or ``.pdf``; its folder is made if need be.
    fit : int, optional
        Which fit on the tape, from 0. By default all, one after another, as by `partial_fit`.

    Returns
    -------
    str
        What the figure shows, in words: for an ``alt`` attribute. The file holds it as its title.

    Raises
    ------
    ValueError
        If the tape holds no epochs, or no such fit, or the path ends otherwise.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import numpy as np, tempfile, workings
    >>> from pathlib import Path
    >>> from workings.neural_network import MLPRegressor
    >>> from workings.report import plot_loss
    >>> X = np.linspace(-1, 1, 40)[:, np.newaxis]
    >>> with workings.record() as tape:
    ...     _ = MLPRegressor(random_state=0).partial_fit(X, X[:, 0]).partial_fit(X, X[:, 0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_loss(tape, Path(folder) / "loss.svg").partition(" from ")[0]
    'The loss fell'
    """
    epochs = _of_fit(tape, "epoch", fit)
    if "penalty" not in epochs:
        raise ValueError("The tape's epochs are not those of a neural network.")
    first, last = float(epochs["loss"].iloc[0]), float(epochs["loss"].iloc[-1])
    verb = "fell" if last < first else "rose" if last > first else "went"
    share = float(epochs["penalty"].iloc[-1]) / last if last else 0.0
    claim = (
        f"The loss {verb} from {number(first)} to {number(last)} in {counted(len(epochs), 'epoch')}; "
        f"the penalty is {number(100 * share)} % of it."
    )
    return _write(path, claim, lambda: loss_curves(epochs))


def plot_layers(tape: Tape, path: str | Path, *, quantity: str = "update_ratio", fit: int | None = None) -> str:
    """Draw how the layers of a network do during its training, a line a layer.

    Parameters
    ----------
    tape : Tape
        Of the training of a network.
    path : str or Path
        File to write, ``.svg``, ``.png`` or ``.pdf``; its folder is made if need be.
    quantity : str, default="update_ratio"
        ``"gradient_norm"``, ``"update_norm"``, ``"weight_norm"``, ``"update_ratio"``, ``"dead"`` or ``"saturated"``:
        a column of ``tape.frame("layer")``.
    fit : int, optional
        Which fit on the tape, from 0. By default all, one after another, as by `partial_fit`.

    Returns
    -------
    str
        What the figure shows, in words: for an ``alt`` attribute. The file holds it as its title.

    Raises
    ------
    ValueError
        If the tape holds no layers, no such fit or no such quantity, or the path ends otherwise.
    OSError
        If the file cannot be written.

    Notes
    -----
    The faint line of the update ratio is at 0.001, a common rule of thumb for a healthy training. Dead and saturated
    units are those of hidden layers.
    """
    if quantity not in QUANTITIES:
        raise ValueError(f"There is no quantity {quantity!r}; choose one of {', '.join(QUANTITIES)}.")
    layers = _of_fit(tape, "layer", fit)
    if layers[quantity].isna().all():
        raise ValueError(f"No layer of this network has {quantity} units: it has no hidden layer.")
    mark = RULE_OF_THUMB if quantity == "update_ratio" else None
    return _write(path, _claim(layers, quantity), lambda: layer_curves(layers, quantity, QUANTITIES[quantity], mark))


def plot_range_test(found: RangeTest, path: str | Path) -> str:
    """Draw a learning-rate range test.

    Parameters
    ----------
    found : RangeTest
        From `learning_rate_range_test`.
    path : str or Path
        File to write, ``.svg``, ``.png`` or ``.pdf``; its folder is made if need be.

    Returns
    -------
    str
        What the figure shows, in words: for an ``alt`` attribute. The file holds it as its title.

    Raises
    ------
    ValueError
        If the path ends otherwise.
    OSError
        If the file cannot be written.
    """
    return _write(path, found.sentence, lambda: range_curve(found))


def plot_landscape(found: LossLandscape, path: str | Path) -> str:
    """Draw a slice through a network's loss as contours.

    Parameters
    ----------
    found : LossLandscape
        From `loss_landscape`.
    path : str or Path
        File to write, ``.svg``, ``.png`` or ``.pdf``; its folder is made if need be.

    Returns
    -------
    str
        What the figure shows, in words: for an ``alt`` attribute. The file holds it as its title.

    Raises
    ------
    ValueError
        If the path ends otherwise.
    OSError
        If the file cannot be written.

    Notes
    -----
    Where the network overflows the plane is blank.
    """
    return _write(path, found.sentence, lambda: slice_contours(found))


def plot_sharpness(found: Sequence[Sharpness], path: str | Path, *, epochs: Any = None) -> str:
    """Draw the sharpest curvature over a training beside what its rate can follow.

    Parameters
    ----------
    found : sequence of Sharpness
        From `sharpness`, one a moment of the training.
    path : str or Path
        File to write, ``.svg``, ``.png`` or ``.pdf``; its folder is made if need be.
    epochs : array-like of shape (len(found),), optional
        When each was measured; 1, 2, ... by default.

    Returns
    -------
    str
        What the figure shows, in words: for an ``alt`` attribute. The file holds it as its title.

    Raises
    ------
    ValueError
        If there is nothing to draw, the lengths differ, or the path ends otherwise.
    OSError
        If the file cannot be written.
    """
    places = np.arange(1.0, len(found) + 1) if epochs is None else np.asarray(epochs, dtype=np.float64)
    if not found or places.shape != (len(found),):
        raise ValueError(f"Got {counted(len(found), 'curvature')} and epochs of the shape {places.shape}.")
    above = sum(each.limit is not None and each.eigenvalue > each.limit for each in found)
    first, last = found[0].eigenvalue, found[-1].eigenvalue
    claim = f"The sharpest curvature went from {number(first)} to {number(last)}"
    if any(each.limit is not None for each in found):
        claim += " and exceeded what the learning rate can follow in "
        claim += f"{above or 'none'} of {counted(len(found), 'measurement')}"
    return _write(path, f"{claim}.", lambda: sharpness_curves(found, places))


def _claim(layers: pd.DataFrame, quantity: str) -> str:
    """Return what the last epoch says of the layers."""
    rows = layers.groupby("layer").tail(1).dropna(subset=[quantity])
    last = dict(zip(rows["layer"].tolist(), rows[quantity].tolist(), strict=True))
    most, least = max(last, key=last.__getitem__), min(last, key=last.__getitem__)
    if quantity in {"dead", "saturated"}:
        if last[most] == 0:
            return f"No hidden unit is {quantity} in the end."
        return f"Layer {most} ends with {number(100 * last[most])} % {quantity} units, the most of all."
    words = {
        "gradient_norm": "gradient's norm",
        "update_norm": "update's norm",
        "weight_norm": "weights' norm",
        "update_ratio": "update, relative to the weights,",
    }[quantity]
    if len(last) == 1:
        return f"The {words} is {number(last[most])} in the end."
    return (
        f"In the end the {words} is largest in layer {most} ({number(last[most])}) and smallest in layer "
        f"{least} ({number(last[least])})."
    )


def _of_fit(tape: Tape, event: str, fit: int | None) -> pd.DataFrame:
    frame = tape.frame(event) if fit is None else tape.frame(event).query("fit == @fit")
    if frame.empty:
        raise ValueError(f"The tape holds no {event} of a fit {fit}; it holds {counted(tape.fits, 'fit')}.")
    return frame


def _write(path: str | Path, claim: str, draw: Callable[[], Figure]) -> str:
    """Draw a figure under its claim, and write it."""
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"A figure is written as one of {', '.join(FORMATS)}; got the name {path.name!r}.")
    stream = BytesIO()
    with styled(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = draw()
        heading = figure.suptitle(textwrap.fill(claim, 52), x=0.02, ha="left", fontsize=10)
        heading.set_parse_math(False)
        form = path.suffix[1:].lower()
        dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[form]
        figure.savefig(stream, format=form, dpi=200, facecolor="white", metadata={"Title": claim, **dates})
    write_together(path.parent, {path.name: stream.getvalue()})
    return claim
