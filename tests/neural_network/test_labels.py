import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.preprocessing import LabelBinarizer as Reference
from sklearn.utils.multiclass import type_of_target

from workings.neural_network.labels import LabelBinarizer, distinct_labels, kind_of_target

TARGETS = {
    "two numbers": np.array([3, 1, 3]),
    "booleans": np.array([True, False]),
    "floats": np.array([1.0, 2.0, 0.0]),
    "strings": np.array(["b", "a", "c", "a"]),
    "string objects": np.array(["b", "a", "b"], dtype=object),
    "one class": np.array([7, 7]),
    "list": [5, 4, 3],
    "series": pd.Series(["x", "y", "z"]),
    "indicator": np.array([[0, 1, 1], [1, 1, 0]]),
    "boolean indicator": np.array([[False, True], [True, True]]),
    "float indicator": np.array([[0.0, 1.0], [1.0, 1.0]]),
    "column": np.array([[1], [2], [3]]),
}
OTHERS = {
    "numbers between": np.array([0.5, 1.0]),
    "several outputs": np.array([[1, 2], [3, 4]]),
    "several numbers between": np.array([[1.5, 2.0], [3.0, 4.0]]),
    "objects": np.array([object(), object()], dtype=object),
    "three dimensions": np.zeros((2, 2, 2)),
}


@pytest.mark.parametrize("name", TARGETS | OTHERS)
def test_kinds_are_those_of_scikit_learn(name):
    y = (TARGETS | OTHERS)[name]
    assert kind_of_target(y) == type_of_target(y)


@pytest.mark.parametrize("name", TARGETS)
def test_columns_and_classes_are_those_of_scikit_learn(name):
    y = TARGETS[name]
    y = np.ravel(y) if name == "column" else y
    ours, theirs = LabelBinarizer().fit(y), Reference().fit(y)
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    assert ours.classes_.dtype == theirs.classes_.dtype
    columns = ours.transform(y)
    assert columns.dtype == bool
    np.testing.assert_array_equal(columns, theirs.transform(y))
    probability = np.random.RandomState(0).rand(*columns.shape)
    np.testing.assert_array_equal(ours.inverse_transform(probability), theirs.inverse_transform(probability))
    np.testing.assert_array_equal(ours.inverse_transform(columns), theirs.inverse_transform(columns))


@pytest.mark.parametrize("name", OTHERS)
def test_what_no_classifier_can_learn_is_refused(name):
    with pytest.raises(ValueError, match=r"Unknown label type|Multioutput target"):
        LabelBinarizer().fit(OTHERS[name])


def test_one_half_is_not_enough():
    binarizer = LabelBinarizer().fit(["no", "yes"])
    assert list(binarizer.inverse_transform(np.array([0.5, np.nextafter(0.5, 1)]))) == ["no", "yes"]


def test_strings_and_numbers_do_not_mix():
    with pytest.raises(ValueError, match="Mix of label input types"):
        distinct_labels(np.array(["a", 1], dtype=object))


def test_bytes_are_refused():
    with pytest.raises(TypeError, match="bytes"):
        kind_of_target(np.array([b"a", b"b"]))


def test_another_number_of_labels_is_refused():
    binarizer = LabelBinarizer().fit(np.array([[0, 1], [1, 1]]))
    with pytest.raises(ValueError, match="mismatch with the labels"):
        binarizer.transform(np.array([[0, 1, 0], [1, 1, 1]]))
    with pytest.raises(ValueError, match="not fitted with multilabel"):
        LabelBinarizer().fit([0, 1]).transform(np.array([[0, 1], [1, 1]]))


def test_a_sparse_indicator_comes_back_sparse():
    y = scipy.sparse.csr_matrix(np.array([[0, 1], [1, 1]]))
    binarizer = LabelBinarizer().fit(y)
    columns = binarizer.transform(y)
    np.testing.assert_array_equal(columns, y.toarray())
    back = binarizer.inverse_transform(columns)
    assert scipy.sparse.issparse(back)
    np.testing.assert_array_equal(back.toarray(), y.toarray())
