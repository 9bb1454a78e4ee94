"""Optimisers: update rules with their learning-rate schedules, a line search, and L-BFGS."""

from workings.optimize.adam import Adam
from workings.optimize.lbfgs import LBFGS, Minimum
from workings.optimize.line_search import LineSearchResult, MoreThuente
from workings.optimize.momentum import GradientDescent
from workings.optimize.schedules import Adaptive, Constant, InverseScaling, PlateauResponse, Schedule
from workings.optimize.update_rules import UpdateRule

__all__ = [
    "LBFGS",
    "Adam",
    "Adaptive",
    "Constant",
    "GradientDescent",
    "InverseScaling",
    "LineSearchResult",
    "Minimum",
    "MoreThuente",
    "PlateauResponse",
    "Schedule",
    "UpdateRule",
]
