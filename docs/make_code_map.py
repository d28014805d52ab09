"""Draw docs/pictures/code_map.svg from the imports, or print how the rooms hang together.

    python docs/make_code_map.py                          # draws the picture anew
    python docs/make_code_map.py --figures [SRC ...]      # figures of these src folders

A room is a folder or a loose module of `src/signlet`. grimp reads the imports without running
them, and the rows of the picture are the layers that import-linter holds (pyproject.toml). An
arrow that a longer way through other rooms implies is left out. The picture is written as SVG
by hand because one file has to be readable on light and on dark pages, which matplotlib's is
not, and because graphviz is no Python package. Needs `signlet[test]`.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import grimp
import networkx as nx
from sklearn.isotonic import isotonic_regression

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "pictures" / "code_map.svg"
PACKAGE = "signlet"
WAY = (
    "video", "sources", "clip", "preprocess", "pack", "augment", "model", "training",
    "evaluation", "export", "recognition", "stream",
)  # fmt: skip
"""The way of a clip; these rooms are numbered in the picture."""

WIDE, HIGH, GAP, ROW, MARGIN = 118, 30, 16, 66, 24
THIN = 10
"""Width that an arrow takes where it passes a row."""
SWEEPS = 40
STYLE = """
svg { --paper: #ffffff; --ink: #1d1f24; --box: #f1f2f5; --edge: #9aa0ac; --way: #2459c9; }
@media (prefers-color-scheme: dark) {
svg { --paper: #16181d; --ink: #e8eaf0; --box: #262a33; --edge: #737b8c; --way: #7fa6ff; }
}
.paper { fill: var(--paper); }
.room rect { fill: var(--box); stroke: var(--edge); }
.room.way rect { stroke: var(--way); stroke-width: 2; }
.room text { fill: var(--ink); font: 13px system-ui, sans-serif; text-anchor: middle; }
.arrow { fill: none; stroke: var(--edge); stroke-width: 1.2; marker-end: url(#head); }
#head path { fill: var(--edge); }
"""

Points = list[tuple[float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--figures", nargs="*", metavar="SRC", help="print figures, draw nothing")
    folders = parser.parse_args().figures
    if folders is None:
        PICTURE.write_text(drawn(layers(), arrows(room_imports(ROOT / "src"))), encoding="utf-8")
        return
    print_figures([Path(folder) for folder in folders or [ROOT / "src"]])


# --- what the code says -------------------------------------------------------------------


def graph_of(src: Path) -> grimp.ImportGraph:
    """Imports between the modules of the package in `src`, also those inside functions."""
    sys.path.insert(0, str(src.resolve()))
    try:
        return grimp.build_graph(PACKAGE, cache_dir=None)
    finally:
        del sys.path[0]


def room_of(module: str) -> str:
    """The room of a module; "" for the package itself."""
    return ".".join(module.split(".")[1:2])


def room_imports(src: Path) -> nx.DiGraph:
    """Rooms, and who imports whom; an edge's `count` is the number of pairs of modules."""
    graph, rooms = graph_of(src), nx.DiGraph()
    for module in sorted(graph.modules - {PACKAGE}):
        rooms.add_node(room_of(module))
        for imported in sorted(graph.find_modules_directly_imported_by(module) - {PACKAGE}):
            ends = room_of(module), room_of(imported)
            if ends[0] != ends[1]:
                count = rooms.get_edge_data(*ends, {"count": 0})["count"]
                rooms.add_edge(*ends, count=count + 1)
    return rooms


def layers() -> list[list[str]]:
    """Rooms by layer, the highest first, as pyproject.toml orders them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    return [layer.split(" | ") for layer in contract["layers"]]


def arrows(rooms: nx.DiGraph) -> list[tuple[str, str]]:
    """Imports that no longer way implies, between the rooms that the layers name."""
    named = rooms.subgraph([room for layer in layers() for room in layer])
    return sorted(nx.transitive_reduction(named).edges)


def print_figures(folders: list[Path]) -> None:
    rows = [figures(folder) for folder in folders]
    for name in rows[0]:
        print(f"{name:<40}", *(f"{row[name]:>5}" for row in rows))


def figures(src: Path) -> dict[str, int]:
    """How the rooms of a package hang together.

    Imports are pairs of modules. Entangled are the rooms that reach each other on whatever way.
    """
    rooms, package = room_imports(src), src / PACKAGE
    tangles = [part for part in nx.strongly_connected_components(rooms) if len(part) > 1]
    mutual = sum(rooms.has_edge(imported, room) for room, imported in rooms.edges) // 2
    return {
        "folders": sum(path.is_dir() and path.name != "__pycache__" for path in package.iterdir()),
        "loose modules": len(list(package.glob("*.py"))),
        "imports between rooms": sum(count for _, _, count in rooms.edges(data="count")),
        "pairs of rooms that these imports join": rooms.number_of_edges(),
        "imports against the direction": sum(against(rooms, tangle) for tangle in tangles),
        "circles (two rooms import each other)": mutual,
        "entangled rooms": sum(map(len, tangles)),
    }


def against(rooms: nx.DiGraph, tangle: set[str]) -> int:
    """The fewest imports without which these rooms would lie in layers.

    Exactly: the best order of each subset of rooms on top, smallest first (Held and Karp). Takes
    seconds for 17 rooms, and twice as long for each one more.
    """
    names = sorted(tangle)
    fewest = [0] + [sys.maxsize] * ((1 << len(names)) - 1)
    for above in range(1 << len(names)):
        upper = {name for place, name in enumerate(names) if above >> place & 1}
        for place, name in enumerate(names):
            if name not in upper:
                upwards = sum(rooms.edges[name, up]["count"] for up in upper & {*rooms[name]})
                both = above | 1 << place
                fewest[both] = min(fewest[both], fewest[above] + upwards)
    return fewest[-1]


# --- where things lie in the picture ------------------------------------------------------


def with_bends(rows: list[list[str]], edges: list[tuple[str, str]]) -> nx.DiGraph:
    """The rooms with a node for each row that an arrow passes; nodes know their `row`."""
    row = {room: number for number, rooms in enumerate(rows) for room in rooms}
    graph = nx.DiGraph()
    for room, number in row.items():
        graph.add_node(room, row=number, wide=WIDE)
    for start, end in edges:
        bends = [f"{start}>{end}:{number}" for number in range(row[start] + 1, row[end])]
        for bend in bends:
            graph.add_node(bend, row=int(bend.rsplit(":")[-1]), wide=THIN)
        nx.add_path(graph, [start, *bends, end])
    return graph


def placed(graph: nx.DiGraph) -> dict[str, float]:
    """The middle of each node, so that nodes lie near their neighbours and apart in their row."""
    rows: dict[int, list[str]] = {}
    for node, row in sorted(graph.nodes(data="row")):
        rows.setdefault(row, []).append(node)
    x = {n: 60.0 * place for nodes in rows.values() for place, n in enumerate(nodes)}
    for sweep in range(SWEEPS):
        near = (graph.predecessors, graph.successors)[sweep % 2]
        both = sweep > SWEEPS // 2  # the order stands nearly: now the arrows get straight
        for row in sorted(rows, reverse=bool(sweep % 2)):
            wanted = {
                node: mean([x[n] for n in (nx.all_neighbors(graph, node) if both else near(node))])
                if any(True for _ in near(node))
                else x[node]
                for node in rows[row]
            }
            x |= kept_apart(wanted, graph)
    left = min(x[node] - graph.nodes[node]["wide"] / 2 for node in x)
    return {node: place - left + MARGIN for node, place in x.items()}


def mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


def kept_apart(wanted: dict[str, float], graph: nx.DiGraph) -> dict[str, float]:
    """Places of a row's nodes, as near to the wanted ones as boxes without overlap can be."""
    nodes = sorted(wanted, key=lambda node: (wanted[node], node))
    offset, offsets = 0.0, []
    for before, node in zip([nodes[0], *nodes], nodes, strict=False):
        if node != before:
            offset += (graph.nodes[before]["wide"] + graph.nodes[node]["wide"]) / 2 + GAP
        offsets.append(offset)
    free = isotonic_regression([wanted[n] - o for n, o in zip(nodes, offsets, strict=True)])
    return {n: float(f + o) for n, f, o in zip(nodes, free, offsets, strict=True)}


# --- the picture --------------------------------------------------------------------------


def drawn(rows: list[list[str]], edges: list[tuple[str, str]]) -> str:
    """The picture: rooms in rows, arrows from a room to what it imports."""
    graph = with_bends(rows, edges)
    x = placed(graph)
    y = {n: MARGIN + HIGH / 2 + ROW * row for n, row in graph.nodes(data="row")}
    wide = max(x[n] + graph.nodes[n]["wide"] / 2 for n in x) + MARGIN
    high = max(y.values()) + HIGH / 2 + MARGIN
    svg = begun(wide, high)
    for start, end in edges:
        way = nx.shortest_path(graph.subgraph(chain(graph, start, end)), start, end)
        add_arrow(svg, start, end, [(x[n], y[n]) for n in way])
    for room in (room for row in rows for room in row):
        add_room(svg, room, x[room], y[room])
    ElementTree.indent(svg, " ")
    return ElementTree.tostring(svg, encoding="unicode") + "\n"


def chain(graph: nx.DiGraph, start: str, end: str) -> list[str]:
    return [start, *(node for node in graph if node.startswith(f"{start}>{end}:")), end]


def begun(wide: float, high: float) -> ElementTree.Element:
    size = {"width": f"{wide:.0f}", "height": f"{high:.0f}"}
    box = f"0 0 {wide:.0f} {high:.0f}"
    svg = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=box, **size)
    ElementTree.SubElement(svg, "style").text = STYLE
    head = {"refX": "5", "refY": "3", "markerWidth": "7", "markerHeight": "7", "orient": "auto"}
    marker = ElementTree.SubElement(
        ElementTree.SubElement(svg, "defs"), "marker", id="head", **head
    )
    ElementTree.SubElement(marker, "path", d="M0 0 6 3 0 6z")
    ElementTree.SubElement(svg, "rect", {"class": "paper"}, **size)
    return svg


def add_arrow(svg: ElementTree.Element, start: str, end: str, points: Points) -> None:
    """A curve through the points, which it enters and leaves straight down."""
    (x, y), *rest = points
    path = f"M{x:.0f} {y + HIGH / 2:.0f}"
    y += HIGH / 2
    for place, (next_x, middle) in enumerate(rest):
        next_y = middle - HIGH / 2 - 2
        half = (y + next_y) / 2
        path += f"C{x:.0f} {half:.0f} {next_x:.0f} {half:.0f} {next_x:.0f} {next_y:.0f}"
        if place < len(rest) - 1:
            next_y += HIGH + 4
            path += f"V{next_y:.0f}"
        x, y = next_x, next_y
    names = {"class": "arrow", "data-from": start, "data-to": end}
    ElementTree.SubElement(svg, "path", names, d=path)


def add_room(svg: ElementTree.Element, room: str, x: float, y: float) -> None:
    kind = "room way" if room in WAY else "room"
    group = ElementTree.SubElement(svg, "g", {"class": kind, "data-room": room})
    corner = {"x": f"{x - WIDE / 2:.0f}", "y": f"{y - HIGH / 2:.0f}"}
    size = {"width": str(WIDE), "height": str(HIGH), "rx": "6"}
    ElementTree.SubElement(group, "rect", corner | size)
    number = f"{WAY.index(room) + 1} " if room in WAY else ""
    text = ElementTree.SubElement(group, "text", x=f"{x:.0f}", y=f"{y + 5:.0f}")
    text.text = number + room


if __name__ == "__main__":
    main()
