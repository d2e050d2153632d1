# SPDX-License-Identifier: Apache-2.0
"""The plot: throughput of each way as a share of nginx's, a group of bars for each kind of request. Needs matplotlib (Debian: python3-matplotlib)."""
import comparison

COLOURS = {"backend": "#bbbbbb", "nginx": "#00798c", "haproxy": "#30638e", "go": "#edae49", "swiftlet": "#d1495b", "swiftlet1000": "#8d1b2d"}


def write(path, result, cases):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    plt.rcParams.update({"font.size": 9, "svg.fonttype": "none", "axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 150})
    groups = [(case, connections) for case, entries in result["measured"].items() for connections in entries]
    ways = [way for way in COLOURS if way != "backend" and any(way in result["measured"][case][connections] for case, connections in groups)]
    figure, axes = plt.subplots(figsize=(max(6, 1.1 * len(groups)), 3.6))
    for at, way in enumerate(ways):
        heights = []
        for case, connections in groups:
            measured = result["measured"][case][connections]
            nginx = measured.get("nginx", {}).get("perSecond")
            heights.append(measured.get(way, {}).get("perSecond", 0) / nginx if nginx else 0)
        axes.bar([i + at * 0.8 / len(ways) for i in range(len(groups))], heights, 0.8 / len(ways), color=COLOURS[way], label=comparison.TITLES[way])
    axes.axhline(1, color="#444444", linewidth=0.8)
    axes.set(ylabel="requests a second, nginx = 1", xticks=[i + 0.4 - 0.4 / len(ways) for i in range(len(groups))])
    axes.set_xticklabels([f"{cases[case].title.replace(', ', chr(10))}\n{connections} connections" for case, connections in groups], fontsize=7)
    axes.legend(frameon=False, fontsize=8, ncol=len(ways), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    figure.savefig(path, bbox_inches="tight")
