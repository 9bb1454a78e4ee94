"""The proof beside scikit-learn: same data, same seed, every number; needs ``pip install "workings[validate]"``."""

from workings.validate.results import Comparison, Picture, Study, Validation, Verdict
from workings.validate.run import ALGORITHMS, validate

__all__ = ["ALGORITHMS", "Comparison", "Picture", "Study", "Validation", "Verdict", "validate"]
