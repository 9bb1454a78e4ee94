"""A figure as a few lines of SVG that sit inside the page and take its colours and its type."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

from matplotlib.figure import Figure

from workings.report.figures.style import NAMES

_NUMBER = re.compile(r"-?\d+\.\d+")
_REFERENCE = re.compile(r"#([\w-]+)")
_GEOMETRY = ("d", "x", "y", "transform", "width", "height")


def inline(figure: Figure, key: str) -> str:
    """Return the figure as an ``<svg>`` element; its identifiers are `key` and a number.

    Fonts are left to the page, colours become the page's variables with the colour itself as
    fallback, coordinates keep two decimals, and whatever only repeats itself is taken out.
    """
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    root = ET.fromstring(stream.getvalue())
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.tail = None
        if element.tag != "text" and element.tag != "tspan":
            element.text = None
        _plain_attributes(element)
    box = root.get("viewBox", "")
    for child in [each for each in root if each.tag == "metadata" or each.find("style") is not None]:
        root.remove(child)
    _rename(root, key)
    _hoist(root)
    _flatten(root)
    root.attrib.clear()
    root.set("viewBox", box)
    return ET.tostring(root, encoding="unicode")


def _plain_attributes(element: ET.Element) -> None:
    for attribute in list(element.attrib):
        value = element.attrib.pop(attribute)
        bare = attribute.rpartition("}")[2]
        if bare in _GEOMETRY:
            value = " ".join(_NUMBER.sub(_rounded, value).split())
        if bare == "style":
            value = _style(value)
        if bare == "transform" and value.startswith("rotate(-0 "):
            continue
        if value:
            element.set(bare, value)


def _rounded(match: re.Match[str]) -> str:
    text = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _style(value: str) -> str:
    """Leave the font to the page, and name the colours so that the page may change them."""
    declarations = [each.strip() for each in value.split(";")]
    kept = [each for each in declarations if each and not each.startswith("font-family")]
    style = ";".join(each.replace(": ", ":", 1) for each in kept)
    for colour, name in NAMES.items():
        style = style.replace(colour, f"var(--{name},{colour})")
    return style


def _rename(root: ET.Element, key: str) -> None:
    """Keep only the identifiers that something refers to, under names that are unique in the page."""
    used = {
        match
        for element in root.iter()
        for attribute, value in element.attrib.items()
        if attribute in {"href", "clip-path"} or "url(" in value
        for match in _REFERENCE.findall(value)
    }
    fresh: dict[str, str] = {}
    for element in root.iter():
        identifier = element.attrib.pop("id", None)
        if identifier is not None and identifier in used:
            fresh[identifier] = f"{key}-{len(fresh)}"
            element.set("id", fresh[identifier])
    for element in root.iter():
        for attribute in ("href", "clip-path"):
            if attribute in element.attrib:
                element.set(
                    attribute,
                    _REFERENCE.sub(lambda match: f"#{fresh[match[1]]}", element.attrib[attribute]),
                )


def _hoist(root: ET.Element) -> None:
    """Say once, on the group, the style that all its marks repeat."""
    for group in root.iter("g"):
        styles = {mark.get("style") for mark in group if mark.tag == "use"}
        if len(group) > 0 and len(styles) == 1 and all(mark.tag == "use" for mark in group):
            group.set("style", styles.pop() or "")
            for mark in group:
                mark.attrib.pop("style", None)


def _flatten(element: ET.Element) -> None:
    """Replace each group that says nothing by what it holds."""
    children: list[ET.Element] = []
    for child in element:
        _flatten(child)
        if child.tag == "g" and not child.attrib:
            children.extend(child)
        else:
            children.append(child)
    element[:] = children
