# SPDX-License-Identifier: Apache-2.0
"""The comparison itself: python3 -m unittest discover -s Tests/probe"""
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "scripts", "coldstart")]
import figures  # noqa: E402
import strength  # noqa: E402


class Strength(unittest.TestCase):
    def rank(self, *arguments):
        return strength.trial(*arguments, program_is_init=False)[1]

    def test_denied_is_stronger_than_reached_and_reached_than_allowed(self):
        self.assertGreater(self.rank("mount", "denied", "EPERM"), self.rank("mount", "reached", "ENODEV"))
        self.assertGreater(self.rank("mount", "reached", "ENODEV"), self.rank("mount", "allowed", "0"))

    def test_what_cannot_be_done_is_as_strong_as_what_is_denied(self):
        self.assertEqual(self.rank("bpf map", "unsupported", "ENOSYS"), self.rank("bpf map", "denied", "EPERM"))
        self.assertEqual(self.rank("bpf map", "killed", "signal 31"), self.rank("bpf map", "denied", "EPERM"))

    def test_a_masked_file_counts_as_denied(self):
        self.assertEqual(strength.trial("read /proc/keys", "allowed", "0", False), ("empty", 3))

    def test_an_unreachable_address_counts_as_denied_and_an_untried_one_for_nothing(self):
        self.assertEqual(self.rank("the host's loopback", "error", "ECONNREFUSED"), 3)
        self.assertIsNone(self.rank("169.254.169.254", "error", "ECANCELED"))

    def test_another_function_that_answers_is_weaker_than_one_that_does_not(self):
        self.assertEqual(self.rank("another function's server", "allowed", "0"), 0)
        self.assertEqual(self.rank("another function's server", "error", "ECONNREFUSED"), 3)

    def test_what_is_not_compared_has_its_reason(self):
        for name, reason in {**strength.NEUTRAL, **strength.UNRANKED}.items():
            self.assertGreater(len(reason), 10, name)
        self.assertIsNone(self.rank("kill process 1 (signal 0)", "allowed", "0"))

    def test_a_program_that_is_process_1_reads_only_itself(self):
        self.assertIsNone(strength.trial("read /proc/1/environ", "allowed", "20", True)[1])
        self.assertEqual(strength.trial("read /proc/1/environ", "allowed", "20", False)[1], 0)

    def test_a_row_is_weaker_where_any_other_is_stronger(self):
        columns = {"swiftlet": {("a", "x"): ("allowed", 0), ("a", "y"): ("denied", 3), ("a", "z"): ("?", None)},
                   "runc": {("a", "x"): ("denied", 3), ("a", "y"): ("allowed", 0), ("a", "z"): ("denied", 3)}}
        self.assertEqual(strength.weaker(columns, "swiftlet"), [(("a", "x"), "allowed", [("runc", "denied")])])

    def test_root_of_an_own_range_is_nobody_outside(self):
        report = {"identity": {"uid": 0, "uidMap": "         0     200000      65536\n"}}
        self.assertEqual(strength.outside_uid(report), 200000)


class Figures(unittest.TestCase):
    def test_a_quantile_lies_between_its_neighbours(self):
        self.assertEqual(figures.quantile([4, 1, 3, 2], 0.5), 2.5)
        self.assertIsNone(figures.quantile([], 0.5))

    def test_what_was_not_measured_does_not_hold(self):
        self.assertTrue(all(holds is None for *_, holds in figures.targets({"image": "static", "cold": {}, "alive": {}})))


if __name__ == "__main__":
    unittest.main()
