# SPDX-License-Identifier: Apache-2.0
"""The two C programs of the benchmarks of starts."""
import os
import subprocess

SOURCES = os.path.dirname(os.path.abspath(__file__))


def build(folder):
    """The one that answers, as it runs in every sandbox, and the one that starts it and measures."""
    flags = ["gcc", "-O2", "-Wall", "-Wextra"]
    answer, driver = os.path.join(folder, "answer"), os.path.join(folder, "driver")
    subprocess.run([*flags, "-static", "-o", answer, os.path.join(SOURCES, "answer.c")], check=True)
    subprocess.run([*flags, "-pthread", "-o", driver, *(os.path.join(SOURCES, name) for name in ("driver.c", "exchange.c", "command.c", "swiftlet.c"))], check=True)
    return answer, driver
