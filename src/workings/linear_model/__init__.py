"""Linear regression, with the solver that the condition of the data asks for."""

from workings.linear_model.choice import Automatic
from workings.linear_model.estimator import LinearRegression
from workings.linear_model.nonnegative import NonNegative
from workings.linear_model.normal_equations import NormalEquations
from workings.linear_model.qr import QR
from workings.linear_model.solution import Solution, Solver
from workings.linear_model.svd import SVD

__all__ = ["QR", "SVD", "Automatic", "LinearRegression", "NonNegative", "NormalEquations", "Solution", "Solver"]
