"""The same networks in PyTorch, eager, on one thread; where it is not installed, nothing here is called.

PyTorch draws other numbers, so its fits are compared in time alone. Its weight decay takes the biases in too.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from .cases import Case
from .data import Floats

ACTIVATIONS = {"relu": "ReLU", "tanh": "Tanh", "logistic": "Sigmoid", "identity": "Identity"}


def training(case: Case, X: Floats, y: np.ndarray) -> Callable[[], Any] | None:
    """Return a call that trains the case's network for all its epochs.

    None if the case stops early or lets its learning rate depend on the training: PyTorch leaves both to its users.
    """
    options = case.options
    if options.get("early_stopping") or options.get("learning_rate", "constant") != "constant":
        return None
    import torch

    torch.set_num_threads(1)
    features, targets = torch.from_numpy(X), torch.from_numpy(_targets(case, X, y))
    batch_size = options.get("batch_size", min(200, len(X)))
    outputs = _outputs(case, y)
    criterion = _criterion(torch, case, y, outputs)

    def train() -> Any:
        network = _network(torch, case, X, outputs)
        optimiser = _optimiser(torch, case, network.parameters(), batch_size)
        for _ in range(case.epochs):
            for rows in torch.randperm(len(X)).split(batch_size):
                optimiser.zero_grad()
                criterion(network(features[rows]), targets[rows]).backward()
                optimiser.step()
        return network

    return train


def prediction(case: Case, X: Floats, y: np.ndarray, method: str) -> Callable[[Floats], np.ndarray]:
    """Return a call that takes rows and does what `predict` or `predict_proba` does, with random parameters."""
    import torch

    torch.set_num_threads(1)
    outputs = _outputs(case, y)
    network = _network(torch, case, X, outputs)

    def predict(rows: Floats) -> np.ndarray:
        with torch.inference_mode():
            raw = network(torch.from_numpy(rows))
            if case.kind == "MLPRegressor":
                return raw.numpy()
            if method == "predict":
                return (raw.argmax(dim=1) if outputs > 1 else raw > 0).numpy()
            return (torch.softmax(raw, dim=1) if outputs > 1 else torch.sigmoid(raw)).numpy()

    return predict


def _outputs(case: Case, y: np.ndarray) -> int:
    if y.ndim == 2:
        return y.shape[1]
    labels = len(np.unique(y)) if case.kind == "MLPClassifier" else 1
    return labels if labels > 2 else 1


def _targets(case: Case, X: Floats, y: np.ndarray) -> np.ndarray:
    if y.ndim == 1 and _outputs(case, y) > 1:
        return y.astype(np.int64)
    return y.reshape(len(y), -1).astype(X.dtype)


def _network(torch: Any, case: Case, X: Floats, outputs: int) -> Any:
    activation = getattr(torch.nn, ACTIVATIONS[case.options.get("activation", "relu")])
    layers: list[Any] = []
    for below, above in pairwise((X.shape[1], *case.hidden)):
        layers += [torch.nn.Linear(below, above), activation()]
    network = torch.nn.Sequential(*layers, torch.nn.Linear(case.hidden[-1], outputs))
    return network.to(getattr(torch, case.dtype))


def _criterion(torch: Any, case: Case, y: np.ndarray, outputs: int) -> Any:
    if case.kind == "MLPRegressor":
        poisson = case.options.get("loss") == "poisson"
        return torch.nn.PoissonNLLLoss(log_input=True) if poisson else torch.nn.MSELoss()
    return torch.nn.CrossEntropyLoss() if outputs > 1 and y.ndim == 1 else torch.nn.BCEWithLogitsLoss()


def _optimiser(torch: Any, case: Case, parameters: Any, batch_size: int) -> Any:
    solver = case.options.get("solver", "adam")
    common = {
        "lr": case.options.get("learning_rate_init", 0.001),
        "weight_decay": case.options.get("alpha", 0.0001) / batch_size,
    }
    if solver == "adam":
        return torch.optim.Adam(parameters, **common)
    momentum = case.options.get("momentum", 0.9)
    return torch.optim.SGD(
        parameters, momentum=momentum, nesterov=case.options.get("nesterovs_momentum", True) and momentum > 0, **common
    )
