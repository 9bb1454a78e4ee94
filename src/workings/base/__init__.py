"""The estimator contract: parameters, input checks, fitted checks, feature names, and scikit-learn's protocols."""

from workings.base.arrays import check_array, is_sparse, require_finite
from workings.base.checks import (
    check_is_fitted,
    check_random_state,
    check_sample_weight,
    check_X,
    check_X_y,
    column_or_1d,
    require_same_length,
)
from workings.base.estimator import Estimator
from workings.base.exceptions import (
    ConvergenceWarning,
    DataConversionWarning,
    InvalidParameterError,
    NotFittedError,
    PrecisionWarning,
    UndefinedMetricWarning,
    recognised,
    warn,
)
from workings.base.parameters import Constraint, Instance, Interval, Options
from workings.base.provenance import library_class
from workings.base.roles import Classifier, Clusterer, Regressor, Transformer
from workings.base.scores import accuracy_score, r2_score

__all__ = [
    "Classifier",
    "Clusterer",
    "Constraint",
    "ConvergenceWarning",
    "DataConversionWarning",
    "Estimator",
    "Instance",
    "Interval",
    "InvalidParameterError",
    "NotFittedError",
    "Options",
    "PrecisionWarning",
    "Regressor",
    "Transformer",
    "UndefinedMetricWarning",
    "accuracy_score",
    "check_X",
    "check_X_y",
    "check_array",
    "check_is_fitted",
    "check_random_state",
    "check_sample_weight",
    "column_or_1d",
    "is_sparse",
    "library_class",
    "r2_score",
    "recognised",
    "require_finite",
    "require_same_length",
    "warn",
]
