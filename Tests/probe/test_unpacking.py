# SPDX-License-Identifier: Apache-2.0
"""What scripts/bench-unpack --check promises: python3 -m unittest discover -s Tests/probe"""
import os
import sys
import unittest

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts")
sys.path[:0] = [os.path.join(SCRIPTS, "unpack"), os.path.join(SCRIPTS, "measuring")]
import report  # noqa: E402
import verdict  # noqa: E402

SECONDS = {"swiftlet": 1, "pull": 1, "programs": 0.9, "durable": 0.1, "processor": 1.8, "umoci": 4, "podman": 3.5, "podman_pull": 3.5, "inflate": 0.8, "hash": 0.5, "write": 0.3}


def result(**more):
    rows = [{"image": image, "compression": compression, "seconds": {way: [{**SECONDS, **more}[way]] for way in SECONDS}}
            for image in report.PLAN for compression in ("gzip", "zstd")]
    return {"processors": 2, "plan": report.PLAN, "memory": {image: 40 << 20 for image in report.PLAN}, "rows": rows}


def fails(of):
    return [name for name, _, _, holds in report.targets(of) if holds is False]


class Targets(unittest.TestCase):
    def test_what_is_fast_and_small_holds(self):
        self.assertEqual(fails(result()), [])

    def test_a_peer_or_an_image_that_was_not_measured_leaves_its_lines_and_they_fail(self):
        whole = [name for name, *_ in report.targets(result())]
        for way in SECONDS.keys() - {"hash"}:  # which only stands beside a target
            without = result()
            for row in without["rows"]:
                row["seconds"][way] = []
            self.assertEqual([name for name, *_ in report.targets(without)], whole)
            self.assertTrue(fails(without), way)
        nothing = {**result(), "rows": [], "memory": {}}
        self.assertEqual([name for name, *_ in report.targets(nothing)], whole)
        self.assertTrue(all(figure is None and not holds for _, figure, _, holds in report.targets(nothing)))

    def test_the_better_of_umoci_and_podman_counts(self):
        self.assertEqual(len([name for name in fails(result(umoci=2)) if "gzip" in name]), 2 * 3)

    def test_memory_counts_for_each_image(self):
        self.assertEqual(len(fails({**result(), "memory": {"medium": 65 << 20, "large": 1}})), 1)


class Verdict(unittest.TestCase):
    def test_what_was_not_measured_is_told_as_a_failure_and_what_stands_beside_is_not(self):
        self.assertTrue(verdict.told([("a", 1.0, "at least 1", True), ("b", 2.0, "–", None)]))
        self.assertFalse(verdict.told([("a", None, "at least 1", None)]))
        self.assertFalse(verdict.told([("a", 0.5, "at least 1", False)]))


if __name__ == "__main__":
    unittest.main()
