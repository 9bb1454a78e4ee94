"""Optimisers: update rules with their learning-rate schedules, a line search, and L-BFGS."""

from workings.optimize.adam import Adam
from workings.optimize.adamw import AdamW
from workings.optimize.clipping import ClipByNorm
from workings.optimize.lbfgs import LBFGS, Minimum
from workings.optimize.lbfgs_state import LBFGSState
from workings.optimize.line_search import LineSearchResult, MoreThuente
from workings.optimize.momentum import GradientDescent
from workings.optimize.rmsprop import RMSProp
from workings.optimize.schedules import (
    Adaptive,
    Constant,
    CosineAnnealing,
    InverseScaling,
    PlateauResponse,
    Schedule,
    StepDecay,
)
from workings.optimize.update_rules import UpdateRule

__all__ = [
    "LBFGS",
    "Adam",
    "AdamW",
    "Adaptive",
    "ClipByNorm",
    "Constant",
    "CosineAnnealing",
    "GradientDescent",
    "InverseScaling",
    "LBFGSState",
    "LineSearchResult",
    "Minimum",
    "MoreThuente",
    "PlateauResponse",
    "RMSProp",
    "Schedule",
    "StepDecay",
    "UpdateRule",
]
