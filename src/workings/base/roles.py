"""What an estimator is: regressor, classifier, clusterer, transformer. Mixins, to the left of `Estimator`."""

from __future__ import annotations

import sys
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from workings.base.checks import check_is_fitted
from workings.base.scores import accuracy_score, r2_score


class Regressor:
    """Predicts numbers; scored by R²."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R² of the predictions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True values.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
            At most 1; the mean over the outputs.
        """
        return r2_score(y, self.predict(X), sample_weight)  # type: ignore[attr-defined]  # the estimator has it

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import RegressorTags

        tags = super().__sklearn_tags__()  # type: ignore[misc]  # Estimator has it
        tags.estimator_type = "regressor"
        tags.regressor_tags = RegressorTags()
        tags.target_tags.required = True
        return tags


class Classifier:
    """Predicts classes; scored by accuracy."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of rows predicted right, all labels of a row counting as one.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            True labels.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
        """
        return accuracy_score(y, self.predict(X), sample_weight)  # type: ignore[attr-defined]  # the estimator has it

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags

        tags = super().__sklearn_tags__()  # type: ignore[misc]  # Estimator has it
        tags.estimator_type = "classifier"
        tags.classifier_tags = ClassifierTags()
        tags.target_tags.required = True
        return tags


class Clusterer:
    """Assigns rows to clusters."""

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> npt.NDArray[np.integer[Any]]:
        """Fit, and return the cluster of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self.fit(X, y, sample_weight=sample_weight).labels_  # type: ignore[attr-defined,no-any-return]  # as above

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]  # Estimator has it
        tags.estimator_type = "clusterer"
        return tags


class Transformer:
    """Turns rows into new features; the container of the result can be chosen.

    A subclass passes what `transform` returns through `_wrap_output`, and says in ``_n_features_out`` how many
    columns that has.
    """

    _sklearn_auto_wrap_output_keys = frozenset({"transform"})

    def get_feature_names_out(
        self,
        input_features: Any = None,  # noqa: ARG002  (scikit-learn's signature)
    ) -> npt.NDArray[np.object_]:
        """Return the names of the transformed features.

        Parameters
        ----------
        input_features : ignored
            The names do not depend on those of the input.

        Returns
        -------
        ndarray of str objects
            Class name in lower case with a number.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        prefix = type(self).__name__.lower()
        columns: int = self._n_features_out  # type: ignore[attr-defined]  # the estimator has it
        return np.asarray([f"{prefix}{i}" for i in range(columns)], dtype=np.object_)

    def set_output(self, *, transform: Literal["default", "pandas", "polars"] | None = None) -> Self:
        """Choose what `transform` returns.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, optional
            ndarray, pandas DataFrame or polars DataFrame; None leaves the choice as it is.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For any other name.
        """
        if transform is None:
            return self
        if transform not in ("default", "pandas", "polars"):
            raise ValueError(f"transform has to be 'default', 'pandas' or 'polars', not {transform!r}.")
        self._sklearn_output_config = {"transform": transform}
        return self

    def _wrap_output(self, output: npt.NDArray[Any], X: Any) -> Any:
        sklearn = sys.modules.get("sklearn")
        globally = sklearn.get_config()["transform_output"] if sklearn is not None else "default"
        container = getattr(self, "_sklearn_output_config", {}).get("transform", globally)
        if container == "pandas":
            index = X.index if isinstance(X, pd.DataFrame | pd.Series) else None
            return pd.DataFrame(output, index=index, columns=self.get_feature_names_out())
        if container == "polars":
            import polars

            return polars.DataFrame(output, schema=self.get_feature_names_out().tolist(), orient="row")
        return output

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import TransformerTags

        tags = super().__sklearn_tags__()  # type: ignore[misc]  # Estimator has it
        tags.transformer_tags = TransformerTags(preserves_dtype=["float64"])
        return tags
