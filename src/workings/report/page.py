"""The page of a validation: views, templates, and the two files they become."""

from __future__ import annotations

import json
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from workings.report.files import write_together
from workings.report.summary import differences, overview, sentences, tallies
from workings.report.views import study_views
from workings.report.words import number, plain, prose, right
from workings.validate.results import Validation

PAGE = "validation.html"
TWIN = "validation.json"


def write_report(validation: Validation, folder: Path) -> Path:
    """Write ``validation.html`` and its JSON twin into `folder`.

    Both files are complete in memory before the first is touched, and each takes its name in one
    step, so that a failure leaves what was there before.

    Parameters
    ----------
    validation : Validation
        What was compared, with its pictures.
    folder : Path
        Where the two files go; made when it does not exist.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ValueError
        When a picture lacks a series, or a series has the wrong shape; the picture is named.
    OSError
        When the folder cannot be made or written.

    Notes
    -----
    The same validation gives the same bytes: no date, no random name, no order of a set.
    Cost: one figure a picture, about 0.1 s each.
    """
    page = render_page(validation).encode()
    twin = json.dumps(validation.to_dict(), indent=1, allow_nan=False).encode() + b"\n"
    folder = Path(folder)
    write_together(folder, {TWIN: twin, PAGE: page})
    return folder / PAGE


def render_page(validation: Validation) -> str:
    """Return the page as one HTML document that loads nothing from anywhere.

    Parameters
    ----------
    validation : Validation
        What was compared, with its pictures.

    Returns
    -------
    str
        The document.

    Raises
    ------
    ValueError
        When a picture lacks a series, or a series has the wrong shape; the picture is named.
    """
    studies = study_views(validation.studies)
    return (
        _environment()
        .get_template("validation.html")
        .render(
            sentences=sentences(validation),
            tallies=tallies(validation),
            overview=overview(studies),
            differences=differences(studies),
            studies=studies,
            versions=validation.versions,
            twin=TWIN,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("workings.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, plain=plain, prose=prose, right=right)
    return environment
