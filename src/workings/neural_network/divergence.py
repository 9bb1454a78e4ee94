"""Losses and parameters that are no longer finite: where it began, and the way back."""

from __future__ import annotations

import math

import numpy as np

from workings.base import warn
from workings.neural_network.network import Network
from workings.neural_network.parameters import Array
from workings.optimize import UpdateRule

_ADVICE = "Standardise the columns of X (and a numeric y)"


def is_finite(vector: Array) -> bool:
    """Whether no element is infinite or NaN.

    Parameters
    ----------
    vector : ndarray

    Returns
    -------
    bool
    """
    with np.errstate(over="ignore", invalid="ignore"):
        # a sum that is finite has finite terms
        return math.isfinite(np.add.reduce(vector)) or bool(np.isfinite(vector).all())


def place_of(network: Network) -> str:
    """Return where in a network its last loss that was infinite or NaN became so.

    Parameters
    ----------
    network : Network

    Returns
    -------
    str
        A clause.
    """
    if network.overflow is None:
        return "all layers' outputs were finite, the loss itself was not"
    return f"the outputs of layer {network.overflow} were the first that were not finite"


class Divergence:
    """Watches a training, keeps the last finite parameters, and names the cause when there are none left.

    Parameters
    ----------
    network : Network
        Bound to `parameters`.
    parameters : ndarray
    rule : UpdateRule

    Attributes
    ----------
    finite : ndarray
        The parameters at the end of the last epoch whose loss was finite.
    beginning : str
        A sentence on the first loss that was infinite or NaN, or nothing.
    warned : bool
        Whether a warning has been given.

    Notes
    -----
    Cost: a sum and a copy of the parameters an epoch.
    """

    def __init__(self, network: Network, parameters: Array, rule: UpdateRule) -> None:
        self._network = network
        self._parameters = parameters
        self._rule = rule
        self.finite = parameters.copy()
        self.beginning = ""
        self.warned = False

    def notice(self, epoch: int, batch: int, loss: float) -> None:
        """Remember where a loss was first infinite or NaN.

        Parameters
        ----------
        epoch, batch : int
            Counted from 1.
        loss : float
        """
        if not self.beginning:
            self.beginning = f"The loss was first {loss} in epoch {epoch}, batch {batch}: {place_of(self._network)}."

    def check(self, epoch: int, loss: float, *, keep_going: bool) -> None:
        """Look at the parameters at the end of an epoch.

        Parameters
        ----------
        epoch : int
        loss : float
            Of the epoch.
        keep_going : bool
            Warn and do not raise: early stopping goes back to better parameters by itself.

        Raises
        ------
        ValueError
            If some are infinite or NaN; those of the last epoch with a finite loss are put back, and the rule forgets
            its moments.

        Warns
        -----
        UserWarning
            If a loss was infinite or NaN though the parameters are finite; once.
        """
        if is_finite(self._parameters):
            if math.isfinite(loss):
                np.copyto(self.finite, self._parameters)
            elif self.beginning:
                self._warn(f"{self.beginning} The weights are still finite, and the training goes on. {_ADVICE}.")
            return
        message = (
            "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
            f"preprocessed.\n{self._where(epoch)} {self.beginning}\n{_ADVICE}, or lower learning_rate_init, which was "
            f"{float(self._rule.learning_rate_init):g}."
        )
        if keep_going:
            self._warn(f"{message} The parameters with the best validation score are kept.")
            return
        self.go_back()
        raise ValueError(
            f"{message} The parameters of the last epoch with a finite loss are kept, or those it began with if there "
            "was none."
        )

    def go_back(self) -> None:
        """Put the last finite parameters back; the rule's moments, as little finite as the lost ones, are forgotten."""
        np.copyto(self._parameters, self.finite)
        self._rule.forget()

    def _where(self, epoch: int) -> str:
        layout = self._network.layout
        parts = zip(*layout.split(self._parameters), *layout.split(self.finite), strict=True)
        lost = []
        for layer, (coef, intercept, coef_before, intercept_before) in enumerate(parts, start=1):
            if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
                largest = max(float(np.abs(coef_before).max()), float(np.abs(intercept_before).max()))
                lost.append(f"layer {layer} (largest before: {largest:.3g})")
        return f"In epoch {epoch} parameters became infinite or NaN in {', '.join(lost)}."

    def _warn(self, message: str) -> None:
        if not self.warned:
            self.warned = True
            warn(UserWarning, message)
