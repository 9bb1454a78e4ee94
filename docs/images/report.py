"""Draw ``report.png`` for the README from a page: ``python docs/images/report.py path/to/validation.html``."""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

TARGET = Path(__file__).with_name("report.png")
SHOWN = (1200, 1480)
"""Width and height in CSS pixels: the summary, and the first study with its table and pictures."""

LEFT_OUT = ".contents, main > section:not(.summary, .algorithm), .back { display: none }"


def draw(page: Path) -> None:
    """Photograph the summary and the first study of the page into `TARGET`, in 128 colours to keep it small."""
    with sync_playwright() as api:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = api.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        width, height = SHOWN
        tab = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=1.25)
        tab.goto(page.resolve().as_uri())
        tab.add_style_tag(content=LEFT_OUT)
        photograph = tab.screenshot()
        browser.close()
    image = Image.open(io.BytesIO(photograph)).convert("RGB")
    image.quantize(128, dither=Image.Dither.NONE).save(TARGET, optimize=True)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
