"""Numbers, names and sentences as a person reads them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

from markupsafe import Markup, escape

LONGEST = 1200
"""Characters of a text that the page shows."""

SIDES = ("ours", "the textbook", "the exact answer", "scikit-learn tol=0", "scikit-learn")
"""Whom a judgement may name first, before a colon."""

_PIECES = re.compile(r"(`[^`\n]+`|-?\d[\d.]*e[-+]\d+|scikit-learn|k-means)")
_NAMES = {
    "linear": "Linear regression",
    "kmeans": "k-means",
    "neural": "Neural networks",
    "exact": "the exact answer",
    "scikit-learn tol=0": "scikit-learn with tol=0",
    "NIST certified": "the values that NIST certified",
}


def number(value: float) -> str:
    """Write a magnitude the way a person would: ``0``, ``2.2e-16``, ``0.013``, ``199``.

    Examples
    --------
    >>> number(0.0), number(2.220446e-16), number(0.0125), number(199.0), number(1234567.0)
    ('0', '2.2e-16', '0.013', '199', '1.2e6')
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
    return _powers(f"{value:.1e}")


def tick(value: float) -> str:
    """Write a number for an axis: a true minus sign, no zeros that carry nothing.

    Examples
    --------
    >>> tick(-250.0), tick(5e-13), tick(1e6)
    ('\N{MINUS SIGN}250', '5e-13', '1e6')
    """
    text = _powers(f"{value:.4g}")
    return text.replace("-", "\N{MINUS SIGN}", 1) if value < 0 else text


def clean(text: object) -> str:
    """Replace what no document may hold: control characters, lone surrogates, non-characters."""
    return "".join(_shown(character) for character in str(text))


def plain(text: object, longest: int = LONGEST) -> str:
    """Make a text safe to show, and no longer than `longest` characters.

    What was cut is said in the text itself; the JSON twin keeps the whole.
    """
    shown = clean(text)
    if len(shown) <= longest:
        return shown
    return f"{shown[:longest].rstrip()}… ({len(shown):,} characters)"


def short(text: object, longest: int) -> str:
    """Cut a name in its middle, where names differ least, so that a figure stays a figure."""
    shown = clean(text)
    if len(shown) <= longest:
        return shown
    head = longest // 2
    return f"{shown[:head]}…{shown[len(shown) - (longest - 1 - head) :]}"


def prose(text: str, longest: int = LONGEST) -> Markup:
    """Escape a text, set what stands between backticks as code, and keep numbers and names on one line.

    Examples
    --------
    >>> print(prose("`tol` < 5.4e+07"))
    <code>tol</code> &lt; <span class="whole">5.4e7</span>
    """
    return Markup("").join(_piece(piece) for piece in _PIECES.split(plain(text, longest)))


def right(text: str) -> Markup:
    """Begin a judgement with its outcome: ``ours: ...`` becomes ``Ours is right: ...``.

    A judgement that names nobody of `SIDES` first stays as it is.
    """
    side = who(text)
    if side is None:
        return prose(text)
    return Markup("<strong>{}{} is right</strong>{}").format(side[0].upper(), side[1:], prose(text[len(side) :]))


def who(text: str) -> str | None:
    """Return which of `SIDES` a judgement names first, if it does."""
    return next((side for side in SIDES if re.match(rf"{re.escape(side)}[:;,.]", text)), None)


def name(key: str) -> str:
    """Return the full name of an algorithm or a reference; an unknown key is its own name."""
    return _NAMES.get(key) or plain(key, 80)


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


def _piece(piece: str) -> Markup:
    if piece.startswith("`") and len(piece) > 2:
        return Markup("<code>{}</code>").format(piece[1:-1])
    if _PIECES.fullmatch(piece):
        return Markup('<span class="whole">{}</span>').format(_powers(piece))
    return escape(piece)


def _powers(text: str) -> str:
    """Write ``1.0e-9`` for ``1.0e-09``, ``1.2e6`` for ``1.2e+06`` and ``0`` for ``0.0e+00``."""
    if re.fullmatch(r"-?0(\.0+)?e\+?-?0+", text):
        return "0"
    return re.sub(r"e\+?(-?)0*(\d)", r"e\1\2", text)


def _shown(character: str) -> str:
    if character in "\n\t":
        return character
    hidden = unicodedata.category(character) in {"Cc", "Cs"} or ord(character) & 0xFFFE == 0xFFFE
    return "\N{REPLACEMENT CHARACTER}" if hidden else character
