# SPDX-License-Identifier: Apache-2.0
"""The console in a real browser. SWIFTLET_SCREENSHOTS names a folder for pictures of it."""
import base64
import io
import os
import pathlib
import re
import shutil
import uuid
import zipfile

import pytest
from conftest import HOST, ask, call, make, must
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

CONSOLE = HOST + "/console/"
HAS_QUEUE = ask("GET", "/swiftlet/v1/queue")[0] == 200
PICTURES = {
    "light": {"console-functions", "console-function", "console-call", "console-alias", "console-bench", "console-images", "console-queue", "console-sign-in"},
    "dark": {"console-function-dark"}}
ACCESSIBILITY = (pathlib.Path(__file__).parent / "accessibility.js").read_text()


@pytest.fixture(scope="module", params=["light", "dark"])
def browser(request):
    options = Options()
    options.binary_location = shutil.which("chromium")
    for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-proxy-server", "--window-size=1240,900"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": request.param}]})
    driver.theme = request.param
    yield driver
    driver.quit()


@pytest.fixture(autouse=True)
def nothing_on_the_browsers_console(request):
    yield
    if "browser" in request.fixturenames:
        driver = request.getfixturevalue("browser")
        errors = [entry for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        assert errors == getattr(request.node, "expected_console", []), errors


def open_page(browser, path=""):
    browser.get(CONSOLE + path)
    assert "Swiftlet" in browser.title


def until(browser, what):
    return WebDriverWait(browser, 20).until(lambda _: what())


def picture(browser, name, width=1240):
    folder = os.environ.get("SWIFTLET_SCREENSHOTS")
    if not folder or name not in PICTURES[browser.theme]:
        return
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(f"{folder}/{name}.png")


def accessible(browser):
    problems = browser.execute_script(ACCESSIBILITY)
    assert problems == [], problems


def leave_by(browser, element):
    """Clicks what leads to another page, and waits for that page, which has not the mark of this one even where it looks the same."""
    browser.execute_script("document.documentElement.dataset.left = ''")
    element.click()
    # In the middle of the change the driver may have neither page to ask; it says so by errors of several kinds.
    WebDriverWait(browser, 60, ignored_exceptions=[WebDriverException]).until(lambda _: browser.execute_script(
        "return document.documentElement.dataset.left === undefined && document.readyState === 'complete'"))


def submit(browser, button):
    element = browser.find_element(By.XPATH, f"//button[normalize-space()='{button}']")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    leave_by(browser, element)


def test_the_list_has_every_function_with_its_numbers(browser, function):
    for _ in range(4):
        call(function)
    open_page(browser)
    row = browser.find_element(By.XPATH, f"//tr[.//a[normalize-space()='{function}']]")
    assert [cell.text for cell in row.find_elements(By.TAG_NAME, "td")][:5] == ["Active", "1", "4", "25 %", "0"]
    accessible(browser)


def test_a_test_call_shows_answer_log_and_where_the_time_of_its_cold_start_went(browser, function):
    open_page(browser, f"functions/{function}")
    payload = browser.find_element(By.NAME, "payload")
    payload.clear()
    payload.send_keys("from the console")
    submit(browser, "Call")
    assert "from the console" in browser.find_element(By.ID, "answer-body").text
    assert "FC Invoke" in browser.find_element(By.ID, "answer-log").text
    words = browser.find_element(By.CSS_SELECTOR, "#answer svg").get_attribute("aria-label")
    start = must("GET", f"/swiftlet/v1/functions/{function}/cold-starts")["coldStarts"][-1]
    for phase in start["phases"]:
        assert phase in words, (phase, words)
    shown = [bar for bar in browser.find_elements(By.CSS_SELECTOR, "#answer svg rect.phase") if bar.size["width"] > 0]
    assert len(shown) == len(start["phases"])
    accessible(browser)


def test_the_slider_says_what_it_will_do_and_moves_real_traffic(browser, function):
    must("POST", f"/2023-03-30/functions/{function}/versions", {"description": "one"})
    must("PUT", f"/2023-03-30/functions/{function}", {"description": "changed"})
    must("POST", f"/2023-03-30/functions/{function}/versions", {"description": "two"})
    must("POST", f"/2023-03-30/functions/{function}/aliases", {"aliasName": "prod", "versionId": "1"})
    open_page(browser, f"functions/{function}")
    form = browser.find_element(By.CSS_SELECTOR, "form[data-alias]")
    Select(form.find_element(By.NAME, "other")).select_by_visible_text("2")
    slider = form.find_element(By.NAME, "weight")
    until(browser, slider.is_enabled)
    for _ in range(30):
        slider.send_keys(Keys.ARROW_RIGHT)
    assert form.find_element(By.TAG_NAME, "output").text == "Of 100 calls, 70 go to version 1 and 30 to version 2."
    accessible(browser)
    submit(browser, "Apply to prod")
    until(browser, lambda: "Now: Of 100 calls, 70" in browser.find_element(By.ID, "aliases").text)
    versions = [call(function, qualifier="prod")[0]["x-fc-invocation-function-version"] for _ in range(100)]
    assert (versions.count("1"), versions.count("2")) == (70, 30)


def test_the_live_log_shows_a_line_as_text_whatever_it_holds(browser, function):
    open_page(browser, f"functions/{function}")
    until(browser, lambda: browser.find_element(By.CSS_SELECTOR, "[data-log-state]").text == "live")
    call(function)
    until(browser, lambda: "FC Invoke End" in browser.find_element(By.CSS_SELECTOR, "[data-log]").text)


def test_what_users_store_is_shown_and_never_run(browser, function):
    evil = "<script>window.owned=1</script><img src=x onerror=window.owned=1>\"'\u0301 onmouseover=window.owned=1 {{{content}}}"
    must("PUT", f"/2023-03-30/functions/{function}", {"description": evil, "environmentVariables": {"A": evil}})
    must("POST", f"/2023-03-30/functions/{function}/versions", {"description": evil})
    open_page(browser, f"functions/{function}")
    payload = browser.find_element(By.NAME, "payload")
    browser.execute_script("arguments[0].value = arguments[1]", payload, evil)
    submit(browser, "Call")
    assert evil in browser.find_element(By.ID, "answer-body").text
    assert evil in browser.find_element(By.CSS_SELECTOR, ".head").text
    assert evil in browser.find_element(By.ID, "versions").text
    assert browser.execute_script("return window.owned") is None
    assert browser.find_elements(By.CSS_SELECTOR, "img[src=x], [onmouseover]") == []
    assert browser.find_elements(By.CSS_SELECTOR, "script:not([src])") == []


def test_images_are_shown_with_sizes_of_their_own_and_shared(browser):
    open_page(browser, "images")
    images = must("GET", "/swiftlet/v1/images")["images"]
    text = browser.find_element(By.ID, "images").text
    for image in images:
        assert image["reference"] in text
    accessible(browser)
    picture(browser, "console-images")


def test_versions_of_layers_are_shown_with_sizes_of_their_own_and_shared(browser):
    layer, users = "seen-layer-" + uuid.uuid4().hex[:8], []
    try:
        for word in "one", "two", "three":
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as file:
                file.writestr("word", word)
            code = {"zipFile": base64.b64encode(packed.getvalue()).decode()}
            made = must("POST", f"/2023-03-30/layers/{layer}/versions", {"code": code})
        # Two functions have the first version, one the second, none the third, which is shown because it is the newest.
        for version in 1, 1, 2:
            users.append(f"{layer}-{len(users)}")
            make(users[-1], os.environ["SWIFTLET_IMAGE"], layers=[made["layerVersionArn"].rsplit("/", 1)[0] + f"/{version}"])
        open_page(browser, "images")
        rows = [row.text for row in browser.find_elements(By.CSS_SELECTOR, "#layers tbody tr") if layer in row.text]
        found = sorted(tuple(re.search(rf"(\d) (\d) (\S+ \S+) (\S+ \S+) (\S+ \S+) \d{{4}}-", row).groups()) for row in rows)
        first, second, third = [size for _, _, size, _, _ in found]
        assert found == [("1", "2", first, "0 B", first), ("2", "1", second, second, "0 B"), ("3", "0", third, third, "0 B")]
        assert third == f"{made['codeSize']} B"
    finally:
        for user in users:
            must("DELETE", f"/2023-03-30/functions/{user}")
        for version in 1, 2, 3:
            must("DELETE", f"/2023-03-30/layers/{layer}/versions/{version}")


def test_a_benchmark_is_made_and_its_distribution_drawn(browser, function):
    open_page(browser, f"functions/{function}")
    runs = browser.find_element(By.NAME, "runs")
    runs.clear()
    runs.send_keys("8")
    submit(browser, "Measure")
    assert "8" in browser.find_element(By.ID, "bench-result").text
    assert len(browser.find_elements(By.CSS_SELECTOR, "#bench-result svg rect.cold")) > 0
    assert len(must("GET", f"/swiftlet/v1/functions/{function}/cold-starts")["coldStarts"]) == 8
    accessible(browser)


# A host without the queue has no page of it.
if HAS_QUEUE:
    def test_a_dead_letter_is_sent_again_from_the_page(browser, function):
        path = f"/2023-03-30/functions/{function}"
        must("PUT", path, {"customContainerConfig": {"entrypoint": ["/there-is-none"]}})
        must("PUT", f"{path}/async-invoke-config", {"maxAsyncRetryAttempts": 0})
        status, headers, _ = ask("POST", f"{path}/invocations", b"later", {"x-fc-invocation-type": "Async"})
        assert status == 202, status
        letters = f"/swiftlet/v1/dead-letters?function={function}"
        until(browser, lambda: must("GET", letters)["deadLetters"])
        task = must("GET", letters)["deadLetters"][0]["taskId"]
        must("PUT", path, {"customContainerConfig": {"entrypoint": []}})
        open_page(browser, "queue")
        assert task in browser.find_element(By.ID, "dead-letters").text
        accessible(browser)
        picture(browser, "console-queue")
        button = browser.find_element(By.XPATH, f"//button[@aria-label='Send task {task} again']")
        leave_by(browser, button)
        assert "1 sent again" in browser.find_element(By.CSS_SELECTOR, ".notice").text
        until(browser, lambda: [q for q in must("GET", "/swiftlet/v1/queue")["queues"] if q["function"] == function and q["done"] == 1])
        assert must("GET", letters)["deadLetters"] == []


def test_everything_that_can_be_used_is_reached_by_the_tab_key_and_shows_it(browser, function):
    must("POST", f"/2023-03-30/functions/{function}/versions", {})
    must("POST", f"/2023-03-30/functions/{function}/aliases", {"aliasName": "prod", "versionId": "1"})
    for path in ["", f"functions/{function}", "images"] + ["queue"] * HAS_QUEUE:
        open_page(browser, path)
        browser.execute_script("for (const part of document.querySelectorAll('[data-live]')) part.removeAttribute('data-live')")
        wanted = browser.execute_script("""
            const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")];
            window.usable = all.filter((e) => !e.disabled && e.type !== "hidden" && e.checkVisibility({ visibilityProperty: true }));
            window.reached = new Set();
            return window.usable.length;""")
        assert wanted > 3
        for _ in range(wanted + 2):
            browser.switch_to.active_element.send_keys(Keys.TAB)
            bare = browser.execute_script("""
                const here = document.activeElement;
                if (here === document.body) return "";
                window.reached.add(here);
                const style = getComputedStyle(here);
                return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 ? "" : here.outerHTML;""")
            assert bare == "", bare
        missed = browser.execute_script("return window.usable.filter((e) => !window.reached.has(e)).map((e) => e.outerHTML)")
        assert missed == [], (path, missed)
    assert browser.switch_to.active_element is not None
    open_page(browser)
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB, Keys.ENTER)
    assert browser.current_url.endswith("#main"), "the first thing that Tab reaches leads to the content"


def test_everything_fits_on_a_phone(browser, function):
    call(function)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})
    try:
        for path in ["", f"functions/{function}", "images"] + ["queue"] * HAS_QUEUE:
            open_page(browser, path)
            assert browser.execute_script("return document.documentElement.scrollWidth") <= 390, path
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
