"""Inference of linear regression: standard errors, tests, intervals, influence and collinearity."""

from workings.linear_model.inference.collinearity import Collinearity, ConditionIndices
from workings.linear_model.inference.fitted import infer
from workings.linear_model.inference.influence import Influence
from workings.linear_model.inference.result import Inference

__all__ = ["Collinearity", "ConditionIndices", "Inference", "Influence", "infer"]
