"""A headless Chromium as a reader of pages uses it, with what it complained about and whom it asked.

Knows nothing of the pages.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

PATIENCE = 15.0
"""Seconds a page may take on a busy machine."""

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """Chromium with a fresh profile; ends with the block."""
    options = ChromeOptions()
    options.binary_location = _program("chromium")
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=ChromeService(_program("chromedriver")))
    try:
        driver.set_page_load_timeout(2 * PATIENCE)
        yield driver
    finally:
        driver.quit()


def _program(name: str) -> str:
    path = shutil.which(name)
    assert path is not None, f"{name} is not installed; on Debian: apt-get install chromium chromium-driver"
    return path


@dataclass(frozen=True)
class Window:
    """A window on one site; `url` is where it is served."""

    driver: Chrome
    url: str

    def open(self, path: str, width: int = 1280, height: int = 800, *, dark: bool = False) -> None:
        """Loads a page at a size of its viewport in CSS pixels, in the light or dark scheme."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        self.driver.get(self.url + path)

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Waits until the condition holds, or fails the test."""
        WebDriverWait(self.driver, PATIENCE, 0.1).until(lambda _: condition(), f"not within {PATIENCE:.0f} s: {what}")

    def texts(self, selector: str) -> list[str]:
        """The text of each element, read at one moment."""
        script = "return Array.from(document.querySelectorAll(arguments[0]), (one) => one.innerText.trim())"
        found: list[str] = self.driver.execute_script(script, selector)
        return found

    def value(self, script: str, *arguments: Any) -> Any:
        """What a script gives back."""
        return self.driver.execute_script(script, *arguments)

    def click(self, selector: str) -> None:
        """Clicks on an element."""
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def complaints(self) -> list[str]:
        """What the console has said since the last call: errors, refused sources, missing files."""
        return [entry["message"] for entry in self._log("browser")]

    def hosts(self) -> set[str]:
        """Whom the pages have asked for anything since the last call."""
        asked = set()
        for entry in self._log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent":
                address = urlsplit(event["params"]["request"]["url"])
                if address.scheme not in {"chrome", "data"}:  # the browser's own first page, and nothing but text
                    asked.add(address.netloc)
        return asked

    def _log(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return found

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Writes what the window shows as PNG, or the whole page."""
        if whole:
            height = self.value("return document.documentElement.scrollHeight")
            width = self.value("return window.innerWidth")
            metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.save_screenshot(str(path))
