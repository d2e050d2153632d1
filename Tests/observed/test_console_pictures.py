# SPDX-License-Identifier: Apache-2.0
"""The pictures of the documents, where SWIFTLET_SCREENSHOTS names a folder for them."""
import os
import time

import pytest
from conftest import ask, call, make, must
from test_console import browser, nothing_on_the_browsers_console, open_page, picture, submit  # noqa: F401


def test_pictures_for_the_documents(browser):
    """Not a check: a host that has been used, as the README shows it."""
    if not os.environ.get("SWIFTLET_SCREENSHOTS"):
        pytest.skip("no folder for pictures is named")
    for name, image in [("hello", os.environ["SWIFTLET_IMAGE"]), ("resize", os.environ["SWIFTLET_IMAGE"]), ("report", os.environ["SWIFTLET_OTHER_IMAGE"])]:
        if ask("GET", f"/2023-03-30/functions/{name}")[0] == 404:
            make(name, image, description="Greets whoever calls" if name == "hello" else "")
    for round in range(6):
        for _ in range(7 + 11 * (round % 3)):
            call("hello")
        call("resize")
        must("DELETE", "/swiftlet/v1/functions/hello/instances")
        time.sleep(1.5)
    call("hello")
    if not must("GET", "/2023-03-30/functions/hello/versions")["versions"]:
        must("POST", "/2023-03-30/functions/hello/versions", {"description": "first"})
        must("PUT", "/2023-03-30/functions/hello", {"memorySize": 256, "description": "Greets whoever calls"})
        must("POST", "/2023-03-30/functions/hello/versions", {"description": "less memory"})
        must("POST", "/2023-03-30/functions/hello/aliases",
             {"aliasName": "prod", "versionId": "1", "additionalVersionWeight": {"2": 0.1}})
    suffix = "-dark" if browser.theme == "dark" else ""
    open_page(browser)
    picture(browser, "console-functions" + suffix)
    open_page(browser, "functions/hello")
    picture(browser, "console-function" + suffix)
    must("DELETE", "/swiftlet/v1/functions/hello/instances")
    submit(browser, "Call")
    browser.execute_script("document.getElementById('answer').scrollIntoView(); window.scrollBy(0, -20)")
    picture(browser, "console-call" + suffix)
    open_page(browser, "functions/hello")
    browser.execute_script("document.getElementById('aliases').scrollIntoView(); window.scrollBy(0, -20)")
    picture(browser, "console-alias" + suffix)
    submit(browser, "Measure")
    browser.execute_script("document.getElementById('bench').scrollIntoView(); window.scrollBy(0, -20)")
    picture(browser, "console-bench" + suffix)
