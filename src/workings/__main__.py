"""Entry point of ``workings`` and ``python -m workings``: works even where an extra is missing, to say so."""

from __future__ import annotations

import sys

EXTRAS: dict[str, str] = {
    "typer": "typer",
    "click": "typer",
    "rich": "rich",
    "sklearn": "scikit-learn",
    "scipy": "scikit-learn",
    "threadpoolctl": "scikit-learn",
    "jinja2": "Jinja2",
    "markupsafe": "Jinja2",
    "matplotlib": "matplotlib",
}
"""Modules that come with an extra, and the package to name when one is missing."""

BAD_INPUT = 2


def main() -> int:
    """Run the command line.

    Returns
    -------
    int
        Exit status 2 when a package of an extra is missing; otherwise the command ends the process with its own.
    """
    try:
        from workings.cli import app  # only here, so that a missing typer is reported below

        app()
    except ModuleNotFoundError as error:
        package = EXTRAS.get((error.name or "").partition(".")[0])
        if package is None:
            raise
        print(f'workings: {package} is not installed; run: pip install "workings[all]"', file=sys.stderr)
        return BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
