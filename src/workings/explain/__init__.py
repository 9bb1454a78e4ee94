"""Exact explanations of one prediction: its parts, the rows behind it, and the change that would flip it."""

from workings.explain.boundary import Boundary, nearest_boundary
from workings.explain.explaining import explain
from workings.explain.explanation import Explanation
from workings.explain.flip import Flip
from workings.explain.groups import Rival, distance_split, nearest_rival
from workings.explain.integrated_gradients import IntegratedGradients, integrated_gradients
from workings.explain.linear import linear_contributions
from workings.explain.local_piece import LocalPiece, local_piece
from workings.explain.models import Centres, Linear, TrainedNetwork, read_model
from workings.explain.perceptron import Perceptron
from workings.explain.permutation import PermutationShapley, permutation_shapley
from workings.explain.training_rows import RowEffects, row_effects

__all__ = [
    "Boundary",
    "Centres",
    "Explanation",
    "Flip",
    "IntegratedGradients",
    "Linear",
    "LocalPiece",
    "Perceptron",
    "PermutationShapley",
    "Rival",
    "RowEffects",
    "TrainedNetwork",
    "distance_split",
    "explain",
    "integrated_gradients",
    "linear_contributions",
    "local_piece",
    "nearest_boundary",
    "nearest_rival",
    "permutation_shapley",
    "read_model",
    "row_effects",
]
