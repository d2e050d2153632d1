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
            "command": "; ".join(result["command"] for result in results), "date": first["date"]}


def targets(result):
    """[(name, figure, target, holds)]; `figure` is None where it was not measured in this run, and does not hold then."""
    measured = result["measured"]

    def of(way, case, connections, figure):
        return measured.get(case, {}).get(str(connections), {}).get(way, {}).get(figure)

    def line(name, a, b, least=None, most=None):
        figure = a / b if a and b else None
        holds = figure is not None and (figure >= least if least is not None else figure <= most)
        return name, figure, f"at least {least}" if least is not None else f"at most {most}", holds

    lines = []
    for case, entries in measured.items():
        for connections in sorted(map(int, entries)):
            def rate(way):
                return of(way, case, connections, "perSecond")
            best = {"http20": ["nginx"], "event20": ["nginx"], "http4k": ["nginx", "haproxy"], "post1m": ["nginx", "haproxy", "go"], "event1m": ["nginx", "haproxy", "go"]}.get(case)
            if best and connections > 1 and all(rate(way) for way in best):
                lines.append(line(f"{case}, {connections} connections: throughput against {' and '.join(best)}", rate("swiftlet"), max(rate(way) for way in best), least=1.0))
            if case in ("http20", "event20") and connections > 1:
                lines.append(line(f"{case}, {connections} connections: p99 against nginx", of("swiftlet", case, connections, "p99"), of("nginx", case, connections, "p99"), most=1.0))
            if connections == 1:
                lines.append(line(f"{case}, 1 connection: median latency against nginx", of("swiftlet", case, 1, "p50"), of("nginx", case, 1, "p50"), most=1.0))
            if connections > 1 and case != "post1m" and case != "event1m":
                lines.append(line(f"{case}, {connections} connections: throughput against Go", rate("swiftlet"), rate("go"), least=2.0))
            if rate("swiftlet1000"):
                lines.append(line(f"{case}, {connections} connections: 1,000 functions against one", rate("swiftlet1000"), rate("swiftlet"), least=0.97))
    errors = sum(entry["errors"] for entries in measured.values() for ways in entries.values() for way, entry in ways.items() if way.startswith("swiftlet"))
    lines.append(("errors", errors, "at most 0", errors == 0))
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
        instructions = counts["instructions"]
        lines.append(f"{cases[case].title}: {counts['allocations']:.1f} allocations a request"
                     + (f", {instructions:,.0f} instructions outside of the kernel." if instructions else "; this machine counts no instructions."))
    for way, reason in result["absent"].items():
        lines.append(f"{TITLES[way]} was not measured: {reason}")
    return "\n".join(lines)


def shown(value, divisor, digits):
    return "" if value is None else f"{value / divisor:.{digits}f}"
