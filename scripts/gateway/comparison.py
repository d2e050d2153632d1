# SPDX-License-Identifier: Apache-2.0
"""What a run of the gateway's benchmark says: medians, a table, targets. Pure."""
import statistics

TITLES = {"backend": "backend alone", "nginx": "nginx", "haproxy": "haproxy", "go": "Go ReverseProxy", "swiftlet": "Swiftlet", "swiftlet1000": "Swiftlet, 1,000 functions"}


def median(runs):
    """One entry of several runs of the same."""
    def of(figure):
        values = [run[figure] for run in runs if run[figure] is not None]
        return statistics.median(values) if values else None
    return {"perSecond": of("perSecond"), "p50": of("p50"), "p99": of("p99"), "cpu": of("cpu"), "errors": sum(run["errors"] for run in runs)}


def medians(raw):
    order = list(TITLES)
    return {case: {level: {way: median(raw[case][level][way]) for way in sorted(raw[case][level], key=order.index)} for level in raw[case]} for case in raw}


def together(results):
    """The results of several runs as those of one."""
    raw = {}
    for result in results:
        for case, levels in result["raw"].items():
            for level, by_way in levels.items():
                for way, runs in by_way.items():
                    raw.setdefault(case, {}).setdefault(level, {}).setdefault(way, []).extend(runs)
    first = results[0]
    return {"measured": medians(raw), "raw": raw, "counted": {case: counts for result in results for case, counts in result["counted"].items()},
            "absent": {way: reason for result in results for way, reason in result["absent"].items()}, "host": first["host"],
            "command": "; ".join(result["command"] for result in results), "date": first["date"],
            "plan": {case: sorted({level for result in results for level in result.get("plan", PLAN).get(case, [])}) for case in PLAN}}


# With whom each request is compared; "the better of" is the best of them, so all must have been measured.
RIVALS = {"http20": ["nginx"], "varied20": ["nginx"], "event20": ["nginx"], "http4k": ["nginx", "haproxy"], "post4k": ["nginx", "haproxy"],
          "post1m": ["nginx", "haproxy", "go"], "event1m": ["nginx", "haproxy", "go"]}
SMALL = ("http20", "event20")
PLAN = {case: [1, 32, 128] if case != "varied20" else [32, 128] for case in RIVALS}
# Each target once, for what is to take less than a minute.
QUICK = {case: [1, 32] if case in SMALL else [32] for case in RIVALS}


def targets(result):
    """[(name, figure, target, holds)] of all that `result["plan"]` promises; `figure` is None where it was not measured in this run, and does not hold then."""
    measured = result["measured"]

    def of(way, case, connections, figure):
        return measured.get(case, {}).get(str(connections), {}).get(way, {}).get(figure)

    def line(name, ours, theirs, least=None, most=None):
        figure = ours / max(theirs) if ours and all(theirs) else None
        holds = figure is not None and (figure >= least if least is not None else figure <= most)
        return name, figure, f"at least {least}" if least is not None else f"at most {most}", holds

    lines = []
    for case, levels in result.get("plan", PLAN).items():
        for level in levels:
            def compared(figure, *ways):
                return of("swiftlet", case, level, figure), [of(way, case, level, figure) for way in ways]
            name = f"{case}, {level} connection{'s' if level > 1 else ''}"
            lines.append(line(f"{name}: throughput against {' and '.join(RIVALS[case])}", *compared("perSecond", *RIVALS[case]), least=1.0))
            lines.append(line(f"{name}: throughput against Go", *compared("perSecond", "go"), least=2.0))
            if level == 1:  # what each adds to the backend's own is in the same order
                lines.append(line(f"{name}: median latency against nginx", *compared("p50", "nginx"), most=1.0))
            if case in SMALL:
                lines.append(line(f"{name}: p99 against nginx", *compared("p99", "nginx"), most=1.0))
                lines.append(line(f"{name}: 1,000 functions against one", of("swiftlet1000", case, level, "perSecond"), [of("swiftlet", case, level, "perSecond")], least=0.97))
    ours = [entry["errors"] for entries in measured.values() for ways in entries.values() for way, entry in ways.items() if way.startswith("swiftlet")]
    lines.append(("errors", sum(ours) if ours else None, "at most 0", bool(ours) and sum(ours) == 0))
    return lines


def table(result, cases):
    """The result as lines of Markdown."""
    lines = ["| request | connections | way | requests a second | of nginx | median ms | p99 ms | processor µs a request | errors |", "|---|---|---|---|---|---|---|---|---|"]
    for case, entries in result["measured"].items():
        for connections, measured in entries.items():
            nginx = (measured.get("nginx") or {}).get("perSecond")
            for way, entry in measured.items():
                share = f"{entry['perSecond'] / nginx:.2f}" if nginx and entry["perSecond"] else ""
                lines.append(f"| {cases[case].title} | {connections} | {TITLES[way]} | {entry['perSecond']:,.0f} | {share} | {shown(entry['p50'], 1000, 3)} | "
                             f"{shown(entry['p99'], 1000, 3)} | {shown(entry['cpu'], 1, 1)} | {entry['errors']} |")
    lines += ["", f"Machine: {result['host']}. One worker thread a proxy, one thread of wrk, alternately. Command: `{result['command']}`, {result['date']}."]
    for case, counts in result.get("counted", {}).items():
        lines.append(f"{cases[case].title}: {counts['allocations']:.1f} allocations a request.")
        if taken := counts["instructions"]:
            lines.append(f"Instructions a request outside of the kernel (callgrind): {taken['swiftlet']:,.0f}, nginx's {taken['nginx']:,.0f}. The most of them in: "
                         + ", ".join(f"`{name}` {number:,.0f}" for name, number in taken["functions"]) + ".")
    for way, reason in result["absent"].items():
        lines.append(f"{TITLES[way]} was not measured: {reason}")
    return "\n".join(lines)


DOCUMENTED = ("nginx", "haproxy", "go", "swiftlet")


def compact(result, cases):
    """The table of docs/benchmarks.md: a line for each request and number of connections, with nginx / haproxy / Go / Swiftlet in each place."""
    lines = ["| request | connections | requests a second | of nginx | median ms | p99 ms | processor µs a request |", "|---|---|---|---|---|---|---|"]
    for case, entries in result["measured"].items():
        for connections, measured in entries.items():
            ways = [measured.get(way) for way in DOCUMENTED]
            if not all(ways):
                continue
            shares = [entry["perSecond"] / ways[0]["perSecond"] for entry in ways[1:]]

            def together(figure, divisor):
                return " / ".join(rounded(entry[figure], divisor) for entry in ways)
            rates = " / ".join(f"{entry['perSecond']:,.0f}" for entry in ways)
            lines.append(f"| {cases[case].title} | {connections} | {rates} | {' / '.join(f'{share:.2f}' for share in shares)} | "
                         f"{together('p50', 1000)} | {together('p99', 1000)} | {together('cpu', 1)} |")
    return "\n".join(lines)


def rounded(value, divisor):
    if value is None:
        return "–"
    value /= divisor
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:.0f}"


def shown(value, divisor, digits):
    return "" if value is None else f"{value / divisor:.{digits}f}"
