# SPDX-License-Identifier: Apache-2.0
"""What a run of the benchmark of unpacking says: medians, a table, targets, a plot. Pure, but for the plot's file."""
import json
import statistics

WAYS = {
    "swiftlet": "Swiftlet: `image load` into a running host, durable",
    "pull": "Swiftlet: `image pull` from a registry on loopback, durable",
    "programs": "Swiftlet: its two programs alone, four layers at once, not yet durable",
    "durable": "what `syncfs` takes beyond that, apart",
    "processor": "of that, processor time of both and of the blob's digest",
    "umoci": "umoci unpack", "podman": "podman load", "podman_pull": "podman pull from that registry", "skopeo": "skopeo copy to a directory (unpacks nothing)", "bsdtar": "bsdtar",
    "inflate": "limit: inflating alone", "hash": "limit: both SHA-256 alone", "write": "limit: writing alone, from memory",
}


def middle(times):
    return statistics.median(times) if times else None


# The images of which something is asked; the small one only stands beside them.
PLAN, QUICK = ["medium", "large"], ["medium"]


def targets(result):
    """[(what, figure, target, holds)] of all that `result["plan"]` promises; `figure` is None where it was not measured in this run, and does not hold
    then. `holds` is None for what only stands beside a target."""
    lines = []
    measured = {(row["image"], row["compression"]): row["seconds"] for row in result["rows"]}

    def line(name, a, b, least=None, most=None):
        figure = a / b if a and b else None
        if least is None and most is None:
            return name, figure, "–", None
        holds = figure is not None and (figure >= least if least is not None else figure <= most)
        return name, figure, f"at least {least}" if least is not None else f"at most {most}", holds

    for image in result["plan"]:
        for compression in ("gzip", "zstd"):
            label, seconds = f"{image}, {compression}", measured.get((image, compression), {})
            at = {way: middle(seconds.get(way)) for way in WAYS}
            rivals = [at["podman"]] if compression == "zstd" else [at["umoci"], at["podman"]]  # umoci 0.4.7 cannot read zstd
            best = min(rivals) if all(rivals) else None
            limit = max(at["inflate"], at["write"]) if at["inflate"] and at["write"] else None
            pieces = [at["inflate"], at["hash"], at["write"]]
            spread = sum(pieces) / min(2, result["processors"]) if all(pieces) else None
            busy = at["processor"] / min(2, result["processors"]) if at["processor"] else None
            alone = at["swiftlet"] - at["durable"] if at["swiftlet"] and at["durable"] else None
            lines += [
                line(f"{label}: times as fast as the better of umoci and podman, durable, front door", best, at["swiftlet"], least=3),
                line(f"{label}: the same less the share of syncfs, since umoci and podman make nothing durable", best, alone, least=3),
                line(f"{label}: the same, programs alone, not yet durable", best, at["programs"], least=3),
                line(f"{label}: times as fast as podman from the registry", at["podman_pull"], at["pull"], least=3),
                line(f"{label}: programs, times the larger of inflating and writing alone", at["programs"], limit, most=1.3),
                line(f"{label}: inflating, both digests and writing, each alone, spread over two processors, times the larger of the two limits", spread, limit),
                line(f"{label}: their processor time spread over two processors, the least that they can take, times the larger of the two limits", busy, limit),
                line(f"{label}: programs, times their processor time spread over two processors, the least that it can be", at["programs"], busy, most=1.3)]
        held = result["memory"].get(image)
        lines.append(line(f"{image}: peak memory of all programs that unpack at once, MiB", held, 1 << 20, most=64))
    return lines


def table(result):
    columns = [(row["image"], row["compression"]) for row in result["rows"]]
    lines = ["| seconds, median of " + str(result["runs"]) + " | " + " | ".join(f"{image}, {compression}" for image, compression in columns) + " |",
             "|---|" + "---|" * len(columns)]
    for way, title in WAYS.items():
        cells = [middle(row["seconds"][way]) for row in result["rows"]]
        lines.append(f"| {title} | " + " | ".join("–" if cell is None else f"{cell:.2f}" for cell in cells) + " |")
    return "\n".join(lines + ["", f"{result['host']}.", "", "| against this | here | target | |", "|---|---|---|---|"]
                     + [f"| {what} | {'not measured' if figure is None else f'{figure:.2f}'} | {goal} | {'for comparison' if holds is None else 'holds' if holds else 'falls short'} |" for what, figure, goal, holds in targets(result)])


def plot(result, path):
    """Bars, as SVG: an image and compression in each column, a way in each line."""
    rows = [row for row in result["rows"] if row["image"] != "small"]
    ways = [way for way in WAYS if way not in ("durable", "processor")]
    longest = max(middle(times) or 0 for row in rows for times in row["seconds"].values())
    names, width, bar, line = 370, 250, 160, 22
    text = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{names + width * len(rows)}" height="{line * (len(ways) + 2)}" font-family="sans-serif" font-size="12">',
            '<rect width="100%" height="100%" fill="white"/>']
    for at, way in enumerate(ways):
        y = line * (at + 2)
        text.append(f'<text x="{names - 8}" y="{y}" text-anchor="end">{WAYS[way].replace("`", "")}</text>')
        colour = "#d1495b" if way in ("swiftlet", "pull", "programs") else "#bbbbbb" if way in ("inflate", "hash", "write") else "#30638e"
        for column, row in enumerate(rows):
            value, x = middle(row["seconds"][way]), names + width * column
            if value is not None:
                text.append(f'<rect x="{x}" y="{y - 12}" width="{max(1, bar * value / longest):.1f}" height="15" fill="{colour}"/>')
            text.append(f'<text x="{x + bar * (value or 0) / longest + 5:.1f}" y="{y}">{"–" if value is None else f"{value:.2f} s"}</text>')
    for column, row in enumerate(rows):
        text.append(f'<text x="{names + width * column}" y="{line - 6}" font-weight="bold">{row["image"]}, {row["compression"]}</text>')
    with open(path, "w") as file:
        file.write("\n".join(text + ["</svg>", ""]))


def merge(paths):
    """The results of several runs of this script as one."""
    results = []
    for path in paths:
        with open(path) as file:
            results.append(json.load(file))
    rows = {}
    for row in (row for result in results for row in result["rows"]):
        known = rows.setdefault((row["image"], row["compression"]), {**row, "seconds": {way: [] for way in WAYS}})
        for way, times in row["seconds"].items():
            known["seconds"][way] += times
    order = ["small", "medium", "large"]
    runs = sorted({len(row["seconds"]["swiftlet"]) for row in rows.values()})
    return {"host": results[0]["host"], "runs": " or ".join(map(str, runs)), "processors": results[0]["processors"], "plan": [image for image in PLAN if any(image in result["plan"] for result in results)],
            "memory": {image: max(result["memory"].get(image, 0) for result in results) for image in order},
            "rows": sorted(rows.values(), key=lambda row: (order.index(row["image"]), row["compression"]))}
