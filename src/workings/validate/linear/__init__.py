"""Linear regression beside scikit-learn, the textbook, NIST and the exact answer."""

from workings.validate.linear.catalogue import studies

__all__ = ["studies"]
