"""The page in a real browser: without JavaScript, offline, narrow, wide, dark and on paper."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from workings.report import write_report
from workings.validate.results import Validation

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install it or point CHROMIUM at one"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as api:
        opened = api.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(validation: Validation, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report(validation, tmp_path_factory.mktemp("report")).resolve().as_uri()


def opened(browser, address: str, width: int = 1280, scripts: bool = False, colours: str = "light"):
    context = browser.new_context(
        java_script_enabled=scripts, offline=True, viewport={"width": width, "height": 900}, color_scheme=colours
    )
    context.set_default_timeout(5_000)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.goto(address)
    assert problems == []
    return page


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_readable_without_javascript_and_never_wider_than_the_screen(browser, address: str, width: int) -> None:
    page = opened(browser, address, width)
    assert page.locator("h1").is_visible()
    assert page.locator(".lead").count() == 3
    assert page.get_by_text("The exact answer is right").first.is_visible()
    assert page.get_by_text("<script>alert('x')</script>").first.is_visible()
    main = page.locator("main").bounding_box()
    assert main["x"] >= 0
    assert main["x"] + main["width"] <= width
    page.close()
    measured = opened(browser, address, width, scripts=True)
    assert measured.evaluate("document.documentElement.scrollWidth") <= width
    cut = "e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible' && e.clientWidth > 1"
    assert measured.evaluate(f"[...document.querySelectorAll('main *')].filter({cut}).map(e => e.outerHTML)") == []
    outside = f"e => e.getBoundingClientRect().right > {width} + 1"
    assert (
        measured.evaluate(
            f"[...document.querySelectorAll('main :not(svg *, thead *)')].filter({outside}).map(e => e.outerHTML)"
        )
        == []
    )


def test_a_folded_table_opens_without_javascript(browser, address: str) -> None:
    page = opened(browser, address)
    folded = page.locator("details", has_text="KMeans(3, random_state=4)")
    assert not folded.locator("table").is_visible()
    folded.locator("summary").click()
    assert folded.locator("table").is_visible()


@pytest.mark.parametrize(("width", "colours"), [(320, "dark"), (1280, "light")])
def test_no_accessibility_violation(browser, address: str, width: int, colours: str) -> None:
    page = opened(browser, address, width, scripts=True, colours=colours)
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], each["impact"], each["nodes"][0]["html"][:200]) for each in found] == []


def test_print_opens_every_fold_and_cuts_nothing(browser, address: str, tmp_path: Path) -> None:
    page = opened(browser, address, width=673, scripts=True)  # A4 less its margins, in CSS pixels
    page.emulate_media(media="print")
    for table in page.locator("details table").all():
        assert table.bounding_box()["height"] > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 673
    document = page.pdf(prefer_css_page_size=True)
    assert document.startswith(b"%PDF")
    assert document.count(b"/Type /Page\n") >= 4
