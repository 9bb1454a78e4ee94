"""Figures of trainings: each is written by one call, says its claim, and shows the numbers that it was given."""

from __future__ import annotations

import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib
import numpy as np
import pytest

import workings
from workings.neural_network import (
    LossLandscape,
    MLPRegressor,
    RangeTest,
    Sharpness,
    learning_rate_range_test,
    loss_landscape,
    sharpness,
)
from workings.recording import Step, Tape
from workings.report import plot_landscape, plot_layers, plot_loss, plot_range_test, plot_sharpness
from workings.report.figures.style import styled
from workings.report.figures.training import layer_curves, loss_curves, range_curve, sharpness_curves, slice_contours
from workings.report.training import QUANTITIES

X = np.random.RandomState(0).randn(60, 3)
Y = np.sin(X[:, 0]) + X[:, 1]


@pytest.fixture(scope="module")
def model() -> MLPRegressor:
    return MLPRegressor(
        hidden_layer_sizes=(5, 4), solver="sgd", max_iter=6, batch_size=20, learning_rate_init=0.05, random_state=0
    )


@pytest.fixture(scope="module")
def tape(model: MLPRegressor) -> Tape:
    with warnings.catch_warnings(), workings.record() as recorded:
        warnings.simplefilter("ignore")
        model.fit(X, Y)
    return recorded


def curvature(value: float, limit: float | None) -> Sharpness:
    return Sharpness(value, np.ones(1), 0.0, 1, True, "gradient descent", 0.1, limit)


def svg_of(path: Path) -> str:
    text = path.read_text("utf-8")
    ET.fromstring(text)
    return text


def test_every_figure_is_written_with_its_claim_as_title(model: MLPRegressor, tape: Tape, tmp_path: Path) -> None:
    calls = {
        "loss": lambda path: plot_loss(tape, path),
        "range": lambda path: plot_range_test(learning_rate_range_test(model, X, Y), path),
        "landscape": lambda path: plot_landscape(loss_landscape(model, X, Y, n=5), path),
        "sharpness": lambda path: plot_sharpness([sharpness(model, X, Y)] * 2, path),
    }
    calls |= {
        quantity: lambda path, quantity=quantity: plot_layers(tape, path, quantity=quantity) for quantity in QUANTITIES
    }
    for name, call in calls.items():
        path = tmp_path / "new folder" / f"{name}.svg"
        claim = call(path)
        svg = svg_of(path)
        root = ET.fromstring(svg)
        assert next(each.text for each in root.iter() if each.tag.endswith("}title")) == claim
        assert claim.endswith(".")
        assert "nan" not in claim
        assert len(svg) < 200_000
        assert call(path) == claim
        assert svg_of(path) == svg  # the same bytes: no date, no random identifier


def test_the_format_is_the_name_s(tape: Tape, tmp_path: Path) -> None:
    for suffix, magic in ((".png", b"\x89PNG"), (".PDF", b"%PDF"), (".svg", b"<?xml")):
        plot_loss(tape, tmp_path / f"loss{suffix}")
        assert (tmp_path / f"loss{suffix}").read_bytes().startswith(magic)
    for wrong in ("loss", "loss.jpg", "loss.svg.gz"):
        with pytest.raises(ValueError, match=r"one of \.svg, \.png, \.pdf"):
            plot_loss(tape, tmp_path / wrong)
        assert not (tmp_path / wrong).exists()


def test_the_user_s_settings_stay(tape: Tape, tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    plot_loss(tape, tmp_path / "loss.svg")
    assert dict(matplotlib.rcParams) == before


def lines(figure: matplotlib.figure.Figure, axes: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {str(line.get_label()): line.get_data() for line in figure.axes[axes].lines}


def test_the_loss_and_the_part_of_the_data(tape: Tape) -> None:
    epochs = tape.frame("epoch")
    with styled():
        figure = loss_curves(epochs)
    drawn = lines(figure)
    np.testing.assert_array_equal(drawn["loss, with penalty"], (np.arange(1, 7), epochs["loss"]))
    np.testing.assert_array_equal(drawn["loss of the data"][1], epochs["loss"] - epochs["penalty"])
    np.testing.assert_array_equal(figure.axes[1].lines[0].get_ydata(), epochs["learning_rate"])


def test_a_line_and_a_shape_a_layer(tape: Tape) -> None:
    layers = tape.frame("layer")
    with styled():
        figure = layer_curves(layers, "update_ratio", "update / weights")
        shares = layer_curves(layers, "saturated", "saturated units (%)")
    drawn = lines(figure)
    assert list(drawn) == ["layer 1", "layer 2", "layer 3"]
    for layer in (1, 2, 3):
        np.testing.assert_array_equal(drawn[f"layer {layer}"][1], layers.loc[layers["layer"] == layer, "update_ratio"])
    markers = [line.get_marker() for line in figure.axes[0].lines]
    assert len(set(markers)) == 3  # colour never stands alone
    # the output layer has no units that could be dead or saturated
    assert list(lines(shares)) == ["layer 1", "layer 2"]
    np.testing.assert_array_equal(lines(shares)["layer 1"][1], 100 * layers.loc[layers["layer"] == 1, "saturated"])


def layers_of(**columns: list[float]) -> Tape:
    """Return a tape of two epochs of a network of three layers; the columns hold the last epoch."""
    rows = []
    for epoch in (1, 2):
        for layer in (1, 2, 3):
            values = {name: given[layer - 1] if epoch == 2 else 0.5 for name, given in columns.items()}
            rows.append(Step(0, "MLPRegressor", "layer", {"epoch": epoch, "layer": layer, **values}))
    return Tape(steps=rows, fits=1)


@pytest.mark.parametrize(
    ("quantity", "last", "claim"),
    [
        ("dead", [0.0, 0.25, np.nan], "Layer 2 ends with 25 % dead units, the most of all."),
        ("dead", [0.0, 0.0, np.nan], "No hidden unit is dead in the end."),
        ("saturated", [1.0, 0.25, np.nan], "Layer 1 ends with 100 % saturated units, the most of all."),
        (
            "gradient_norm",
            [1e-6, 0.25, 3.0],
            "In the end the gradient's norm is largest in layer 3 (3) and smallest in layer 1 (1.0e-6).",
        ),
    ],
)
def test_claims_are_about_the_last_epoch(quantity: str, last: list[float], claim: str, tmp_path: Path) -> None:
    said = plot_layers(layers_of(**{quantity: last}), tmp_path / "figure.svg", quantity=quantity)
    assert said.replace("1e-6", "1.0e-6") == claim


def test_fits_are_drawn_one_after_another_or_one_alone(tmp_path: Path) -> None:
    model = MLPRegressor(hidden_layer_sizes=(3,), random_state=0)
    with workings.record() as tape:
        model.partial_fit(X, Y).partial_fit(X, Y).partial_fit(X, Y)
    assert "in 3 epochs" in plot_loss(tape, tmp_path / "all.svg")
    assert "in 1 epoch;" in plot_loss(tape, tmp_path / "one.svg", fit=1)
    with pytest.raises(ValueError, match="no epoch of a fit 3; it holds 3 fits"):
        plot_loss(tape, tmp_path / "none.svg", fit=3)


def test_other_tapes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no step of the kind 'epoch'"):
        plot_loss(Tape(), tmp_path / "figure.svg")
    foreign = Tape(steps=[Step(0, "KMeans", "epoch", {"loss": 1.0})], fits=1)
    with pytest.raises(ValueError, match="not those of a neural network"):
        plot_loss(foreign, tmp_path / "figure.svg")
    with pytest.raises(ValueError, match="no quantity 'loss'; choose one of gradient_norm"):
        plot_layers(layers_of(dead=[0, 0, 0]), tmp_path / "figure.svg", quantity="loss")
    with pytest.raises(ValueError, match="no hidden layer"):
        plot_layers(Tape(steps=layers_of(dead=[np.nan] * 3).steps[3:]), tmp_path / "figure.svg", quantity="dead")


def test_the_range_test_marks_both_rates_and_leaves_the_explosion_out() -> None:
    losses = np.array([10, 9, 5, 4, 4.5, 1e30])
    rates = np.logspace(-3, 2, 6)
    with styled():
        figure = range_curve(RangeTest(rates, losses, losses, diverged=True))
    drawn = lines(figure)
    assert drawn["steepest fall: 0.1"][0][0] == pytest.approx(0.1)
    assert drawn["smallest loss: 1"][0][0] == pytest.approx(1)
    assert figure.axes[0].get_xscale() == "log"
    assert 10 < figure.axes[0].get_ylim()[1] < 20
    with styled():
        figure = range_curve(RangeTest(rates[:3], losses[:3][::-1], losses[:3][::-1], diverged=True))
    assert len(figure.axes[0].lines) == 2


def slice_of(loss: np.ndarray) -> LossLandscape:
    return LossLandscape(np.linspace(-1, 1, len(loss)), loss, np.zeros_like(loss), np.zeros((2, 1)))


def test_the_slice_marks_the_model_and_the_smallest_loss() -> None:
    loss = np.full((5, 5), 4.0)
    loss[3, 0] = 1  # half a step along the first direction, one step back along the second
    with styled():
        figure = slice_contours(slice_of(loss))
    drawn = lines(figure)
    assert [float(value[0]) for value in drawn["the model"]] == [0, 0]
    assert [float(value[0]) for value in drawn["smallest loss"]] == [0.5, -1]
    loss[2, 2] = 0.5
    with styled():
        assert list(lines(slice_contours(slice_of(loss)))) == ["the model"]


@pytest.mark.parametrize("far", [np.inf, np.nan, 1e300, 4.0])
def test_slices_of_any_range_are_drawn(far: float, tmp_path: Path) -> None:
    loss = np.full((5, 5), 4.0)
    loss[0] = far
    plot_landscape(slice_of(loss), tmp_path / "slice.svg")
    assert "nan" not in svg_of(tmp_path / "slice.svg")


def test_curvatures_beside_their_limit(tmp_path: Path) -> None:
    found = [curvature(10, 20), curvature(30, 20), curvature(19, 20)]
    assert plot_sharpness(found, tmp_path / "figure.svg", epochs=[1, 5, 9]) == (
        "The sharpest curvature went from 10 to 19 and exceeded what the learning rate can follow in 1 of 3 "
        "measurements."
    )
    with styled():
        drawn = lines(sharpness_curves(found, np.array([1.0, 5, 9])))
    np.testing.assert_array_equal(drawn["sharpest curvature"], ([1, 5, 9], [10, 30, 19]))
    np.testing.assert_array_equal(drawn["limit of the rate"], ([1, 5, 9], [20, 20, 20]))
    assert plot_sharpness([curvature(-1, None)], tmp_path / "figure.svg") == (
        "The sharpest curvature went from -1 to -1."
    )
    assert "in none of 1 measurement." in plot_sharpness(found[:1], tmp_path / "figure.svg")
    for wrong in ({"found": []}, {"found": found, "epochs": [1, 2]}):
        with pytest.raises(ValueError, match="curvature"):
            plot_sharpness(wrong.pop("found"), tmp_path / "figure.svg", **wrong)


def test_curvature_can_be_followed_during_a_training(tmp_path: Path) -> None:
    """By the tape's callback, epoch by epoch, with the same bits as without."""
    settings = {"hidden_layer_sizes": (5,), "solver": "sgd", "max_iter": 4, "random_state": 0, "tol": 0.0}
    model, found = MLPRegressor(**settings), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with workings.record(
            callback=lambda step: found.append(sharpness(model, X, Y)) if step.event == "epoch" else None
        ):
            model.fit(X, Y)
        silent = MLPRegressor(**settings).fit(X, Y)
    assert len(found) == 4
    assert found[-1].eigenvalue == sharpness(model, X, Y).eigenvalue
    assert len({each.eigenvalue for each in found}) == 4
    np.testing.assert_array_equal(model.coefs_[0], silent.coefs_[0])
    plot_sharpness(found, tmp_path / "figure.svg")
