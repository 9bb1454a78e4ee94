"""The implementations that are compared, by the names they have in tables."""

from __future__ import annotations

import inspect
from importlib.util import find_spec
from typing import Any

from sklearn import neural_network as reference

from workings import neural_network as ours

OURS_FIRST = "workings"
FAST = "workings fast"
PEER_FIRST = "scikit-learn"
PYTORCH = "PyTorch"

OURS = (OURS_FIRST, FAST)
PEERS = (PEER_FIRST, PYTORCH)

MODULES = {OURS_FIRST: ours, PEER_FIRST: reference}
NOT_MEASURED: dict[str, str] = {}

for kind in ("MLPClassifier", "MLPRegressor"):
    if "fast" not in inspect.signature(getattr(ours, kind)).parameters:
        NOT_MEASURED[FAST] = f"{kind} has no parameter called fast"
if find_spec("torch") is None:
    NOT_MEASURED[PYTORCH] = "not installed"


def estimator(name: str, kind: str, **parameters: Any) -> Any:
    """Return an estimator that is not fitted."""
    if name == FAST:
        return getattr(ours, kind)(fast=True, **parameters)
    return getattr(MODULES[name], kind)(**parameters)
