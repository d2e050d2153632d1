# SPDX-License-Identifier: Apache-2.0
"""The report: one HTML file with the plots as SVG, and the same as PNG beside it. Needs matplotlib (Debian: python3-matplotlib)."""
import base64
import html
import io

import figures

COLOURS = {"bare": "#444444", "swiftlet": "#d1495b", "bubblewrap": "#00798c", "runc": "#edae49", "crun": "#30638e", "podman": "#8d6a9f"}


def plots(result, raw):
    """[(title, figure)]; `raw` is {way: {workers: [ns]}}."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    plt.rcParams.update({"font.size": 9, "svg.fonttype": "none", "axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 150})
    made = []

    figure, axes = plt.subplots(figsize=(7, 3.6))
    for way, by_workers in raw.items():
        times = sorted(value / 1e6 for value in by_workers.get("1", []))
        if times:
            axes.step(times, [(i + 1) / len(times) for i in range(len(times))], where="post", color=COLOURS[way],
                      label=f"{figures.TITLES[way]}, median {figures.quantile(times, 0.5):.2f} ms")
    axes.set(xscale="log", xlabel="request to first byte, ms (logarithmic)", ylabel="share of starts", ylim=(0, 1.01))
    axes.grid(True, which="both", alpha=0.25)
    axes.legend(frameon=False, fontsize=8, ncol=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    made.append(("Cold start: distribution", figure))

    if result.get("phases"):
        figure, axes = plt.subplots(figsize=(7, 1.6))
        left = 0
        for at, (name, entry) in enumerate(result["phases"].items()):
            if name != "total":
                axes.barh([0], [entry["median"]], left=left, label=f"{name} {entry['median']:.2f}", color=plt.cm.tab10(at))
                left += entry["median"]
        axes.set(yticks=[], xlabel="ms, median of each phase")
        axes.legend(frameon=False, ncol=6, loc="upper center", bbox_to_anchor=(0.5, 1.45), fontsize=8)
        made.append(("Cold start: where the time goes", figure))

    figure, axes = plt.subplots(figsize=(7, 3))
    ways = [way for way, entries in result["cold"].items() if any(e["perSecond"] for e in entries.values())]
    levels = sorted({int(w) for entries in result["cold"].values() for w in entries})
    for at, way in enumerate(ways):
        heights = [result["cold"][way].get(str(level), {}).get("perSecond") or 0 for level in levels]
        axes.bar([i + at * 0.8 / len(ways) for i in range(len(levels))], heights, 0.8 / len(ways), color=COLOURS[way], label=figures.TITLES[way])
    axes.set(ylabel="starts a second, start to reaped", xticks=[i + 0.4 - 0.4 / max(len(ways), 1) for i in range(len(levels))], yscale="log")
    axes.set_xticklabels([f"concurrency {level}" for level in levels])
    axes.legend(frameon=False, fontsize=8, ncol=6, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    made.append(("Sustained starts", figure))

    if result["alive"]:
        figure, axes = plt.subplots(figsize=(7, 0.6 + 0.5 * len(result["alive"])))
        parts = ("programs", "slab", "kernelStack", "pageTables", "percpu")
        for row, entry in enumerate(result["alive"].values()):
            left = 0
            for at, part in enumerate(parts):
                width = max(entry["memory"][part], 0) / 1024
                axes.barh([row], [width], left=left, color=plt.cm.tab10(at), label=part if row == 0 else None)
                left += width
        axes.set(xlabel="KiB of host memory an instance")
        axes.set_yticks(range(len(result["alive"])), [figures.TITLES[way] for way in result["alive"]])
        axes.legend(frameon=False, ncol=5, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.35))
        made.append(("Memory of what is alive", figure))
    return made


def markdown_tables(text):
    """The Markdown of figures.table as HTML: rows of pipes, and lines."""
    out, inside = [], False
    for line in text.splitlines():
        if line.startswith("|"):
            if set(line) <= set("|-"):
                continue
            cells = [html.escape(cell.strip()) for cell in line.strip("|").split("|")]
            tag = "td" if inside else "th"
            out.append(("" if inside else "<table>") + "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>")
            inside = True
        else:
            out.append(("</table>" if inside else "") + (f"<p>{html.escape(line)}</p>" if line else ""))
            inside = False
    return "\n".join(out + (["</table>"] if inside else []))


def write(path, result, raw):
    body = []
    for title, figure in plots(result, raw):
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", bbox_inches="tight")
        figure.savefig(png, format="png", bbox_inches="tight")
        name = title.lower().replace(":", "").replace(" ", "-")
        for ending, content in (("svg", svg.getvalue().encode()), ("png", png.getvalue())):
            with open(f"{path.removesuffix('.html')}-{name}.{ending}", "wb") as file:
                file.write(content)
        link = base64.b64encode(png.getvalue()).decode()
        body.append(f"<h2>{title}</h2>{svg.getvalue()[svg.getvalue().index('<svg'):]}<p><a download='{name}.png' href='data:image/png;base64,{link}'>PNG</a></p>")
    checks = "".join(f"<tr><td>{html.escape(name)}</td><td>{'–' if value is None else f'{value:.2f}'}</td><td>{goal}</td>"
                     f"<td>{'not measured' if holds is None else 'holds' if holds else '<b>falls short</b>'}</td></tr>" for name, value, goal, holds in figures.targets(result))
    with open(path, "w") as file:
        file.write("<!doctype html><meta charset='utf-8'><title>Cold start</title><style>body{font:15px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}"
                   "table{border-collapse:collapse;margin:1rem 0}td,th{border-bottom:1px solid #ccc;padding:.2rem .7rem;text-align:left}svg{max-width:100%;height:auto}</style>"
                   f"<h1>Cold start</h1><p>{html.escape(result['host'])}. Made by <code>{html.escape(result['command'])}</code>.</p>"
                   f"<h2>Targets</h2><table><tr><th>figure</th><th>here</th><th>target</th><th></th></tr>{checks}</table>"
                   + "\n".join(body) + "<h2>All figures</h2>" + markdown_tables(figures.table(result)))
