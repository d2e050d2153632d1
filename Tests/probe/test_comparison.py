# SPDX-License-Identifier: Apache-2.0
"""What scripts/bench-gateway --check promises: python3 -m unittest discover -s Tests/probe"""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "gateway"))
import comparison  # noqa: E402

WAYS = ("backend", "nginx", "haproxy", "go", "swiftlet", "swiftlet1000")


def result(plan=comparison.PLAN, **rates):
    """A run in which all ways are equal, but Go, which has half; `rates` names those that differ."""
    def entry(way):
        return {"perSecond": rates.get(way, 500 if way == "go" else 1000), "p50": 1, "p99": 2, "cpu": 1, "errors": 0}
    return {"plan": plan, "measured": {case: {str(level): {way: entry(way) for way in WAYS} for level in levels} for case, levels in plan.items()}}


def fails(of):
    return {name for name, _, _, holds in comparison.targets(of) if not holds}


class Targets(unittest.TestCase):
    def test_equal_to_all_and_twice_go_holds_in_the_whole_and_in_the_quick_form(self):
        self.assertEqual(fails(result()), set())
        self.assertEqual(fails(result(comparison.QUICK)), set())

    def test_every_request_is_compared_with_the_best_of_its_rivals(self):
        names = {name for name in fails(result(haproxy=1100)) if "throughput" in name}
        for case in ("http4k", "post4k", "post1m", "event1m"):
            self.assertEqual({name for name in names if name.startswith(case)}, {name for name in names if name.startswith(case) and "haproxy" in name})
            self.assertEqual(len([name for name in names if name.startswith(case)]), 3, case)
        self.assertFalse(any(name.startswith(("http20", "varied20", "event20")) for name in names))

    def test_twice_go_is_asked_of_every_request_over_every_number_of_connections(self):
        names = {name for name in fails(result(go=600)) if name.endswith("against Go")}
        self.assertEqual(len(names), sum(len(levels) for levels in comparison.PLAN.values()))

    def test_each_kind_of_target_is_in_the_quick_form_too(self):
        def kinds(plan):
            return {(name.split(",")[0], name.split(": ")[-1]) for name, *_ in comparison.targets(result(plan))}
        self.assertEqual({kind for kind in kinds(comparison.PLAN) - kinds(comparison.QUICK)},
                         {(case, "median latency against nginx") for case in ("http4k", "post4k", "post1m", "event1m")})

    def test_a_peer_that_was_not_measured_leaves_its_lines_and_they_fail(self):
        whole = [name for name, *_ in comparison.targets(result())]
        for way in ("nginx", "haproxy", "go", "swiftlet", "swiftlet1000"):
            without = result()
            for levels in without["measured"].values():
                for ways in levels.values():
                    del ways[way]
            self.assertEqual([name for name, *_ in comparison.targets(without)], whole)
            self.assertTrue(fails(without), way)
        self.assertEqual(fails({"plan": comparison.PLAN, "measured": {}}), set(whole))

    def test_errors_of_ours_fail(self):
        one = result()
        one["measured"]["post4k"]["32"]["swiftlet"]["errors"] = 1
        self.assertEqual(fails(one), {"errors"})

    def test_runs_of_parts_promise_what_the_whole_does(self):
        part = {**result({"http20": [1]}), "plan": comparison.PLAN, "counted": {}, "absent": {}, "host": "", "command": "", "date": ""}
        part["raw"] = {case: {level: {way: [entry] for way, entry in ways.items()} for level, ways in levels.items()} for case, levels in part["measured"].items()}
        self.assertEqual(len(comparison.targets(comparison.together([part, part]))), len(comparison.targets(result())))


if __name__ == "__main__":
    unittest.main()
