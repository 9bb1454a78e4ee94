"""The HTML that a notebook shows for an estimator: its name and its parameters, changed ones first."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

_LONGEST_VALUE = 200

_STYLE = (
    "font-family:system-ui,sans-serif;font-size:.9em;border:1px solid #888;border-radius:4px;"
    "padding:.4em .7em;display:inline-block;max-width:100%;overflow-x:auto"
)


def estimator_html(name: str, parameters: Mapping[str, Any], changed: frozenset[str], *, fitted: bool) -> str:
    """Return an estimator as a small self-contained HTML element.

    Parameters
    ----------
    name : str
        Class name.
    parameters : mapping
        Constructor parameters.
    changed : frozenset of str
        Names of those that differ from their default; shown in bold.
    fitted : bool
        Whether `fit` was called.

    Returns
    -------
    str
        A ``<details>`` element; needs no script and no style sheet.
    """
    ordered = sorted(parameters, key=lambda parameter: (parameter not in changed, parameter))
    rows = "".join(_row(parameter, parameters[parameter], parameter in changed) for parameter in ordered)
    state = "fitted" if fitted else "not fitted"
    return (
        f'<details style="{_STYLE}"><summary><strong>{escape(name)}</strong> <small>({state})</small></summary>'
        f"<table><thead><tr><th scope='col'>parameter</th><th scope='col'>value</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></details>"
    )


def _row(parameter: str, value: Any, changed: bool) -> str:
    text = repr(value)
    if len(text) > _LONGEST_VALUE:
        text = text[:_LONGEST_VALUE] + "…"
    mark = "strong" if changed else "span"
    return (
        f"<tr><td><{mark}>{escape(parameter)}</{mark}></td>"
        f"<td style='text-align:left'><code>{escape(text)}</code></td></tr>"
    )
