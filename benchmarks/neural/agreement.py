"""How far two networks agree: bit for bit, or by how much they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

SIGMOID_IN_SINGLE = 3e-6  # there the C library's exponential is scikit-learn's, and bits are not promised

Parts = Mapping[str, Sequence[Any]]


def learned(network: Any) -> dict[str, list[Any]]:
    """Return what a training leaves: weights, biases and the losses of its epochs."""
    return {"coefs_": network.coefs_, "intercepts_": network.intercepts_, "loss_curve_": network.loss_curve_}


def compare(ours: Parts, theirs: Parts, network: Any, dtype: str) -> dict[str, Any]:
    """Return what an entry says of two networks' numbers.

    Parameters
    ----------
    ours, theirs : mapping of str to sequence
        By name, arrays or numbers.
    network : estimator
        Fitted; whether it has a sigmoid decides with its dtype what is promised.
    dtype : str

    Returns
    -------
    dict
        ``"bits are promised"``, ``"other bits"`` (the names of what is not the same, types and shapes included) and
        ``"relative difference"``, the greatest in one array.
    """
    sigmoid = "logistic" in (network.activation, network.out_activation_)
    pairs = {part: list(zip(ours[part], theirs[part], strict=True)) for part in theirs}
    return {
        "bits are promised": dtype == "float64" or not sigmoid,
        "other bits": [part for part in pairs if not all(_same(np.asarray(a), np.asarray(b)) for a, b in pairs[part])],
        "relative difference": max(distance(a, b) for part in pairs for a, b in pairs[part]),
    }


def columns(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return what a table says of them."""
    return {"same bits": f"no, {entry['relative difference']:.0e}" if entry["other bits"] else "yes"}


def losses(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield where bits are other than scikit-learn's, or, where they may be, too far away."""
    if entry["other bits"] and (entry["bits are promised"] or entry["relative difference"] > SIGMOID_IN_SINGLE):
        differing = f"other bits than scikit-learn's in {', '.join(entry['other bits'])}"
        yield f"{differing}, relative difference {entry['relative difference']:.0e}"


def distance(a: Any, b: Any) -> float:
    """Return the greatest difference of an entry relative to the greatest entry of b, or to 1 if b is zero."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return float(f"{np.abs(a - b).max() / (np.abs(b).max() or 1.0):.1e}")


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
