"""The training of an estimator by stochastic descent, with or without rows set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workings.base import is_sparse
from workings.neural_network.fitting import Fit
from workings.neural_network.network import Network
from workings.neural_network.parameters import Array
from workings.neural_network.progress import Progress
from workings.neural_network.splitting import shuffled_split, split_sizes, stratified_split
from workings.neural_network.suspension import Data, Suspension
from workings.neural_network.training import Settings, Training
from workings.recording import start_recording

if TYPE_CHECKING:
    from workings.neural_network.estimator import MultilayerPerceptron

# which rows of the data are trained on and set aside, under early stopping
_ROWS = ("training_rows", "validation_rows")

# the fitted attribute that keeps each field of a training's progress
_PROGRESS = {
    "epochs": "n_iter_",
    "samples_seen": "t_",
    "loss": "loss_",
    "losses": "loss_curve_",
    "best_loss": "best_loss_",
    "scores": "validation_scores_",
    "best_score": "best_validation_score_",
    "without_improvement": "_no_improvement_count",
}


class StochasticFit(Fit):
    """Trains in epochs of mini-batches.

    Parameters
    ----------
    model, network, parameters, data, suspension, single_epoch
        As `Fit`; `parameters` are changed in place, and the model's are views of them.
    first_pass : bool
        Whether the parameters are initial ones, and nothing is counted on.

    Raises
    ------
    ValueError
        For `partial_fit` under early stopping, or too few rows to set some aside.
    """

    def __init__(
        self,
        model: MultilayerPerceptron,
        network: Network,
        parameters: Array,
        data: Data,
        suspension: Suspension | None,
        *,
        single_epoch: bool,
        first_pass: bool,
    ) -> None:
        super().__init__(model, network, parameters, data, suspension, single_epoch=single_epoch)
        if model.early_stopping and single_epoch:
            raise ValueError("partial_fit does not support early_stopping=True")
        if suspension is None and (not single_epoch or not hasattr(model, "_optimizer")):
            model._optimizer = model._update_rule()
        self._progress = Progress(model.early_stopping)
        if not first_pass:
            for field, attribute in _PROGRESS.items():
                setattr(self._progress, field, getattr(model, attribute, getattr(self._progress, field)))
        self._rows: dict[str, Array] = {}
        validation_score = None
        if model.early_stopping:
            self._rows = self._held_out_rows()
            data, held_out = (_take_rows(data, rows) for rows in self._rows.values())
            validation_score = model._scorer(*held_out)
        network.bind(parameters)
        self._training = Training(
            network,
            parameters,
            data,
            model._optimizer,
            Settings(
                batch_size=model.batch_size,
                max_iter=model.max_iter,
                shuffle=model.shuffle,
                tol=model.tol,
                n_iter_no_change=model.n_iter_no_change,
                verbose=model.verbose,
                single_epoch=single_epoch,
                at_limit=(
                    f"Stochastic Optimizer: Maximum iterations ({model.max_iter}) reached and the optimization hasn't "
                    "converged yet."
                ),
            ),
            self._progress,
            model._random_state,
            validation_score,
            # scikit-learn's rule: a first training falls back to the initial parameters, a continued one to the last
            best=parameters.copy() if first_pass and model.early_stopping else parameters,
            recorder=start_recording(model),
            after_epoch=None if self._checkpoint is None else self._after_epoch,
        )
        if suspension is not None:
            self._training.restore(suspension.arrays)

    def _train(self) -> None:
        self._training.run()

    def _after_epoch(self) -> None:
        self._write_checkpoint(self._progress.epochs)
        # validation scores are those of the present parameters
        self._model.coefs_, self._model.intercepts_ = self._network.layout.split(self._parameters)

    @property
    def _ended(self) -> bool:
        return self._training.ended

    @property
    def _result(self) -> Array:
        return self._training.result

    def _state(self) -> Mapping[str, Array] | None:
        arrays = self._training.state()
        return None if arrays is None else arrays | self._rows

    def _take(self) -> None:
        super()._take()
        for field, attribute in _PROGRESS.items():
            setattr(self._model, attribute, getattr(self._progress, field))

    def _held_out_rows(self) -> dict[str, Array]:
        """Return which rows to train on and which to set aside: those of the interrupted training, or draw them."""
        if self._resumed is not None:
            return {name: self._resumed.arrays[name] for name in _ROWS}
        X, y, _ = self._data
        model = self._model
        n_train, n_validation = split_sizes(X.shape[0], model.validation_fraction)
        strata = model._strata(y)
        if strata is None:
            parts = shuffled_split(n_train, n_validation, model._random_state)
        else:
            parts = stratified_split(strata, n_train, n_validation, model._random_state)
        if n_validation < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        return dict(zip(_ROWS, parts, strict=True))


def _take_rows(data: Data, rows: Array) -> Data:
    X, y, sample_weight = data
    X = X.tocsr() if is_sparse(X) else X  # as scikit-learn splits: from here on its batches are CSR rows
    return X[rows], y[rows], None if sample_weight is None else sample_weight[rows]
