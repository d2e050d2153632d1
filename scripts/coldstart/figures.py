# SPDX-License-Identifier: Apache-2.0
"""The figures of a run: quantiles, targets, memory. Pure."""

TITLES = {"bare": "bare posix_spawn", "swiftlet": "Swiftlet", "bubblewrap": "bubblewrap", "runc": "runc", "crun": "crun", "podman": "podman"}


def quantile(values, share):
    """The value below which `share` of all lie, between two neighbours in proportion."""
    ordered = sorted(values)
    if not ordered:
        return None
    at = (len(ordered) - 1) * share
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def summary(run):
    """`run` is {"firstByte": [ns], "elapsed": ns, "errors": n}; answers milliseconds and starts a second."""
    times = run["firstByte"]
    return {"starts": len(times), "errors": run["errors"], "why": run.get("why", ""),
            "median": quantile(times, 0.5) / 1e6 if times else None, "p90": quantile(times, 0.9) / 1e6 if times else None,
            "p99": quantile(times, 0.99) / 1e6 if times else None, "least": min(times) / 1e6 if times else None,
            "perSecond": len(times) / (run["elapsed"] / 1e9) if run["elapsed"] else None}


PARTS = {"slab": "Slab", "kernelStack": "KernelStack", "pageTables": "PageTables", "percpu": "Percpu"}


def kernel(meminfo):
    """Bytes that the kernel holds for processes, namespaces, mounts and cgroups. What other programs map meanwhile is no part of it."""
    value = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in meminfo.splitlines() if ":" in line}
    return {part: value.get(name, 0) for part, name in PARTS.items()}


def per_instance(before, after, count, sandboxes):
    """`before` and `after` are of `kernel`, with "programs" put in: what the processes themselves map, shared pages in their share.

    `sandboxes` are the instances and those that lie parked beside them: the kernel holds as much for one as for the other."""
    memory = {key: (after[key] - before[key]) / (count if key == "programs" else sandboxes) for key in before}
    return {"used": sum(memory.values()), **memory}


def targets(result):
    """[(name, figure, target, holds or None)] from issue-given limits; None stands for "not measured in this run"."""
    cold, alive = result["cold"], result["alive"]

    def of(way, workers, figure):
        return cold.get(way, {}).get(str(workers), {}).get(figure)

    def ratio(a, b):
        return a / b if a and b else None

    def line(name, figure, most=None, least=None, unit=""):
        goal = f"at most {most}{unit}" if most is not None else f"at least {least}{unit}"
        holds = None if figure is None else (figure <= most if most is not None else figure >= least)
        return name, figure, goal, holds

    if result["image"] != "static":
        return [line(f"{result['image']}: first byte, median, against bare start", ratio(of("swiftlet", 1, "median"), of("bare", 1, "median")), most=1.03, unit=" times")]
    bare, ours = alive.get("bare"), alive.get("swiftlet")
    above = (ours["memory"]["used"] - bare["memory"]["used"]) / 1024 if bare and ours else None
    scale = ours["count"] / 1000 if ours else 1
    errors = sum(entry["errors"] for entry in cold.get("swiftlet", {}).values()) + (ours["errors"] if ours else 0) if "swiftlet" in cold else None
    return [
        line("first byte, median, against bare spawn", ratio(of("swiftlet", 1, "median"), of("bare", 1, "median")), most=1.3, unit=" times"),
        line("first byte, p99, against bare spawn's p99", ratio(of("swiftlet", 1, "p99"), of("bare", 1, "p99")), most=2, unit=" times"),
        line("faster than bubblewrap, median", ratio(of("bubblewrap", 1, "median"), of("swiftlet", 1, "median")), least=4, unit=" times"),
        line("faster than runc, median", ratio(of("runc", 1, "median"), of("swiftlet", 1, "median")), least=15, unit=" times"),
        line("starts a second at concurrency 4, against bare spawn", ratio(of("swiftlet", 4, "perSecond"), of("bare", 4, "perSecond")), least=0.45, unit=" times"),
        line("host memory an instance above the program's own", above, most=500, unit=" KiB"),
        line(f"{ours['count'] if ours else 1000} alive: time to start all", ours["startSeconds"] if ours else None, most=round(3 * scale, 2), unit=" s"),
        line(f"{ours['count'] if ours else 1000} alive: time to stop all", ours["stopSeconds"] if ours else None, most=round(5 * scale, 2), unit=" s"),
        line("errors", errors, most=0),
    ]


def table(result):
    """The result as lines of Markdown."""
    lines = ["| start to first byte | concurrency | starts | median ms | p90 ms | p99 ms | starts a second | errors |", "|---|---|---|---|---|---|---|---|"]
    for way, entries in result["cold"].items():
        for workers, entry in entries.items():
            shown = [f"{entry[key]:.2f}" if entry[key] is not None else "–" for key in ("median", "p90", "p99")]
            rate = f"{entry['perSecond']:.0f}" if entry["perSecond"] else "–"
            lines.append(f"| {TITLES[way]} | {workers} | {entry['starts']} | {' | '.join(shown)} | {rate} | {entry['errors']} {entry['why']} |")
    if result["alive"]:
        lines += ["", "| alive at once | instances | start all s | stop all s | KiB an instance | of which slab | stacks | page tables | per cpu | processes' pages | errors |", "|---|---|---|---|---|---|---|---|---|---|---|"]
        for way, entry in result["alive"].items():
            memory = [f"{entry['memory'][key] / 1024:.0f}" for key in ("used", "slab", "kernelStack", "pageTables", "percpu", "programs")]
            lines.append(f"| {TITLES[way]} | {entry['count']} | {entry['startSeconds']:.2f} | {entry['stopSeconds']:.2f} | {' | '.join(memory)} | {entry['errors']} |")
    if result.get("phases"):
        lines += ["", "| Swiftlet, phase | median ms | p99 ms |", "|---|---|---|"]
        lines += [f"| {name} | {entry['median']:.3f} | {entry['p99']:.3f} |" for name, entry in result["phases"].items()]
    lines += [""] + [f"- {way} did not run here: {reason}" for way, reason in result["absent"].items()]
    return "\n".join(lines)
