"""Networks in files: saved, loaded, and written again and again while they are trained."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import Any

from workings.base import NotFittedError, recognised
from workings.neural_network.archive import UnreadableError, read_archive, write_archive
from workings.neural_network.atomic_file import place_of
from workings.neural_network.checkpointing import Checkpoint, open_checkpoint
from workings.neural_network.classifier import MLPClassifier
from workings.neural_network.contents import ESTIMATORS, model_of, parts_of
from workings.neural_network.regressor import MLPRegressor


def save(model: MLPClassifier | MLPRegressor, path: str | os.PathLike[str]) -> None:
    """Write a trained network, or one whose training was interrupted, to an ``.npz`` file.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
    path : str or path
        Taken as it is: no suffix is added.

    Raises
    ------
    TypeError
        If the model is not of one of the two classes.
    NotFittedError
        If it has no weights yet.
    ValueError
        If it is being trained at the moment, has weights that are not finite, or a parameter that has no place in such
        a file.
    OSError
        If the file cannot be written. What was there before is then still there, as it is at any moment until the new
        file is complete.

    Notes
    -----
    A loaded network predicts, goes on with `partial_fit`, with `fit` under `warm_start` and with `resume`, and repeats
    `fit`, all with the same bits as the saved one. A `random_state` that is a generator is saved in its present state.

    The file is a zip of arrays that ``numpy.load(path, allow_pickle=False)`` opens. With p weights and biases, e epochs
    and n rows:

    ===================================  ==============  ==========  ==================================================
    key                                  shape           dtype       what
    ===================================  ==============  ==========  ==================================================
    ``header``                           ()              str         JSON, see below
    ``parameters``                       (p,)            float       weights and biases, ``[W0, ..., Wk, b0, ..., bk]``
    ``classes``                          (n_classes,)    any plain   ``classes_`` of a classifier
    ``label_classes``                    (n_classes,)    any plain   the same; for `partial_fit` on an indicator matrix
                                                                     the numbers of its columns
    ``loss_curve``                       (e,)            float64     "sgd" and "adam"
    ``loss_curve_types``                 (e,)            uint8       4 and 8 for NumPy's float32 and float64, 0 for
                                                                     Python's float
    ``validation_scores`` and its types  (e,)            as above    early stopping
    ``rule_...``                         (p,) or ()      number      ``state()`` of the update rule; moments in two
                                                                     parts where weights and biases differ in type
    ``suspended_order``                  (n,)            int         of an interrupted training, as the next ones: the
                                                                     rows in the order of the present epoch
    ``suspended_start``                  ()              int         how many of them are done
    ``suspended_between_epochs``         ()              bool        whether the next epoch has yet to draw its order
    ``suspended_epochs``                 ()              int         that are finished
    ``suspended_loss_sum``               ()              float       over the rows of the present epoch
    ``suspended_beginning``              ()              str         of a divergence: a sentence on where it began
    ``suspended_warned``                 ()              bool        whether it has been told
    ``suspended_finite``                 (p,)            float       parameters an epoch ends with, where they differ
    ``suspended_parameters``             (p,)            float       early stopping: those that are being trained
    ``suspended_best``                   (p,)            float       early stopping: those with the best score
    ``suspended_training_rows``          any             int         early stopping: numbers of the rows trained on
    ``suspended_validation_rows``        any             int         early stopping: numbers of the rows set aside
    ``suspended_...``                    as there                    L-BFGS: ``LBFGSState.arrays()`` in place of these
    ===================================  ==============  ==========  ==================================================

    The header's entries are ``format`` (``"workings neural network"``), ``version`` (1), ``arrays`` (dtype and shape of
    every other key) and ``content``: ``class``, ``parameters`` (of the constructor), ``fitted`` (numbers and names by
    attribute), ``sizes`` (units by layer), ``feature_names``, ``labels`` (kind and container of the target), ``rule``
    (class and parameters) and ``suspended`` (solver, early_stopping, single_epoch, fingerprint of the data, generator,
    dtype). Types that JSON has not are written as ``{"float": "nan"}``, ``{"tuple": [...]}``, ``{"dict": {...}}``,
    ``{"scalar": [dtype, shape, values]}``, ``{"array": ...}`` likewise, and ``{"RandomState": ...}``.

    Fails when other files of the same name are being written at the same time: the last one wins.
    Cost: the bytes of the above: 8 p, three times that with Adam, some 22 times that for an interrupted L-BFGS; and a
    wait until they are on the disk.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> X = np.arange(12.0).reshape(6, 2)
    >>> network = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", random_state=0).fit(X, X[:, 0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "network.npz")
    ...     save(network, path)
    ...     print(np.array_equal(load(path).predict(X), network.predict(X)))
    True
    """
    _require_one_of_ours(model)
    if model._in_training:
        raise ValueError(
            "The network is being trained, and half of it would be of one step and half of another: save it "
            "afterwards, or train it inside `with checkpoint(path):`."
        )
    _write(model, place_of(path))


def load(path: str | os.PathLike[str]) -> MLPClassifier | MLPRegressor:
    """Read a network that `save` or `checkpoint` has written.

    Parameters
    ----------
    path : str or path
        Taken as it is: no suffix is added.

    Returns
    -------
    MLPClassifier or MLPRegressor

    Raises
    ------
    ValueError
        If the file is no such file, is damaged, is of a newer version, or holds Python objects, which could run code;
        the message says which.
    OSError
        If there is no such file, or it cannot be read.

    Notes
    -----
    Every part has a checksum, which is compared before the part is used; then the parts are compared with each other.
    Fails when somebody has changed the file and its checksums on purpose: other weights are other weights.
    Cost: as `save`.
    """
    try:
        content, arrays = read_archive(path)
        try:
            return model_of(content, arrays)
        except UnreadableError:
            raise
        except Exception as error:  # whatever other values than those of `save` may lead to
            raise UnreadableError(f"its parts do not belong together ({error})") from error
    except UnreadableError as error:
        raise ValueError(f"{os.fspath(path)!r} cannot be loaded: {error}.") from error


@contextmanager
def checkpoint(path: str | os.PathLike[str], every: int = 1) -> Iterator[None]:
    """Write networks to a file while they are trained inside the ``with`` block.

    Parameters
    ----------
    path : str or path
        Each writing takes the place of the one before, in one step: the file is complete at any moment.
    every : int, default=1
        Epochs, or iterations of L-BFGS, from one writing to the next. Interruptions and ends are always written.

    Yields
    ------
    None

    Raises
    ------
    ValueError
        If `every` is not a whole number above 0.
    OSError
        If the file cannot be written: at the beginning of the block if its folder is missing, later as an exception
        that ends the training.

    Warns
    -----
    UserWarning
        If the block ended without an error and nothing was written.

    Notes
    -----
    After whatever has ended the process, ``load(path).resume(X, y)`` goes on to the same bits; if the training had
    ended, it says so and does nothing. `resume` inside a block goes on writing. A training that diverged, or was torn
    in the middle of a step, leaves the file as the last whole step left it.
    Several trainings in one block write over each other; of nested blocks the inner one holds.
    Fails when the fit runs elsewhere: another process or thread (``n_jobs`` above 1) does not see the block.
    Cost: a pass over the data once a training, and `save` every time.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import workings
    >>> X = np.linspace(0.0, 1.0, 50).reshape(-1, 1)
    >>> y = X.ravel() ** 2
    >>> def power_cut(step):
    ...     if step.event == "epoch" and step.values["epoch"] == 20:
    ...         raise SystemExit
    >>> network = MLPRegressor(hidden_layer_sizes=(5,), random_state=0, learning_rate_init=0.1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "network.npz")
    ...     try:
    ...         with checkpoint(path, every=5), workings.record(callback=power_cut):
    ...             _ = network.fit(X, y)
    ...     except SystemExit:
    ...         resumed = load(path).resume(X, y)
    >>> whole = MLPRegressor(hidden_layer_sizes=(5,), random_state=0, learning_rate_init=0.1).fit(X, y)
    >>> resumed.loss_curve_ == whole.loss_curve_, np.array_equal(resumed.predict(X), whole.predict(X))
    (True, True)
    """
    if not isinstance(every, Integral) or isinstance(every, bool) or every < 1:
        raise ValueError(f"every has to be a whole number of epochs above 0; got {every!r}.")
    target = place_of(path)
    written = False

    def write(model: Any) -> None:
        nonlocal written
        _require_one_of_ours(model)
        _write(model, target)
        written = True

    with open_checkpoint(Checkpoint(write, int(every))):
        yield
    if not written:
        warnings.warn(
            "No checkpoint was written: no MLPClassifier or MLPRegressor was trained inside the block, or it was "
            "trained in another process or thread (n_jobs above 1).",
            UserWarning,
            stacklevel=3,
        )


def _require_one_of_ours(model: Any) -> None:
    if type(model) not in ESTIMATORS.values():
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise TypeError(f"Only the MLPClassifier and the MLPRegressor of workings can be saved, not a {kind}.")
    if not hasattr(model, "coefs_"):
        raise recognised(NotFittedError)(
            f"This {type(model).__name__} instance is not fitted yet, and has no weights to save: call 'fit' first."
        )


def _write(model: MLPClassifier | MLPRegressor, target: Path) -> None:
    content, arrays = parts_of(model)
    try:
        write_archive(target, content, arrays)
    except TypeError as error:
        raise ValueError(f"This {type(model).__name__} cannot be saved: there is no place for {error}.") from error
