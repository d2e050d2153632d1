# SPDX-License-Identifier: Apache-2.0
"""The console of a host with access keys, in a real browser. The keys are made for these tests and revoked behind them, the one that may do everything last."""
import json
import os
import subprocess

import pytest
from conftest import HOST, ask, make
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from test_console import accessible, browser, nothing_on_the_browsers_console, open_page, picture, submit, until  # noqa: F401


def swiftlet(key, *words):
    environment = {**os.environ, "SWIFTLET_HOST": HOST}
    if key:
        environment |= {"SWIFTLET_ACCESS_KEY_ID": key["id"], "SWIFTLET_ACCESS_KEY_SECRET": key["secret"]}
    ended = subprocess.run(["swiftlet", *words], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, (words, ended.stderr)
    return ended.stdout


def new_key(by, *words):
    made = json.loads(swiftlet(by, "key", "create", "--json", *words))
    return {"id": made["accessKeyId"], "secret": made["accessKeySecret"]}


@pytest.fixture(scope="module")
def operator():
    make("signed", os.environ["SWIFTLET_IMAGE"])
    key = new_key(None)
    yield key
    for other in json.loads(swiftlet(key, "key", "list", "--json")):
        if other["accessKeyId"] != key["id"]:
            swiftlet(key, "key", "revoke", other["accessKeyId"])
    swiftlet(key, "key", "revoke", "--open", key["id"])
    ask("DELETE", "/2023-03-30/functions/signed")


def enter(browser, key, **changed):
    """As somebody who is not signed in, by keyboard alone: the name, the secret, and Enter."""
    browser.delete_all_cookies()
    open_page(browser)
    fields = {**key, **changed}
    browser.find_element(By.NAME, "id").send_keys(fields["id"], Keys.TAB)
    secret = browser.switch_to.active_element
    assert secret.get_attribute("name") == "secret" and secret.get_attribute("type") == "password"
    secret.send_keys(fields["secret"], Keys.ENTER)
    WebDriverWait(browser, 20).until(lambda _: browser.find_elements(By.CSS_SELECTOR, "[role=alert], nav"))


def refused(browser):
    """What the browser itself says of an answer 401, 403 or 429: expected here, and nothing else is."""
    for entry in browser.get_log("browser"):
        assert any(f"status of {status}" in entry["message"] for status in (401, 403, 429)), entry


def test_a_key_opens_the_console_and_signing_out_closes_it(browser, operator):
    open_page(browser)
    assert "Sign in" in browser.find_element(By.TAG_NAME, "h1").text
    assert not browser.find_elements(By.TAG_NAME, "nav")
    accessible(browser)
    picture(browser, "console-sign-in")
    enter(browser, operator)
    assert "signed" in browser.find_element(By.ID, "functions").text
    accessible(browser)
    cookie = next(cookie for cookie in browser.get_cookies() if cookie["name"] == "swiftlet-session")
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict" and cookie["path"] == "/console"
    assert browser.execute_script("return document.cookie") == ""
    open_page(browser, "functions/signed")
    until(browser, lambda: browser.find_element(By.CSS_SELECTOR, "[data-log-state]").text == "live")
    payload = browser.find_element(By.NAME, "payload")
    payload.clear()
    payload.send_keys("with a key")
    submit(browser, "Call")
    assert "with a key" in browser.find_element(By.ID, "answer-body").text
    until(browser, lambda: "FC Invoke End" in browser.find_element(By.CSS_SELECTOR, "[data-log]").text)
    submit(browser, "Sign out")
    assert "Sign in" in browser.find_element(By.TAG_NAME, "h1").text
    browser.add_cookie({"name": "swiftlet-session", "value": cookie["value"], "path": "/console"})
    open_page(browser, "images")
    assert "Sign in" in browser.find_element(By.TAG_NAME, "h1").text
    refused(browser)


def test_what_is_not_a_key_for_the_console_is_told_why_and_stays_outside(browser, operator):
    caller = new_key(operator, "--allow", "invoke")
    for fields, words in [
        ({**operator, "secret": operator["secret"][::-1]}, "not known here"), ({**operator, "id": "<script>window.owned=1</script>"}, "not known here"),
        (caller, "may not read"),
    ]:
        enter(browser, fields)
        assert words in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text
        assert not browser.find_elements(By.TAG_NAME, "nav")
        accessible(browser)
    assert browser.execute_script("return window.owned") is None
    refused(browser)


def test_a_key_that_may_only_read_sees_everything_and_changes_nothing(browser, operator):
    viewer = new_key(operator, "--allow", "read")
    enter(browser, viewer)
    open_page(browser, "functions/signed")
    submit(browser, "End all instances")
    assert "may not manage" in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text
    refused(browser)


def test_a_revoked_key_is_outside_with_its_next_click(browser, operator):
    key = new_key(operator)
    enter(browser, key)
    open_page(browser, "images")
    assert browser.find_element(By.TAG_NAME, "h1").text == "Images"
    swiftlet(operator, "key", "revoke", key["id"])
    open_page(browser, "images")
    assert "Sign in" in browser.find_element(By.TAG_NAME, "h1").text
    refused(browser)


def test_without_a_session_nothing_is_given_out(operator):
    for path in ["images", "queue", "functions/signed", "metrics", "functions/signed/log", "functions/signed/call"]:
        status, _, answer = ask("GET", "/console/" + path)
        assert status == 401, (path, answer)
        assert b"FC Invoke" not in answer and b"swiftlet_" not in answer and b"<table" not in answer, path
