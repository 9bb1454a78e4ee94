"""What an interrupted training leaves behind, so that it can be gone on with as if nothing had happened."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.base import is_sparse
from workings.neural_network.parameters import Array

# rows at a time, so that data in another memory order are not copied whole
_ROWS = 4096

_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")

Data = tuple[Any, Array, Array | None]


@dataclass(frozen=True, eq=False)
class Suspension:
    """An interrupted training, between two steps.

    Parameters
    ----------
    solver : str
        Of the interrupted training, as `early_stopping`.
    early_stopping : bool
    single_epoch : bool
        Whether it was a `partial_fit`.
    fingerprint : str
        Of its data.
    generator : dict
        State of the random numbers, from ``RandomState.get_state(legacy=False)``.
    dtype : str
        Of the network's parameters in the training.
    arrays : mapping of str to ndarray
        The state of `Training` or of `LBFGSState`; empty before the first iteration of L-BFGS. Under early stopping
        also the numbers of the rows, ``training_rows`` and ``validation_rows``.
    """

    solver: str
    early_stopping: bool
    single_epoch: bool
    fingerprint: str
    generator: dict[str, Any]
    dtype: str
    arrays: Mapping[str, Array]

    def require_same(self, solver: str, early_stopping: bool, data: Data) -> None:
        """Raise unless the training can go on.

        Parameters
        ----------
        solver : str
        early_stopping : bool
        data : tuple
            X, y and the rows' weights or None.

        Raises
        ------
        ValueError
            If anything differs from the interrupted training.
        """
        for name, then, now in (
            ("solver", self.solver, solver),
            ("early_stopping", self.early_stopping, early_stopping),
        ):
            if then != now:
                raise ValueError(
                    f"The training was interrupted with {name}={then!r} and cannot go on with {name}={now!r}: set it "
                    "back, or call fit."
                )
        if fingerprint(*data) != self.fingerprint:
            raise ValueError(
                "X, y or sample_weight are not those of the interrupted training: resume goes on with the same rows in "
                "the same order and of the same dtype. For other data call fit or partial_fit."
            )


def fingerprint(X: Any, y: Array, sample_weight: Array | None) -> str:
    """Return 32 hexadecimal digits that differ for other data.

    Parameters
    ----------
    X : ndarray, CSR or CSC matrix of shape (n_samples, n_features)
    y : ndarray
    sample_weight : ndarray, optional

    Returns
    -------
    str

    Notes
    -----
    The memory order of dense arrays does not count. Cost: one pass over the bytes of the data, about a second a
    gigabyte.

    Source: BLAKE2b, RFC 7693, of 16 bytes.
    """
    digest = hashlib.blake2b(digest_size=16)
    parts = [X.data, X.indices, X.indptr] if is_sparse(X) else [X]
    digest.update(repr((getattr(X, "format", "dense"), X.shape, sample_weight is None)).encode())
    for part in (*parts, y, *([] if sample_weight is None else [sample_weight])):
        digest.update(repr((part.dtype.str, part.shape)).encode())
        for start in range(0, len(part), _ROWS):
            digest.update(np.ascontiguousarray(part[start : start + _ROWS]).data)
    return digest.hexdigest()


def generator_in(state: Mapping[str, Any]) -> np.random.RandomState:
    """Return a generator of random numbers in a given state.

    Parameters
    ----------
    state : mapping
        From ``RandomState.get_state(legacy=False)``.

    Returns
    -------
    RandomState
    """
    generator = np.random.RandomState(getattr(np.random, state["bit_generator"])())
    generator.set_state(dict(state))
    return generator


def checked_generator(state: Any) -> dict[str, Any]:
    """Return the state of a generator, once it is certain that it is one.

    Parameters
    ----------
    state : dict
        From ``RandomState.get_state(legacy=False)``.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If the generator is unknown, or the state is none of its own.
    """
    if not isinstance(state, dict) or state.get("bit_generator") not in _GENERATORS:
        raise ValueError("the state of the random numbers is none of NumPy's")
    # a position beyond the key would be read from foreign memory
    if state["bit_generator"] == "MT19937" and not 0 <= state["state"]["pos"] <= len(state["state"]["key"]) == 624:
        raise ValueError("the state of the random numbers has a wrong length")
    generator_in(state)
    return state
