"""One look for the figures of the case studies: colours that every reader can tell apart, and words beside each."""

from __future__ import annotations

import base64
from io import BytesIO
from itertools import cycle

import matplotlib as mpl
import matplotlib.pyplot as plt
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

# Okabe and Ito's palette, in an order in which neighbours also differ in lightness.
BLUE, ORANGE, GREEN, RED, SKY, PURPLE, BLACK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#56B4E9",
    "#CC79A7",
    "#222222",
)
COLOURS = (BLUE, ORANGE, GREEN, RED, SKY, PURPLE, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":")

mpl.rcdefaults()
mpl.rcParams.update(
    {
        "axes.prop_cycle": mpl.cycler(
            color=COLOURS, linestyle=[d for d, _ in zip(cycle(DASHES), COLOURS, strict=False)]
        ),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": "medium",
        "axes.titleweight": "bold",
        "figure.constrained_layout.use": True,
        "figure.figsize": (7.0, 3.6),
        "font.size": 10.0,
        "legend.frameon": False,
    }
)


def show(figure: Figure, alt: str) -> None:
    """Show `figure` as a PNG; `alt` says its finding to readers who do not see it."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=110)
    plt.close(figure)
    if not InteractiveShell.initialized():
        print(alt)
        return
    small = BytesIO()
    # 256 colours are a third of the bytes, and nobody sees it in line drawings
    Image.open(file).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
    data = {"image/png": base64.b64encode(small.getvalue()).decode(), "text/plain": alt}
    display(data, raw=True, metadata={"image/png": {"alt": alt}})
