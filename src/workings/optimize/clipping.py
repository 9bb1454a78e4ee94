"""Gradient clipping: a bound on the length of the gradient that an update rule sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite, sqrt

import numpy as np

from workings.optimize.schedules import PlateauResponse, check_parameter
from workings.optimize.update_rules import Array, State, UpdateRule

_SAFE = 1e-30
"""A sum of squares above it has lost nothing that counts to underflow, also in single precision."""


class ClipByNorm(UpdateRule):
    r"""Another update rule, given gradients of at most a certain length.

    Where the norm of the whole gradient g, over all blocks, exceeds the bound c::

        g ← c g / |g|

    Parameters
    ----------
    rule : UpdateRule
        Takes the steps; its rate and its schedule are those of the whole.
    largest : float
        c, above 0.

    Attributes
    ----------
    rule : UpdateRule
        As given.
    count : int
        Number of gradients that were shortened.
    norm : float
        Of the last gradient, before it was shortened; NaN before the first step.

    Notes
    -----
    The gradient keeps its direction. A gradient that is not finite is passed on as it is, for the training to report.
    Fails to bound the steps of rules that divide by the gradients' size, such as `Adam`: it only keeps one long
    gradient from ruling their moments.
    Cost: one pass over the gradient, one more when it is too long.

    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013,
    algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.optimize import GradientDescent
    >>> theta, gradient = [np.zeros(2)], [np.array([30.0, 40.0])]
    >>> rule = ClipByNorm(GradientDescent(1.0, momentum=0.0), largest=5.0)
    >>> rule.allocate(theta, gradient)
    >>> _ = rule.step(theta, gradient)
    >>> print(theta[0].round(12), rule.norm, rule.count)
    [-3. -4.] 50.0 1
    """

    def __init__(self, rule: UpdateRule, largest: float) -> None:
        check_parameter("largest", largest)
        self.rule = rule
        self.largest = largest
        self.count = 0
        self.norm = float("nan")
        super().__init__(rule.learning_rate_init, rule.schedule)
        self._follow()

    def allocate(self, parameters: Sequence[Array], gradients: Sequence[Array], n_weights: int | None = None) -> None:
        """Let the inner rule make room.

        Parameters
        ----------
        parameters, gradients : sequence of ndarray
            Blocks of the shapes and types that `step` will receive.
        n_weights : int, optional
            Handed to the inner rule.
        """
        self.rule.allocate(parameters, gradients, n_weights)

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> Sequence[Array]:
        """Shorten `gradients` if they are too long, in place, and let the inner rule step.

        Parameters
        ----------
        parameters, gradients : sequence of ndarray
            Blocks as given to `allocate`.

        Returns
        -------
        sequence of ndarray
            What was added; overwritten by the next step.
        """
        self.norm = _norm(gradients)
        if self.largest < self.norm < inf:
            for gradient in gradients:
                gradient *= self.largest / self.norm
            self.count += 1
        updates = self.rule.step(parameters, gradients)
        self._follow()
        return updates

    def after_epoch(self, epoch: int, samples_seen: int) -> None:
        """Let the inner rule's schedule set the rate.

        Parameters
        ----------
        epoch : int
            Epochs finished since the parameters were drawn.
        samples_seen : int
            In these epochs.
        """
        self.rule.after_epoch(epoch, samples_seen)
        self._follow()

    def on_plateau(self) -> PlateauResponse:
        """Let the inner rule respond.

        Returns
        -------
        PlateauResponse
        """
        response = self.rule.on_plateau()
        self._follow()
        return response

    def forget(self) -> None:
        """Let the inner rule lose its moments; the count stays."""
        self.rule.forget()

    def state(self) -> State:
        """Return the count and the inner rule's state.

        Returns
        -------
        dict
            ``count``, ``norm`` and the inner rule's entries with ``rule_`` before their names.
        """
        inner = {f"rule_{name}": value for name, value in self.rule.state().items()}
        return {"count": self.count, "norm": self.norm, **inner}

    def restore(self, state: Mapping[str, Array | float | int]) -> None:
        """Continue where another rule was: the next steps are the same, bit for bit.

        Parameters
        ----------
        state : mapping
            From `state` of a rule of the same class and parameters.

        Raises
        ------
        ValueError
            If it is not the state of such a rule, which leaves this one unchanged.
        """
        rest = dict(state)
        try:
            count, norm = int(rest.pop("count")), float(rest.pop("norm"))
        except KeyError as error:
            raise ValueError(f"The state lacks {error}: it is not that of a {type(self).__name__}.") from error
        self.rule.restore({name.removeprefix("rule_"): value for name, value in rest.items()})
        self.count, self.norm = count, norm
        self._follow()

    def _follow(self) -> None:
        self.scheduled_rate, self.learning_rate = self.rule.scheduled_rate, self.rule.learning_rate


def _norm(blocks: Sequence[Array]) -> float:
    square = sum(float(np.vdot(block, block)) for block in blocks)
    if _SAFE < square < inf:
        return sqrt(square)
    # squares have over- or underflowed; those of the ratios to the largest entry do so only where they do not count
    largest = max((float(np.abs(block).max(initial=0.0)) for block in blocks), default=0.0)
    if largest == 0 or not isfinite(largest):
        return largest
    return largest * sqrt(sum(float(np.square(block / largest).sum(dtype=np.float64)) for block in blocks))
