"""Linear regression, with the solver that the condition of the data asks for."""

from workings.linear_model.certificate import Certificate
from workings.linear_model.choice import Automatic
from workings.linear_model.decimal import Decimal
from workings.linear_model.descent import (
    ConjugateGradients,
    DescentTheory,
    GradientDescent,
    HeavyBall,
    Nesterov,
    Stochastic,
)
from workings.linear_model.dual import Dual
from workings.linear_model.estimator import LinearRegression
from workings.linear_model.exact import Exact
from workings.linear_model.inference import Collinearity, ConditionIndices, Inference, Influence
from workings.linear_model.nonnegative import NonNegative
from workings.linear_model.normal_equations import NormalEquations
from workings.linear_model.qr import QR
from workings.linear_model.solution import Solution, Solver
from workings.linear_model.svd import SVD

__all__ = [
    "QR",
    "SVD",
    "Automatic",
    "Certificate",
    "Collinearity",
    "ConditionIndices",
    "ConjugateGradients",
    "Decimal",
    "DescentTheory",
    "Dual",
    "Exact",
    "GradientDescent",
    "HeavyBall",
    "Inference",
    "Influence",
    "LinearRegression",
    "Nesterov",
    "NonNegative",
    "NormalEquations",
    "Solution",
    "Solver",
    "Stochastic",
]
