"""Numbers, names and sentences as a person reads them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

from markupsafe import Markup, escape

LONGEST = 600
_NAMES = {
    "linear": "Linear regression",
    "kmeans": "k-means",
    "neural": "Neural networks",
    "exact": "the exact answer",
    "NIST certified": "NIST’s certified values",
}


def number(value: float) -> str:
    """Write a magnitude the way a person would: ``0``, ``2.2e-16``, ``0.013``, ``199``.

    Examples
    --------
    >>> number(0.0), number(2.220446e-16), number(0.0125), number(199.0), number(1234567.0)
    ('0', '2.2e-16', '0.013', '199', '1.2e+06')
    """
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        digits = max(0, 1 - math.floor(math.log10(abs(value))))
        text = f"{value:.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.1e}"


def plain(text: object, longest: int = LONGEST) -> str:
    """Make a text safe to show: no control characters, and no longer than `longest` characters.

    What was cut is said in the text itself; the JSON twin keeps the whole.
    """
    shown = "".join(_shown(character) for character in str(text))
    if len(shown) <= longest:
        return shown
    return f"{shown[:longest].rstrip()}… ({len(shown):,} characters)"


def short(text: object, longest: int) -> str:
    """Cut a name in its middle, where names differ least, so that a figure stays a figure."""
    shown = plain(text, 10 * LONGEST)
    if len(shown) <= longest:
        return shown
    head = (longest - 1 + 1) // 2
    return f"{shown[:head]}…{shown[len(shown) - (longest - 1 - head) :]}"


def prose(text: str) -> Markup:
    """Escape a text and set what stands between backticks as code."""
    pieces = re.split(r"`([^`\n]+)`", plain(text, 6 * LONGEST))
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if place % 2 else escape(piece) for place, piece in enumerate(pieces)
    )


def name(key: str) -> str:
    """Return the full name of an algorithm or a reference; an unknown key is its own name."""
    return _NAMES.get(key, key)


def listed(items: Sequence[str]) -> str:
    """Join names as in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row"), counted(0, "body", "bodies")
    ('1 row', '1,200 rows', '0 bodies')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _shown(character: str) -> str:
    """Replace what no document may hold: control characters, lone surrogates, non-characters."""
    if character in "\n\t":
        return character
    hidden = unicodedata.category(character) in {"Cc", "Cs"} or ord(character) & 0xFFFE == 0xFFFE
    return "\N{REPLACEMENT CHARACTER}" if hidden else character
