"""The plane of the pictures: scikit-learn's PCA up to sign, and signs that stay."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from workings.validate import datasets
from workings.validate.plane import principal_plane


@pytest.mark.parametrize("load", [datasets.iris, datasets.digits, datasets.wine])
def test_it_is_the_plane_of_largest_variance(load: object) -> None:
    X = load().X  # type: ignore[operator]
    plane, reference = principal_plane(X), PCA(2, svd_solver="full").fit(X)
    signs = np.sign(np.sum(plane.directions * reference.components_, axis=1))
    np.testing.assert_allclose(plane.directions, signs[:, None] * reference.components_, atol=1e-12)
    np.testing.assert_allclose(plane.explained, reference.explained_variance_ratio_, rtol=1e-12)
    np.testing.assert_allclose(plane.project(X), signs * reference.transform(X), atol=1e-9)


def test_signs_do_not_hang_on_the_order_or_the_sign_of_the_data() -> None:
    X = datasets.iris().X
    plane = principal_plane(X)
    for other in (principal_plane(X[::-1]), principal_plane(2 * X.mean(axis=0) - X)):
        np.testing.assert_allclose(other.directions, plane.directions, atol=1e-12)
    assert (plane.directions[np.arange(2), np.abs(plane.directions).argmax(axis=1)] > 0).all()
