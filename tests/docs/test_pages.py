"""The built documentation: no warning, no dead link, and pages that fit a screen and a phone."""

from __future__ import annotations

import functools
import http.server
import pathlib
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from tests.docs.blocks import DOCS
from tests.docs.browser import MISSING, Browser, browser

PHONE, SCREEN = (390, 844), (1280, 900)


@pytest.fixture(scope="session")
def html(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The documentation, built once."""
    pytest.importorskip("sphinx")
    built = tmp_path_factory.mktemp("documentation")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", built / "trees"]
    done = subprocess.run(
        [*command, DOCS, built / "html"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return built / "html"


class Page(HTMLParser):
    """The anchors of a page, and where its links lead."""

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if key in ("id", "name") and value:
                self.anchors.add(value)
            if key in ("href", "src") and value:
                self.links.append(value)


def test_no_internal_link_is_broken(html: pathlib.Path) -> None:
    pages = {path: Page(path) for path in html.rglob("*.html")}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].anchors):
                broken.append(f"{path.relative_to(html)}: {link}")
    assert not broken
    assert len(pages) > 20


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/favicon.ico":
            # Chromium may ask for it before it has read that the page names another icon.
            self.send_response(http.HTTPStatus.NO_CONTENT)
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(html: pathlib.Path) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=html)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


WIDE = "return [document.documentElement.scrollWidth, document.body.scrollWidth]"


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_every_page_opens_without_complaints_and_fits(html: pathlib.Path, site: str, window: Browser) -> None:
    wrong: list[str] = []
    for path in sorted(html.rglob("*.html")):
        page = path.relative_to(html).as_posix()
        window.resize(*PHONE)
        window.open(f"{site}/{page}")
        wrong += [f"{page}: {complaint}" for complaint in window.complaints()]
        for width, height in (PHONE, SCREEN):
            window.resize(width, height)
            if max(window.evaluate(WIDE)) > width:
                wrong.append(f"{page} is {max(window.evaluate(WIDE))} pixels wide in a window of {width}")
    assert not wrong


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_a_wrong_page_would_be_noticed(html: pathlib.Path, site: str, window: Browser) -> None:
    bad = html / "bad.html"
    bad.write_text('<html><body><div style="width: 600px">wide</div><script>no_such_name()</script></body></html>')
    window.resize(*PHONE)
    window.open(f"{site}/bad.html")
    bad.unlink()
    assert any("no_such_name" in complaint for complaint in window.complaints())
    assert max(window.evaluate(WIDE)) == 608
