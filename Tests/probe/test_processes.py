# SPDX-License-Identifier: Apache-2.0
"""What benchmarks count as a program's own: python3 -m unittest discover -s Tests/probe"""
import os
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import processes  # noqa: E402


class Family(unittest.TestCase):
    def test_a_child_that_another_thread_made_belongs_to_it(self):
        made, asked, done = [], threading.Event(), threading.Event()

        def work():
            made.append(subprocess.Popen(["sleep", "60"]))
            asked.set()
            done.wait()
        thread = threading.Thread(target=work)
        thread.start()
        asked.wait()
        try:
            self.assertIn(made[0].pid, processes.family(os.getpid()))
            self.assertNotIn(made[0].pid, processes.family(os.getpid(), but=lambda pid: True))
            self.assertGreater(processes.held(made[0].pid), 0)
        finally:
            made[0].kill()
            made[0].wait()
            done.set()
            thread.join()
        self.assertEqual((processes.family(made[0].pid), processes.name(made[0].pid), processes.held(made[0].pid)), ([made[0].pid], "", 0))


if __name__ == "__main__":
    unittest.main()
