"""The explanation of one prediction of any model that has an exact one."""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.explain.explanation import Explanation
from workings.explain.inputs import check_inputs
from workings.explain.models import Centres, Linear, read_model
from workings.explain.network_output import output_position
from workings.explain.of_groups import explain_group
from workings.explain.of_linear import explain_linear
from workings.explain.of_network import explain_network


def explain(
    model: Any,
    row: Any,
    X: Any = None,
    y: Any = None,
    *,
    feature_names: Any = None,
    background: Any = None,
    sample_weight: Any = None,
    output: Any = None,
    random_state: int = 0,
) -> Explanation:
    """Explain what a fitted model says of one row: why, because of which training rows, and what would change it.

    Parameters
    ----------
    model : LinearRegression, KMeans, MiniBatchKMeans, MLPClassifier or MLPRegressor
        Fitted; ours or scikit-learn's. Only its parameters are read and its own prediction is compared.
    row : array-like of shape (p,) or (1, p), Series or DataFrame
        The row; names, where it has them, in the order of the fit.
    X : array-like or DataFrame of shape (n, p), optional
        Features of the training. Their average is the background, and a linear model's training rows are weighed.
    y : array-like of shape (n,) or (n, q), optional
        Targets of the training; used for linear models.
    feature_names : sequence of str, optional
        Names to show, one a feature.
    background : array-like of shape (p,) or (m, p), optional
        What the row is compared with; of several rows, their average. By default the average of `X`, weighted by
        `sample_weight`; without `X` a row of zeros. k-means is compared with the point midway between two centres.
    sample_weight : array-like of shape (n,), optional
        Weights of the fit.
    output : object, optional
        What to explain of several: a class or label of a classifier, or the number of a target. By default the
        predicted class, the first label or target 0. The flip is always that of the prediction.
    random_state : int, default=0
        Seed of the sampled cross-check.

    Returns
    -------
    Explanation
        Contributions, training rows, flip and local piece as far as they apply, the evidence for each, and a sentence.

    Raises
    ------
    TypeError
        If the model is of another class.
    NotFittedError
        If it is not fitted.
    ValueError
        For data that are not finite or do not match the model or each other, an unknown `output`, and a seed that is
        not an integer.

    Notes
    -----
    - Linear regression: ``b_j (x_j - m_j)``, and the effect of each training row (`row_effects`).
    - k-means: the squared distances to the own and the nearest other centre, split by feature, and the least change
      that flips the row (`nearest_rival`).
    - ReLU networks: integrated gradients along the straight path from the background, exact (`integrated_gradients`);
      the linear function around the row with its radius (`local_piece`); a change that flips it (`nearest_boundary`).
      Classifiers are explained on log-odds. With tanh and logistic units the integral is a quadrature with an error
      estimate, and there is neither piece nor flip.
    - For all, Shapley values from 50 random pairs of orders with standard errors (`permutation_shapley`) against the
      same background: for linear models and k-means the same numbers, for networks another split of the same sum.

    The same call gives the same bits.
    Fails when it is read as cause and effect: it says what the model does, not what the world does. Lengths add up the
    features as they are; scale them for the least change to mean much.
    Cost: for linear models with X and y three factorisations, ``4 n p**2`` flops each; for networks a slope for each
    crossing of the path; ``100 p`` predictions for the cross-check.

    Source: of each method, in its own documentation.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.linear_model import LinearRegression
    >>> X, y = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]]), np.array([2.0, 6.0, 14.0, 16.0])
    >>> found = explain(LinearRegression().fit(X, y), X[3], X, y, feature_names=["bmi", "age"])
    >>> for part in found.sentence.split(", "):
    ...     print(part)
    The model says 16.5: 7.0 above what it says of the average of the 4 rows of X (9.5)
    mostly because bmi is high (+7.0).
    >>> found.rows["change_if_left_out"].round(2).tolist()
    [-0.5, -0.5, -0.5, 1.5]
    """
    if isinstance(random_state, bool) or not isinstance(random_state, int | np.integer):
        raise ValueError(
            f"random_state has to be an integer, so that the same call gives the same answer; got {random_state!r}."
        )
    parameters = read_model(model)
    given = check_inputs(model, parameters.n_features, row, X, y, sample_weight, feature_names, background)
    if isinstance(parameters, Linear):
        target = output_position(output, len(parameters.coef))
        return explain_linear(model, parameters, given, target, int(random_state))
    if isinstance(parameters, Centres):
        if background is not None or output is not None:
            raise ValueError(
                "k-means has one output and is compared with the point midway between two centres: leave background "
                "and output out."
            )
        return explain_group(model, parameters, given, int(random_state))
    return explain_network(model, parameters, given, output, int(random_state))
