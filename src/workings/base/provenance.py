"""Which library an object comes from, without importing that library."""

from __future__ import annotations

LIBRARIES = ("sklearn", "workings")


def library_class(model: object) -> tuple[str, str]:
    """Tell what class of scikit-learn or of this package an object is, or derives from.

    Parameters
    ----------
    model : object

    Returns
    -------
    library : str
        ``"sklearn"``, ``"workings"`` or nothing.
    name : str
        Of the nearest public class of that library, or nothing.

    Examples
    --------
    >>> from workings.cluster import KMeans
    >>> library_class(KMeans())
    ('workings', 'KMeans')
    >>> library_class([])
    ('', '')
    """
    for base in type(model).__mro__:
        library = base.__module__.partition(".")[0]
        if library in LIBRARIES and not base.__name__.startswith("_"):
            return library, base.__name__
    return "", ""
