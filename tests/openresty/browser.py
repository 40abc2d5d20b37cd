"""Chromium without a window, and the example's page in it."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

DRIVER = "/usr/bin/chromedriver"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
)
PATIENCE = 30
POLL = 0.02
HEIGHT = 900


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """A browser with a profile of its own; all that it writes goes when it is left."""
    # Selenium would fetch a driver or a browser that is not there from the network.
    assert os.access(DRIVER, os.X_OK), "chromedriver is missing (Debian: chromium-driver)"
    assert shutil.which(CHROMIUM), "chromium is missing"
    # Not pytest's folder: the path of a socket in it would be too long.
    with tempfile.TemporaryDirectory(
        prefix="wxidcard-chromium-", ignore_cleanup_errors=True
    ) as folder:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in (*ARGUMENTS, f"--user-data-dir={folder}/profile"):
            options.add_argument(argument)
        places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), folder)
        driver = webdriver.Chrome(options, Service(DRIVER, env={**os.environ, **places}))
        try:
            yield driver
        finally:
            driver.quit()


class Page:
    """The page of the example in a browser."""

    def __init__(self, driver: webdriver.Chrome, url: str, width: int) -> None:
        self.driver = driver
        self.width = width
        self.resize(HEIGHT)
        driver.get(url)
        self.wait(lambda: len(self.all(".side")) == 2)

    def resize(self, height: int) -> None:
        """A window of the page's width. Windows themselves may not be as narrow as a telephone."""
        metrics = {"width": self.width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def wait(self, condition: Callable[[], Any]) -> Any:
        return WebDriverWait(self.driver, PATIENCE, POLL).until(lambda _: condition())

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def script(self, code: str, *arguments: object) -> Any:
        return self.driver.execute_script(code, *arguments)

    def choose(self, side: str, picture: Path) -> None:
        self.one(f"#side-{side} .zone input").send_keys(str(picture))

    def state(self, side: str) -> str:
        return self.one(f"#side-{side}").get_attribute("data-state") or ""

    def said(self, side: str) -> str:
        """What stands below a picture once it has come to an end."""
        self.wait(lambda: self.state(side) in ("done", "failed"))
        return self.one(f"#side-{side} .state").text

    def value(self, field: str) -> str:
        return self.one(f"#{field}").get_attribute("value") or ""

    def values(self) -> dict[str, str]:
        fields = ("name", "gender", "nationality", "birth", "addr", "id", "valid_date")
        return {field: self.value(field) for field in fields}

    def write(self, field: str, text: str) -> None:
        element = self.one(f"#{field}")
        element.send_keys(Keys.CONTROL, "a")
        element.send_keys(text)

    def notes(self, field: str) -> list[str]:
        """The sentences at a field, as a screen reader says them."""
        # In one go, for they may be replaced at any time.
        code = "return [...document.querySelectorAll(arguments[0])].map((note) => note.textContent)"
        said: list[str] = self.script(code, f"#{field}-notes p")
        return said

    def number(self, selector: str, name: str) -> float:
        """A property of an element that is a number."""
        return float(
            self.script("return document.querySelector(arguments[0])[arguments[1]]", selector, name)
        )

    def complaints(self) -> list[str]:
        """What the browser has put on its console since it was last asked. It counts answers with
        the status of an error there, which belong to the tests."""
        driver: Any = self.driver  # get_log() has no types
        messages = [entry["message"] for entry in driver.get_log("browser")]
        return [text for text in messages if "the server responded with a status" not in text]

    def press(self, *keys: str) -> None:
        """Press keys together, wherever the focus is."""
        actions = ActionChains(self.driver)
        for key in keys:
            actions.key_down(key)
        for key in reversed(keys):
            actions.key_up(key)
        actions.perform()

    def active(self) -> WebElement:
        return self.driver.switch_to.active_element

    def scrolls_sideways(self) -> bool:
        return bool(self.script("return document.documentElement.scrollWidth > innerWidth"))

    def picture(self, path: Path) -> None:
        """A screenshot of the whole page."""
        self.resize(int(self.script("return document.documentElement.scrollHeight")))
        assert self.driver.save_screenshot(str(path))
        self.resize(HEIGHT)
