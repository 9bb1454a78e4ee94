"""Fitted scikit-learn models, healthy and tampered with, that `replicate` has to tell apart."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
import sklearn.datasets as shipped
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from workings.audit import Replication, replicate

ALTERED = 1e-6


@dataclass(frozen=True)
class Case:
    """A fitted model with the data that it is replicated on."""

    name: str
    model: Any
    X: Any
    y: Any = None
    sample_weight: Any = None

    @property
    def final(self) -> Any:
        return self.model.steps[-1][1] if isinstance(self.model, Pipeline) else self.model

    def replication(self) -> Replication:
        return replicate(self.model, self.X, self.y, sample_weight=self.sample_weight)

    def tampered(self, how: str, change: Callable[[Any], None]) -> Case:
        twin = replace(self, name=f"{self.name}: {how}", model=deepcopy(self.model))
        change(twin.final)
        return twin


def fitted(name: str, model: Any, X: Any, y: Any = None, sample_weight: Any = None) -> Case:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arguments = {}
        if sample_weight is not None:
            last = f"{model.steps[-1][0]}__" if isinstance(model, Pipeline) else ""
            arguments = {f"{last}sample_weight": sample_weight}
        return Case(name, model.fit(X, y, **arguments), X, y, sample_weight)


def longley() -> tuple[Any, Any]:
    """Longley (1967), as in NIST's Statistical Reference Datasets."""
    rows = """60323 83.0 234289 2356 1590 107608 1947|61122 88.5 259426 2325 1456 108632 1948
    60171 88.2 258054 3682 1616 109773 1949|61187 89.5 284599 3351 1650 110929 1950
    63221 96.2 328975 2099 3099 112075 1951|63639 98.1 346999 1932 3594 113270 1952
    64989 99.0 365385 1870 3547 115094 1953|63761 100.0 363112 3578 3350 116219 1954
    66019 101.2 397469 2904 3048 117388 1955|67857 104.6 419180 2822 2857 118734 1956
    68169 108.4 442769 2936 2798 120445 1957|66513 110.8 444546 4681 2637 121950 1958
    68655 112.6 482704 3813 2552 123366 1959|69564 114.2 502601 3931 2514 125368 1960
    69331 115.7 518173 4806 2572 127852 1961|70551 116.9 554894 4007 2827 130081 1962"""
    table = np.array([[float(v) for v in row.split()] for line in rows.splitlines() for row in line.split("|")])
    return table[:, 1:], table[:, 0]


def turnover_and_rate() -> tuple[Any, Any]:
    """Two independent features of very different scale, of which scikit-learn 1.9's default drops one."""
    rng = np.random.RandomState(0)
    turnover = np.round(rng.uniform(0.5e6, 5e6, 200), 2)
    rate = np.round(rng.uniform(0.01, 0.09, 200), 4)
    return np.column_stack([turnover, rate]), 4e-6 * turnover + 200.0 * rate + rng.normal(0.0, 0.8, 200)


def collinear(distance: float, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(120, 4))
    X[:, 3] = X[:, 0] + X[:, 1] + distance * rng.normal(size=120)
    return X, X @ [1.0, -2.0, 3.0, 0.5] + rng.normal(size=120)


def table_of_rooms(seed: int) -> tuple[pd.DataFrame, Any]:
    rng = np.random.RandomState(seed)
    frame = pd.DataFrame(
        {
            "area": rng.gamma(3.0, 30.0, 150),
            "age": rng.uniform(0.0, 80.0, 150),
            "town": rng.choice(["Bath", "Leeds", "York"], 150),
            "heating": rng.choice(["gas", "oil"], 150),
        }
    )
    y = 2.0 * frame["area"] - 0.5 * frame["age"] + 10.0 * (frame["town"] == "York") + rng.normal(0, 5.0, 150)
    frame.loc[rng.choice(150, 12, replace=False), "age"] = np.nan
    return frame, y.to_numpy()


def mixed(final: Any, **encoder: Any) -> Pipeline:
    numbers = Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    columns = ColumnTransformer(
        [("numbers", numbers, ["area", "age"]), ("words", OneHotEncoder(**encoder), ["town", "heating"])]
    )
    return Pipeline([("columns", columns), ("model", final)])


def regressions() -> Iterator[Case]:
    for name, data in (("diabetes", shipped.load_diabetes), ("linnerud", shipped.load_linnerud)):
        bunch = data()
        for intercept in (True, False):
            yield fitted(f"{name} {intercept=}", LinearRegression(fit_intercept=intercept), bunch.data, bunch.target)
    X, y = shipped.load_diabetes(return_X_y=True)
    yield fitted("diabetes weighted", LinearRegression(), X, y, np.random.RandomState(0).uniform(0.1, 3.0, len(y)))
    yield fitted("diabetes positive", LinearRegression(positive=True), X, y)
    yield fitted("diabetes positive, no intercept", LinearRegression(positive=True, fit_intercept=False), X, y)
    yield fitted("diabetes frame", LinearRegression(), shipped.load_diabetes(as_frame=True).data, y)
    yield fitted("diabetes in Fortran order", LinearRegression(), np.asfortranarray(X), y)
    for wanted in (StandardScaler(), MinMaxScaler(), MinMaxScaler((-1.0, 2.0), clip=True), "passthrough"):
        yield fitted(f"diabetes behind {wanted}", Pipeline([("s", wanted), ("m", LinearRegression())]), X, y)
    yield fitted("longley, no cut-off", LinearRegression(tol=0.0), *longley())
    yield fitted("longley scaled", Pipeline([("s", StandardScaler()), ("m", LinearRegression())]), *longley())
    yield fitted("turnover, no cut-off", LinearRegression(tol=0.0), *turnover_and_rate())
    yield fitted(
        "turnover scaled", Pipeline([("s", StandardScaler()), ("m", LinearRegression())]), *turnover_and_rate()
    )
    for distance in (1e-1, 1e-3, 1e-5, 1e-7, 1e-9):
        yield fitted(f"collinear {distance:g}", LinearRegression(tol=0.0), *collinear(distance))
    for seed in range(20):
        rng = np.random.RandomState(seed)
        n, p = int(rng.randint(12, 400)), int(rng.randint(1, 9))
        X = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-2, 2, p) + 10.0 ** rng.uniform(-1, 3, p)
        y = X @ rng.normal(size=p) / X.std() + rng.normal(size=n)
        yield fitted(f"random {seed}: {n} x {p}", LinearRegression(tol=0.0), X, y)
    rng = np.random.RandomState(7)
    wide = rng.normal(size=(20, 35))
    yield fitted("more columns than rows", LinearRegression(), wide, rng.normal(size=20))
    groups = np.eye(4)[rng.randint(0, 4, 90)]
    yield fitted(
        "an indicator for every category",
        LinearRegression(),
        np.hstack([groups, rng.normal(size=(90, 2))]),
        rng.normal(size=90),
    )
    constant = np.hstack([np.full((60, 1), 0.1), rng.normal(size=(60, 2))])
    yield fitted("a constant column", LinearRegression(), constant, rng.normal(size=60))
    exactly = rng.normal(size=(50, 3))
    yield fitted("no noise", LinearRegression(), exactly, exactly @ [1.0, 2.0, 3.0] + 4.0)
    for seed in range(3):
        frame, prices = table_of_rooms(seed)
        for options in ({"sparse_output": False}, {}, {"drop": "first"}, {"handle_unknown": "ignore"}):
            yield fitted(f"rooms {seed} {options}", mixed(LinearRegression(), **options), frame, prices)
        words = frame[["town", "heating"]]
        encoder = Pipeline([("words", OneHotEncoder(drop="first")), ("model", LinearRegression())])
        yield fitted(f"rooms {seed} sparse", encoder, words, prices)
        positive = Pipeline([("words", OneHotEncoder()), ("model", LinearRegression(fit_intercept=False))])
        yield fitted(f"rooms {seed} sparse, no intercept", positive, words, prices, rng.uniform(0.5, 2.0, 150))


def single_regressions() -> Iterator[Case]:
    X, y = shipped.load_diabetes(return_X_y=True)
    yield fitted("diabetes single", LinearRegression(), X.astype(np.float32), y)
    yield fitted(
        "random single",
        LinearRegression(),
        np.random.RandomState(0).normal(size=(90, 4)).astype(np.float32),
        np.random.RandomState(1).normal(size=90).astype(np.float32),
    )


def clusterings() -> Iterator[Case]:
    data = {
        "iris": shipped.load_iris().data,
        "wine": StandardScaler().fit_transform(shipped.load_wine().data),
        "wine raw": shipped.load_wine().data,
        "digits": shipped.load_digits().data[:600],
    }
    for name, X in data.items():
        for seed in range(3):
            for k in (2, 3, 8):
                yield fitted(f"{name} k={k} seed={seed}", KMeans(k, random_state=seed), X)
        yield fitted(f"{name} elkan", KMeans(4, random_state=0, algorithm="elkan"), X)
        yield fitted(f"{name} random", KMeans(3, init="random", n_init=3, random_state=1), X)
        yield fitted(f"{name} given centres", KMeans(3, init=X[[0, 60, 120]], n_init=1), X)
        yield fitted(f"{name} without a seed", KMeans(3, tol=0.0), X)
        weights = np.random.RandomState(0).uniform(0.2, 2.0, len(X))
        yield fitted(f"{name} weighted", KMeans(3, random_state=0), X, None, weights)
        yield fitted(f"{name} scaled", Pipeline([("s", MinMaxScaler()), ("m", KMeans(3, random_state=0))]), X)
        yield fitted(f"{name} single", KMeans(3, random_state=0), X.astype(np.float32))
        yield fitted(f"{name} sparse", KMeans(3, random_state=0), scipy.sparse.csr_matrix(X))
    uniform = np.random.RandomState(3).uniform(size=(500, 2))
    for tol in (1e-2, 1e-3, 1e-4):
        yield fitted(f"uniform stopped by {tol}", KMeans(6, random_state=0, tol=tol), uniform)
    yield fitted("far from the origin", KMeans(3, random_state=0), data["iris"] + 1e4)
    ties = np.repeat(np.arange(4.0), 10)[:, None]
    yield fitted("integers with ties", KMeans(2, random_state=0), ties)
    yield fitted("fewer distinct rows than clusters", KMeans(5, random_state=0), np.repeat([[0.0], [1.0], [2.0]], 5, 0))


def networks() -> Iterator[Case]:
    X, y = shipped.load_iris(return_X_y=True)
    Z = StandardScaler().fit_transform(X)
    cancer = shipped.load_breast_cancer()
    C, c = StandardScaler().fit_transform(cancer.data)[:200], cancer.target[:200]
    D, d = shipped.load_diabetes(return_X_y=True)
    D, d = 20.0 * D[:150], d[:150] / 100.0
    short: dict[str, Any] = {"hidden_layer_sizes": (6,), "max_iter": 15}
    for solver in ("adam", "sgd"):
        for activation in ("relu", "tanh", "logistic", "identity"):
            for seed in range(2):
                options = short | {"solver": solver, "activation": activation, "random_state": seed}
                yield fitted(f"iris {solver} {activation} {seed}", MLPClassifier(**options), Z, y)
                yield fitted(f"cancer {solver} {activation} {seed}", MLPClassifier(**options), C, c)
                yield fitted(f"diabetes {solver} {activation} {seed}", MLPRegressor(**options), D, d)
    base = short | {"random_state": 3}
    yield fitted("iris early stopping", MLPClassifier(**base, early_stopping=True), Z, y)
    yield fitted("diabetes early stopping", MLPRegressor(**base, early_stopping=True), D, d)
    yield fitted("iris two layers", MLPClassifier((7, 5), max_iter=20, random_state=0, alpha=0.1), Z, y)
    yield fitted("iris until it converges", MLPClassifier((5,), max_iter=400, tol=1e-2, random_state=0), Z, y)
    yield fitted("iris words", MLPClassifier(**base), Z, np.array(["setosa", "versicolor", "virginica"])[y])
    yield fitted("iris batches", MLPClassifier(**base, batch_size=17, shuffle=False), Z, y)
    yield fitted("iris adaptive", MLPClassifier(**base, solver="sgd", learning_rate="adaptive"), Z, y)
    yield fitted("iris single", MLPClassifier(**base), Z.astype(np.float32), y)
    yield fitted("iris sparse", MLPClassifier(**base), scipy.sparse.csr_matrix(Z), y)
    yield fitted("iris warm start, fitted once", MLPClassifier(**base, warm_start=True), Z, y)
    yield fitted("several labels", MLPClassifier(**base), Z, np.column_stack([y == 0, y == 1]).astype(int))
    yield fitted("several targets", MLPRegressor(**base), D, np.column_stack([d, D[:, 0]]))
    yield fitted("poisson", MLPRegressor("poisson", **base), D, np.round(d))
    yield fitted("weighted", MLPRegressor(**base), D, d, np.random.RandomState(0).uniform(0.5, 2.0, len(d)))
    yield fitted("iris scaled", Pipeline([("s", StandardScaler()), ("m", MLPClassifier(**base))]), X, y)
    frame, prices = table_of_rooms(0)
    yield fitted("rooms", mixed(MLPRegressor(**base)), frame, prices / 100.0)
    yield fitted("rooms dense", mixed(MLPRegressor(**base), sparse_output=False), frame, prices / 100.0)
    for seed in range(3):
        for limit in (5, 60, 400):
            options = {"hidden_layer_sizes": (5,), "solver": "lbfgs", "max_iter": limit, "random_state": seed}
            yield fitted(f"iris lbfgs {limit} {seed}", MLPClassifier(**options, activation="tanh"), Z, y)
            yield fitted(f"diabetes lbfgs {limit} {seed}", MLPRegressor(**options, alpha=0.1), D, d)
    yield fitted("iris lbfgs without a seed", MLPClassifier((4,), solver="lbfgs", alpha=1.0, max_iter=500), Z, y)


def tampered(case: Case) -> Iterator[Case]:
    """The same model with one number changed by 1e-6 of itself, and in the other ways of its family."""
    final, rng = case.final, np.random.RandomState(len(case.name))
    if isinstance(final, LinearRegression):
        relevant = np.flatnonzero(np.ravel(final.coef_))
        if len(relevant):
            j = int(rng.choice(relevant))
            yield case.tampered("one coefficient", lambda m: _scale(np.ravel(m.coef_), j))
        if final.fit_intercept and np.abs(final.intercept_).min() > 1e-8:
            yield case.tampered("intercept", lambda m: setattr(m, "intercept_", m.intercept_ * (1.0 + ALTERED)))
        other = case.y.copy()
        other[:3] += 0.01 * np.std(other, axis=0)
        yield replace(case, name=f"{case.name}: other data", y=other)
    elif isinstance(final, KMeans):
        centers = final.cluster_centers_
        k, j = divmod(
            int(np.abs(centers).argmax()) if rng.rand() < 0.3 else int(rng.randint(centers.size)), centers.shape[1]
        )
        if centers[k, j] != 0.0 and centers.dtype == np.float64:
            yield case.tampered("one entry of a centre", lambda m: _scale(m.cluster_centers_, (k, j)))
        yield case.tampered("one centre", lambda m: _scale(m.cluster_centers_, k))
        yield case.tampered("stale labels", lambda m: setattr(m, "labels_", np.roll(m.labels_, 1)))
        if not isinstance(case.model, Pipeline):
            moved = case.X.copy()
            moved[-5:] = moved[-5:] * 1.01
            yield replace(case, name=f"{case.name}: other data", X=moved)
    else:
        layer = int(rng.randint(len(final.coefs_)))
        place = int(rng.choice(np.flatnonzero(np.abs(final.coefs_[layer]) > 1e-30)))
        yield case.tampered("one weight", lambda m: _scale(m.coefs_[layer].reshape(-1), place))
        bias = int(rng.randint(len(final.intercepts_[-1])))
        yield case.tampered("one bias", lambda m: _scale(m.intercepts_[-1], bias))
        yield replace(case, name=f"{case.name}: other data", y=np.roll(case.y, 1, axis=0))


def _scale(values: Any, place: Any) -> None:
    values[place] *= 1.0 + ALTERED
