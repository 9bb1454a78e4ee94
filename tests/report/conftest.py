"""A validation made by hand: every kind of picture, every verdict, and names that mean harm."""

from __future__ import annotations

import numpy as np
import pytest

from workings.report import render_page
from workings.validate.results import Comparison, Picture, Study, Validation, Verdict

SCRIPT = "<script>alert('x')</script>"
LONG = "a" * 10_000
RIGHT_TO_LEFT = "שלום العالم"
HOSTILE = [SCRIPT, LONG, RIGHT_TO_LEFT, r"$\frac{", "nul\x00 \ud800 lone", '漢字 & "quotes" {{ 7 * 7 }}']


def row(
    quantity: str,
    difference: float = 0.0,
    tolerance: float = 0.0,
    *,
    algorithm: str = "linear",
    dataset: str = "diabetes",
    configuration: str = "LinearRegression()",
    voice: str = "estimator",
    reference: str = "scikit-learn",
    reason: str = "",
    who_is_right: str = "",
) -> Comparison:
    verdict = Verdict.SAME_BITS if difference == 0 else Verdict.WITHIN_BOUND
    if not difference <= tolerance:
        verdict = Verdict.DIFFERS
    reason = reason or (
        "Rounding of `X'X` grows with the square of the condition number: 442 * 2.2e-16 * 21.7²."
        if tolerance
        else "The same operations in the same order."
    )
    return Comparison(
        algorithm, dataset, configuration, voice, reference, quantity,
        difference * 152.1, difference, tolerance, reason, verdict, who_is_right,
    )  # fmt: skip


def linear_study() -> Study:
    rng = np.random.RandomState(0)
    names = np.array(["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"])
    coef = rng.normal(scale=300, size=10)
    target = rng.normal(150, 50, 442)
    quantities = ["coef_", "intercept_", "predict", "score", "singular_", "rank_"]
    rows = [row(quantity, 3.1e-15 * place, 1e-12) for place, quantity in enumerate(quantities)]
    rows += [row(quantity, 2e-14, 1e-12, voice="textbook") for quantity in quantities[:3]]
    rows += [
        row(quantity, 4e-15, 1e-12, configuration="LinearRegression(fit_intercept=False, positive=True)")
        for quantity in quantities
    ]
    return Study(
        "linear", "diabetes", "Diabetes: 442 patients, ten measurements",
        "Ordinary least squares on the usual regression set. The ten columns are correlated: the condition number "
        "of the centred matrix is 21.7, so `coef_` may lose three digits.\n\nBoth sides solve the same problem by "
        "different factorisations, so the bits differ and the bound comes from the conditioning.",
        tuple(rows),
        (
            Picture(
                "coefficients", "All ten coefficients coincide.",
                "Ten coefficients of the diabetes fit; ours and scikit-learn's lie on each other.",
                {"names": names, "ours": coef, "reference": coef * (1 + 1e-15)},
                {"x": "coefficient", "ours": "workings", "reference": "scikit-learn"},
            ),
            Picture(
                "predictions", "442 predictions lie on the diagonal; the largest difference is 6e-13.",
                "442 predictions of ours against scikit-learn's, all on the diagonal.",
                {"ours": target, "reference": target + rng.normal(scale=2e-13, size=442)},
                {"ours": "workings", "reference": "scikit-learn"},
            ),
        ),
    )  # fmt: skip


def scales_study() -> Study:
    right = (
        "the exact answer: 199.0 by rational arithmetic; scikit-learn drops a direction whose ratio falls below `tol`."
    )
    return Study(
        "linear", "two scales", "Two features of very different scale",
        "One feature in dollars, one rate in decimals. scikit-learn's default `tol=1e-6` cuts the small direction.",
        (
            row("coef_", 1.0, 1e-9, dataset="two scales", who_is_right=right),
            row("rank_", 0.5, 0, dataset="two scales", who_is_right=right),
            row("coef_", 3e-13, 1e-9, dataset="two scales", reference="scikit-learn tol=0"),
            row("coef_", 0, 1e-9, dataset="two scales", reference="exact"),
        ),
        (
            Picture(
                "dropped", "scikit-learn's default reports 0 for a coefficient of 199.",
                "Four bars: scikit-learn by default near zero, the three others at 199.0.",
                {
                    "names": np.array(["scikit-learn, tol=1e-6 (default)", "scikit-learn, tol=0", "workings", "exact"]),
                    "values": np.array([1.2e-15, 199.0, 199.0, 199.0]),
                },
                {"x": "coefficient of the rate"},
            ),
        ),
    )  # fmt: skip


def kmeans_study() -> Study:
    rng = np.random.RandomState(1)
    centers = np.array([[-3.0, 0.0], [0.5, 1.0], [3.0, -0.5]])
    ours = np.repeat([0, 1, 2], 50)
    plane = centers[ours] + rng.normal(scale=0.7, size=(150, 2))
    reference = ours.copy()
    reference[[3, 77]] = 2
    quantities = ["labels_", "cluster_centers_", "inertia_", "n_iter_", "inertia by iteration"]
    return Study(
        "kmeans", "iris", "Iris: 150 flowers in three clusters", "Lloyd's algorithm from the same seed.",
        tuple(
            row(quantity, algorithm="kmeans", dataset="iris", configuration=f"KMeans(3, random_state={seed})")
            for seed in range(5) for quantity in quantities
        ),
        (
            Picture(
                "clusters", "All but two of the 150 flowers fall in the same cluster.",
                "Three clusters in the plane of the first two principal components; two flowers are ringed.",
                {
                    "plane": plane, "ours": ours, "reference": reference,
                    "centers": centers, "reference_centers": centers,
                },
                {"x": "first principal component", "y": "second", "ours": "workings", "reference": "scikit-learn"},
            ),
            Picture(
                "curves", "The inertia falls through the same seven values.", "Two curves on each other.",
                {"ours": np.array([900, 300, 120, 90, 80, 79, 78.85]),
                 "reference": np.array([900, 300, 120, 90, 80, 79, 78.85])},
                {"x": "iteration", "y": "inertia", "ours": "workings", "reference": "scikit-learn"},
            ),
        ),
    )  # fmt: skip


def neural_study() -> Study:
    epochs = np.arange(1, 201)
    network = {"algorithm": "neural", "dataset": "digits", "configuration": "MLPClassifier((32,))"}
    loss = 2 * np.exp(-epochs / 30) + 0.01
    return Study(
        "neural", "digits", "Digits: a network of 64, 32 and 10 units", "Adam from the same seed.",
        (
            row("loss_curve_", 2e-14, 1e-10, **network),
            row("coefs_[0]", 3e-6, 1e-10, **network),
            row("coefs_[1]", float("nan"), 1e-10, **network),
        ),
        (
            Picture(
                "curves", "Two hundred epochs, one curve.", "The loss curves coincide.",
                {"ours": loss, "reference": loss * (1 + 1e-14 * np.sin(epochs)), "log": np.array(True)},
                {"x": "epoch", "y": "loss", "ours": "workings", "reference": "scikit-learn"},
            ),
        ),
    )  # fmt: skip


def hostile_study() -> Study:
    return Study(
        "linear", SCRIPT, SCRIPT, f"{SCRIPT} `{SCRIPT}` {LONG}",
        tuple(
            row(name, dataset=name, configuration=name, voice=name, reference=name, reason=name) for name in HOSTILE
        ),
        (
            Picture(
                "coefficients", SCRIPT, '"><script>alert(1)</script>',
                {"names": np.array(HOSTILE, dtype=object), "ours": np.arange(6.0), "reference": np.arange(6.0)},
                {"x": LONG, "ours": SCRIPT, "reference": r"$\frac{"},
            ),
            Picture(
                "dropped", LONG, RIGHT_TO_LEFT,
                {"names": np.array(HOSTILE, dtype=object), "values": np.array([1e300, -1e-300, 0, 1, 2, 3])},
            ),
        ),
    )  # fmt: skip


def synthetic() -> Validation:
    return Validation(
        (linear_study(), scales_study(), kmeans_study(), neural_study(), hostile_study()),
        {"workings": "0.1.0", "scikit-learn": "1.9.1", "numpy": "2.4.6", "python": "3.11", SCRIPT: RIGHT_TO_LEFT},
    )


@pytest.fixture(scope="session")
def validation() -> Validation:
    return synthetic()


@pytest.fixture(scope="session")
def page(validation: Validation) -> str:
    return render_page(validation)
