"""The answer page in a real browser: axe finds nothing, on a small telephone, light and dark.

The pages are the ones that `page` makes, with their headers; a plain server hands them out.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from services.intake.http import page
from tools import browser as chromium

if TYPE_CHECKING:
    from fastapi import Response

    from services.intake.http.words import Language

pytestmark = pytest.mark.browser

#: Every rule of these: WCAG 2.0 to 2.2 at A and AA, and what axe's authors advise beyond.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL = {"type": "tag", "values": TAGS}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
SIZE = {"width": 320, "height": 640}

QUESTION = page.Question(
    "LZ-261124-000001", "已更换阀门，暖气恢复正常，" * 4 + "https://x.example/" + "y" * 60
)
CHOSEN = {"is_contacted": "yes", "is_solved": "yes", "satisfaction": "satisfied"}
KINDS = ("form", "chosen", "faulty", "thanks", "already", "over", "closed", "gone")


def made(kind: str, language: Language) -> Response:
    """One of the pages that a citizen can meet."""
    if kind == "form":
        return page.form(QUESTION, language)
    if kind == "chosen":
        return page.form(QUESTION, language, CHOSEN)
    if kind == "faulty":
        open_ = frozenset({"is_solved", "satisfaction", "wish"})
        return page.form(QUESTION, language, {"is_contacted": "no"}, open_)
    return page.message(kind, language)


class Handler(BaseHTTPRequestHandler):
    """Hands out /language/kind, as intake would."""

    def do_GET(self) -> None:
        """Answer; nothing else is ever asked for but an icon."""
        language, _, kind = self.path.partition("?")[0].strip("/").partition("/")
        if kind not in KINDS:
            self.send_error(404)
            return
        answer = made(kind, "en" if language == "en" else "zh")
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(bytes(answer.body))

    def log_message(self, *_: Any) -> None:
        """Say nothing on the terminal."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the pages are."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; in CI it must be there."""
    program = chromium.find()
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(chromium.MISSING)
        pytest.skip(chromium.MISSING)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


def opened(browser: Browser, address: str, scheme: Literal["light", "dark"]) -> Iterator[Page]:
    """A page of a small telephone without script."""
    context = browser.new_context(viewport=SIZE, color_scheme=scheme)
    tab = context.new_page()
    yield tab
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    browser: Browser, address: str, language: str, scheme: Literal["light", "dark"]
) -> None:
    """Every page that a citizen can meet, 320 pixels wide."""
    found = {}
    for tab in opened(browser, address, scheme):
        for kind in KINDS:
            tab.goto(f"{address}/{language}/{kind}")
            assert tab.title()
            wide = tab.evaluate("document.documentElement.scrollWidth")
            assert wide <= SIZE["width"], f"{kind} is {wide} pixels wide"
            tab.evaluate(AXE)
            # In the dark nothing differs but the colours.
            only = ALL if scheme == "light" else COLOURS
            report = tab.evaluate("only => axe.run(document, {runOnly: only})", only)
            assert len(report["passes"]) >= (10 if scheme == "light" else 1)
            if report["violations"]:
                found[kind] = [
                    (one["id"], [node["html"] for node in one["nodes"]])
                    for one in report["violations"]
                ]
    assert found == {}


def test_axe_would_find_something(browser: Browser, address: str) -> None:
    """A check that passes whatever it sees would be worth nothing."""
    for tab in opened(browser, address, "light"):
        tab.goto(f"{address}/zh/form")
        tab.evaluate("document.documentElement.removeAttribute('lang')")
        tab.evaluate(AXE)
        report = tab.evaluate("only => axe.run(document, {runOnly: only})", ALL)
        assert [one["id"] for one in report["violations"]] == ["html-has-lang"]


def test_the_form_can_be_filled_in_and_sent_with_the_keyboard_alone(
    browser: Browser, address: str
) -> None:
    """Tab, arrows and Enter; without script, for the page has none."""
    context = browser.new_context(viewport=SIZE, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{address}/en/form")
    for keys in (["Tab", "Space"], ["Tab", "Space", "ArrowDown"], ["Tab", "Space"], ["Tab"]):
        for key in keys:
            tab.keyboard.press(key)
    tab.keyboard.type("thanks")
    tab.keyboard.press("Tab")
    with tab.expect_request(lambda request: request.method == "POST") as sent:
        tab.keyboard.press("Enter")
    body = sent.value.post_data
    context.close()
    assert body == "is_contacted=yes&is_solved=no&satisfaction=satisfied&wish=thanks"
