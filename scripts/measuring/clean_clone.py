# SPDX-License-Identifier: Apache-2.0
"""What lets a benchmark run by one command from a clean clone."""
import os
import subprocess
import sys

SCRIPTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HOME = os.path.dirname(SCRIPTS)
PROGRAM = os.path.join(HOME, ".build", "release", "swiftlet")


def prepare(program=PROGRAM, packages="apt-packages-benchmarks"):
    """Installs what programs are compared with, and builds where nothing was built. A machine that has all needs neither network nor time for it; what
    cannot be installed is not measured, and --check says so."""
    peers = subprocess.run([os.path.join(SCRIPTS, "install-packages"), os.path.join(SCRIPTS, packages)], stdout=sys.stderr)
    if peers.returncode:
        print(f"not all of scripts/{packages} could be installed", file=sys.stderr)
    if program == PROGRAM and not os.path.exists(program):
        subprocess.run(["bash", "-c", ". scripts/install-dependencies && swift build -c release"], cwd=HOME, check=True, stdout=sys.stderr)
