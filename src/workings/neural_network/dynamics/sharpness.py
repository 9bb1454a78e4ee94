"""The sharpest curvature of a network's loss, and the learning rates that can follow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from workings.base import ConvergenceWarning, check_random_state, warn
from workings.neural_network.dynamics.hessian import hessian_of
from workings.neural_network.dynamics.power_iteration import largest_eigenpair
from workings.neural_network.dynamics.stability import stability_limit
from workings.neural_network.estimator import MultilayerPerceptron
from workings.neural_network.network import Network
from workings.neural_network.parameters import Array
from workings.neural_network.problem import epoch_problem
from workings.optimize.schedules import check_parameter


@dataclass(frozen=True)
class Sharpness:
    """The largest eigenvalue of the Hessian of a network's loss, beside what its learning rate can follow.

    Parameters
    ----------
    eigenvalue : float
        Largest (not the largest in absolute value) eigenvalue of the Hessian of the minimised loss, penalty included.
    direction : ndarray of shape (n_parameters,)
        Its eigenvector, of length 1, laid out ``[W0, ..., Wk, b0, ..., bk]``.
    residual : float
        ``‖H v - eigenvalue v‖``: the Hessian has an eigenvalue no further than that from `eigenvalue`.
    n_products : int
        Hessian-vector products that it took.
    converged : bool
        Whether the residual reached the tolerance.
    rule : str
        Whose limit it is: ``"gradient descent"``, ``"momentum"``, ``"Nesterov momentum"``, ``"Adam"``, ``"L-BFGS"``.
    rate : float or None
        Learning rate; None if there is none: L-BFGS chooses each step anew.
    limit : float or None
        Largest curvature at which the rule, on all rows, is stable with this rate; None without a rate, and for Adam.

    See Also
    --------
    sharpness : Measures it.
    """

    eigenvalue: float
    direction: Array
    residual: float
    n_products: int
    converged: bool
    rule: str
    rate: float | None
    limit: float | None

    @property
    def sentence(self) -> str:
        """What was found, in plain words."""
        doubt = (
            ""
            if self.converged
            else f" After {self.n_products} products this curvature is known to {self.residual:.2g} only."
        )
        return f"{self._finding()}{doubt}"

    def _finding(self) -> str:
        curvature = f"The sharpest curvature is {self.eigenvalue:.3g}"
        if self.rate is None:
            return f"{curvature}. It was not compared with a learning rate."
        if self.limit is None:
            return (
                f"{curvature}. Adam scales each parameter's step by itself, so that its limit is one on the "
                "preconditioned Hessian; this curvature has none."
            )
        if self.eigenvalue <= 0:
            return f"{curvature}: the loss curves upwards in no direction, so that no rate is too large here."
        largest = self.limit * self.rate / self.eigenvalue
        if self.eigenvalue > self.limit:
            return (
                f"The curvature {self.eigenvalue:.3g} exceeds what {self.rule} can follow with the rate "
                f"{self.rate:.3g} ({self.limit:.3g}): on all rows it swings ever wider until it reaches a flatter "
                f"place; here it takes a rate below {largest:.3g}."
            )
        return (
            f"The curvature {self.eigenvalue:.3g} is within what {self.rule} can follow with the rate {self.rate:.3g} "
            f"({self.limit:.3g}): on all rows it is stable here, up to a rate of {largest:.3g}."
        )

    def frame(self) -> pd.DataFrame:
        """Return the numbers as a table of one row, to be put below each other over a training.

        Returns
        -------
        DataFrame
            Columns ``eigenvalue``, ``limit``, ``rate``, ``rule``, ``residual``, ``n_products``, ``converged``.
        """
        names = ["eigenvalue", "limit", "rate", "rule", "residual", "n_products", "converged"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def sharpness(
    model: MultilayerPerceptron | Network,
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    rate: float | None = None,
    tolerance: float = 1e-3,
    max_products: int = 1000,
    random_state: Any = 0,
) -> Sharpness:
    """Return the largest eigenvalue of the Hessian of a fitted network's loss, beside its learning rate's limit.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor or Network
        Fitted, or for a `Network` with parameters; not changed.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        The rows on which the loss is taken, usually those of the fit.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    sample_weight : array-like of shape (n_samples,), optional
        As given to the fit.
    rate : float, optional
        Learning rate to judge, above 0; by default the rate that the model's training has come to. A `Network` does
        not know one, and is judged as by gradient descent without momentum.
    tolerance : float, default=1e-3
        Residual, relative to the eigenvalue, at which to stop, above 0. The eigenvalue is usually known to its square.
    max_products : int, default=1000
        Most Hessian-vector products.
    random_state : int, RandomState or None, default=0
        Draws the vector to begin with.

    Returns
    -------
    Sharpness
        The eigenvalue with its residual as evidence, the limit, and a `sentence` on the two.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    TypeError
        If `model` is another kind of object.
    ValueError
        If the data do not fit the model, a parameter makes no sense, or the second derivatives are not finite.

    Warns
    -----
    ConvergenceWarning
        If `max_products` did not suffice; the result then says how far it is known.

    Notes
    -----
    The Hessian is that of the loss which the training minimises: the mean over the rows and, with mini-batches, the
    penalty once a batch, as scikit-learn's rule has it. For squared errors of q outputs the data's part is the sum over
    the outputs, q times the one that is reported.
    The largest eigenvalue is found by power iteration, shifted if need be so that it is the algebraically largest one.
    Each product with the Hessian is the complex step of the gradient and exact to rounding. The parameters are taken
    in double precision, and nothing is dropped by a `Dropout`.
    The limit is 2/rate for gradient descent, and larger or smaller with momentum (see `stability_limit`). A training
    may stay above it for a while, or hover at it: a loss that is no quadratic flattens as the steps grow wide. With
    mini-batches the limit is an upper bound of what is stable. For Adam there is none: its limit concerns
    the Hessian preconditioned by the moments that it keeps.
    Fails when two eigenvalues lie very close: the value is then one of theirs, the direction a mixture.
    Cost: four gradients on all rows a product. Memory: the activations of all rows as complex numbers, 16 bytes each.

    Source: Pearlmutter, "Fast Exact Multiplication by the Hessian", Neural Computation 6 (1994); Cohen, Kaur, Li,
    Kolter and Talwalkar, "Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability", ICLR 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.neural_network import MLPRegressor, sharpness
    >>> X = np.array([[-1.0], [0.0], [1.0]])
    >>> model = MLPRegressor(hidden_layer_sizes=(), solver="sgd", learning_rate_init=0.1, momentum=0.0, alpha=0.0)
    >>> found = sharpness(model.fit(X, X[:, 0]), X, X[:, 0])

    Without a hidden layer the Hessian is ``X'X/n``, with a column of ones; its eigenvalues are 2/3 and 1:

    >>> round(found.eigenvalue, 4), found.limit
    (1.0, 20.0)
    >>> print(found.sentence.partition(":")[0])
    The curvature 1 is within what gradient descent can follow with the rate 0.1 (20)
    """
    check_parameter("tolerance", tolerance)
    check_parameter("max_products", max_products, 1, closed="[")
    problem = epoch_problem(model, X, y, sample_weight)
    rule, rate, limit = _limit(model, rate)
    found = largest_eigenpair(
        hessian_of(problem), problem.network.layout.size, check_random_state(random_state), tolerance, max_products
    )
    if not found.converged:
        warn(
            ConvergenceWarning,
            f"After {max_products} products with the Hessian the residual is {found.residual:.2g} for an eigenvalue of "
            f"{found.value:.3g}. Raise max_products or the tolerance.",
        )
    return Sharpness(
        eigenvalue=found.value,
        direction=found.vector,
        residual=found.residual,
        n_products=found.n_products,
        converged=found.converged,
        rule=rule,
        rate=rate,
        limit=limit,
    )


def _limit(model: MultilayerPerceptron | Network, rate: float | None) -> tuple[str, float | None, float | None]:
    """Return the name of a model's rule, its rate, and the limit."""
    if rate is not None:
        check_parameter("rate", rate)
    if isinstance(model, Network):
        return "gradient descent", rate, None if rate is None else stability_limit(rate)
    if model.solver == "lbfgs":
        return "L-BFGS", None, None
    if rate is None:
        rate = float(model._optimizer.scheduled_rate)
    if model.solver == "adam":
        return "Adam", rate, None
    if model.momentum == 0:
        return "gradient descent", rate, stability_limit(rate)
    rule = "Nesterov momentum" if model.nesterovs_momentum else "momentum"
    return rule, rate, stability_limit(rate, model.momentum, nesterov=model.nesterovs_momentum)
