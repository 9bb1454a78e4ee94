"""Least squares by descent, with the theory of each method on the data at hand."""

from workings.linear_model.descent.conjugate_gradients import ConjugateGradients
from workings.linear_model.descent.gradient_descent import GradientDescent
from workings.linear_model.descent.heavy_ball import HeavyBall
from workings.linear_model.descent.iteration import Descent
from workings.linear_model.descent.nesterov import Nesterov
from workings.linear_model.descent.solution import DescentSolution
from workings.linear_model.descent.stochastic import Stochastic
from workings.linear_model.descent.theory import DescentTheory

__all__ = [
    "ConjugateGradients",
    "Descent",
    "DescentSolution",
    "DescentTheory",
    "GradientDescent",
    "HeavyBall",
    "Nesterov",
    "Stochastic",
]
