"""The estimator contract: parameters, input checks, fitted checks, feature names, and scikit-learn's protocols."""

from workings.base.checks import (
    check_array,
    check_is_fitted,
    check_random_state,
    check_sample_weight,
    check_X,
    check_X_y,
    column_or_1d,
    is_sparse,
    require_finite,
    require_same_length,
)
from workings.base.estimator import Estimator
from workings.base.exceptions import (
    ConvergenceWarning,
    DataConversionWarning,
    InvalidParameterError,
    NotFittedError,
    UndefinedMetricWarning,
    recognised,
    warn,
)
from workings.base.parameters import Constraint, Instance, Interval, Options
from workings.base.roles import Classifier, Clusterer, Regressor, Transformer

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
    "Regressor",
    "Transformer",
    "UndefinedMetricWarning",
    "check_X",
    "check_X_y",
    "check_array",
    "check_is_fitted",
    "check_random_state",
    "check_sample_weight",
    "column_or_1d",
    "is_sparse",
    "recognised",
    "require_finite",
    "require_same_length",
    "warn",
]
