#!/usr/bin/env python3
"""Opens the page of a run in a headless browser: nothing is logged as an error, filters and links do what they say.

    cargo xtask verify --only linalg --html page.html
    python3 crates/dp-verify/tests/page.py page.html [--pictures FOLDER]

Wants Chromium with its driver and selenium from PyPI. With --pictures, screenshots at desktop and phone width, light and dark, are written.
"""

import argparse
import pathlib
import sys

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

SIZES = {"desktop": (1280, 1000), "phone": (390, 844)}
SCHEMES = ("light", "dark")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("page", type=pathlib.Path)
    arguments.add_argument("--pictures", type=pathlib.Path)
    options = arguments.parse_args()
    browser = start()
    try:
        for size, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                look(browser, options, (size, width, height), scheme)
                check_jump(browser)
        check_filters(browser)
        check_links(browser)
        errors = [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        assert not errors, errors
    finally:
        browser.quit()
    print("the page holds")


def start():
    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options)


def look(browser, options, size, scheme):
    name, width, height = size
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": name == "phone"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(options.page.resolve().as_uri())
    # nothing but tables, which scroll on their own, may be wider than the window
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= width, (name, wide)
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    light = sum(int(x) for x in paper[4:-1].split(",")) > 3 * 128
    assert light == (scheme == "light"), (scheme, paper)
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(options.pictures / f"{name}_{scheme}.png"))


def cards(browser):
    return [card for card in browser.find_elements(By.CSS_SELECTOR, "article[data-crate]") if card.is_displayed()]


def check_filters(browser):
    everything = len(cards(browser))
    assert everything > 1, "a page with several claims is wanted"
    first = cards(browser)[-1].get_attribute("id")
    words = browser.find_element(By.ID, "words")
    words.send_keys(first)
    shown = [card.get_attribute("id") for card in cards(browser)]
    assert first in shown and len(shown) < everything, shown
    words.clear()
    words.send_keys("no claim says this")
    assert not cards(browser)
    words.clear()
    words.send_keys(" ")
    for name in ("crate", "status", "kind", "state"):
        choice = Select(browser.find_element(By.ID, name))
        for option in [option.text for option in choice.options][1:]:
            choice.select_by_visible_text(option)
            assert all(card.get_attribute(f"data-{name}") == option for card in cards(browser)), (name, option)
        choice.select_by_index(0)
    assert len(cards(browser)) == everything


def check_jump(browser):
    """The filters do not hide what a link leads to."""
    ids = [card.get_attribute("id") for card in cards(browser)]
    browser.execute_script("location.hash = arguments[0]", ids[len(ids) // 2])
    browser.execute_async_script("setTimeout(arguments[0], 100)")
    top = browser.execute_script(
        "return arguments[0].getBoundingClientRect().top", browser.find_element(By.ID, ids[len(ids) // 2])
    )
    covered = browser.execute_script(
        "const bar = document.querySelector('.filters');"
        "return getComputedStyle(bar).position === 'sticky' ? bar.getBoundingClientRect().bottom : 0"
    )
    # pages scroll by whole pixels
    assert top > covered - 1, (top, covered)


def check_links(browser):
    ids = [card.get_attribute("id") for card in cards(browser)]
    # a link to a claim that a filter hides shows it again
    browser.find_element(By.ID, "words").send_keys(ids[0])
    browser.execute_script("location.hash = arguments[0]", ids[-1])
    browser.execute_async_script("setTimeout(arguments[0], 100)")
    assert ids[-1] in [card.get_attribute("id") for card in cards(browser)]
    places = {card.get_attribute("id") for card in browser.find_elements(By.CSS_SELECTOR, "article")}
    for link in browser.find_elements(By.CSS_SELECTOR, "a"):
        target = link.get_attribute("href")
        if not target.startswith("https://arxiv.org/abs/"):
            assert "#" in target and target.split("#", 1)[1] in places, target
    proofs = [link for link in browser.find_elements(By.CSS_SELECTOR, "article[data-crate] a[href^='#proof-']")]
    assert proofs, "no claim links to its proof"
    browser.execute_script("arguments[0].click()", proofs[0])
    anchor = proofs[0].get_attribute("href").split("#", 1)[1]
    assert browser.find_element(By.ID, anchor).is_displayed(), anchor


if __name__ == "__main__":
    sys.exit(main())
