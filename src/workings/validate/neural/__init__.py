"""Neural networks beside scikit-learn and the textbook: weights, losses of every epoch, predictions."""

from workings.validate.neural.catalogue import studies

__all__ = ["studies"]
