"""The whole validation: every study of the algorithms asked for, on one thread, with progress."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.metadata import version

import workings
from workings.validate.results import Study, Validation

ALGORITHMS: tuple[str, ...] = ("linear", "kmeans", "neural")
"""What can be validated, in the order of the page."""

Progress = Callable[[str, int, int], None]
"""Told, before each study, its name, how many are done and how many there are; once more at the end with ``""``."""


def validate(names: Sequence[str] = ALGORITHMS, progress: Progress | None = None) -> Validation:
    """Run ours, the textbook and scikit-learn on the same data with the same seeds, and compare everything.

    Parameters
    ----------
    names : sequence of {"linear", "kmeans", "neural"}
        Which algorithms; each once, in the order of `ALGORITHMS`. An empty sequence means all.
    progress : callable, optional
        Called as ``progress(study, done, total)`` before each study, and with ``done == total`` at the end.

    Returns
    -------
    Validation
        Same data, same versions, same machine: same numbers.

    Raises
    ------
    ValueError
        For a name that is not an algorithm.
    ModuleNotFoundError
        Without scikit-learn.

    Notes
    -----
    Runs on one thread (BLAS and OpenMP), since scikit-learn's k-means with two disagrees with itself in the last
    bits. Takes about half a minute on one core and holds one data set at a time.

    Examples
    --------
    >>> validation = validate(["kmeans"])
    >>> validation.unexplained
    ()
    """
    unknown = [name for name in names if name not in ALGORITHMS]
    if unknown:
        raise ValueError(f"There is no algorithm {unknown[0]!r}; choose from {', '.join(ALGORITHMS)}.")
    chosen = [name for name in ALGORITHMS if name in names or not names]
    modules = [import_module(f"workings.validate.{name}") for name in chosen]
    from workings.validate.reference import one_thread, quiet  # loads scikit-learn: only once it is needed

    tasks = [
        (f"{name}: {study}", run)
        for name, module in zip(chosen, modules, strict=True)
        for study, run in module.studies()
    ]
    with one_thread(), quiet():
        studies = tuple(_run(tasks, progress))
    return Validation(studies, versions())


def versions() -> dict[str, str]:
    """Versions of what took part; no date and no machine, so that equal inputs give equal bytes."""
    parts = {name: version(name) for name in ("numpy", "pandas", "scikit-learn", "scipy")}
    return {"workings": workings.__version__, "python": platform.python_version(), **parts}


def _run(tasks: list[tuple[str, Callable[[], Study]]], progress: Progress | None) -> Iterator[Study]:
    report = progress or (lambda _name, _done, _total: None)
    for done, (name, run) in enumerate(tasks):
        report(name, done, len(tasks))
        yield run()
    report("", len(tasks), len(tasks))
