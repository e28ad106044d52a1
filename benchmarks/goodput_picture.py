"""Draws docs/goodput.svg: what goodput.py measures, for four servers at 0.5 to 8 times capacity.

    .venv/bin/python benchmarks/goodput_picture.py [--quick] [--redraw]

Takes about ten minutes. The points are kept in results/goodput.json; --redraw draws them again
without measuring.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from xml.sax.saxutils import escape

import goodput
import open_loop
import overloaded
import processes
from goodput import Point

POINTS = processes.BENCHMARKS / "results" / "goodput.json"
PICTURE = processes.ROOT / "docs" / "goodput.svg"
MULTIPLES = [0.5, 1.0, 2.0, 4.0, 8.0]
SERVERS = [overloaded.SYNC, overloaded.THREADED, *overloaded.OTHERS]

WIDTH, HEIGHT = 860, 600
PANEL_WIDTH, PANEL_HEIGHT = 340, 172
LEFTS, TOPS = (62, 484), (96, 362)
HIGHEST = 1.1  # of the scale, x capacity

# Colours that hold their ground on white and on near-black; the text follows the page where the
# browser tells.
STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #57606a }
.title { font-size: 17px; font-weight: 600 }
.panel { font-size: 14px; font-weight: 600 }
.title, .panel { fill: #1f2328 }
.end { text-anchor: end } .middle { text-anchor: middle }
.grid { stroke: #8c959f; stroke-opacity: .28 }
.ideal { stroke: #8c959f; stroke-dasharray: 5 4; fill: none }
.with, .plain { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round }
.with { stroke: #0d8a8f } .plain { stroke: #d1622b }
.with-dot { fill: #0d8a8f } .plain-dot { fill: #d1622b }
text.with-text { fill: #0d8a8f; font-weight: 600 }
text.plain-text { fill: #d1622b; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1 } .title, .panel { fill: #e6edf3 }
  .with { stroke: #2fb8bd } .with-dot, text.with-text { fill: #2fb8bd }
  .plain { stroke: #ee8350 } .plain-dot, text.plain-text { fill: #ee8350 }
}
"""


def text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(words)}</text>'


class Panel:
    """One server's curves. x grows by doubling, y in shares of capacity."""

    def __init__(self, left: float, top: float) -> None:
        self.left, self.top = left, top

    def x(self, multiple: float) -> float:
        place = MULTIPLES.index(multiple) / (len(MULTIPLES) - 1)
        return self.left + 12 + place * (PANEL_WIDTH - 24)

    def y(self, share: float) -> float:
        return self.top + PANEL_HEIGHT * (1 - min(share, HIGHEST) / HIGHEST)

    def line(self, shares: Iterable[tuple[float, float]], kind: str) -> str:
        path = " ".join(f"{self.x(multiple):.1f},{self.y(share):.1f}" for multiple, share in shares)
        return f'<polyline class="{kind}" points="{path}"/>'

    def frame(self, name: str) -> Iterable[str]:
        yield text(self.left, self.top - 14, name, "panel")
        for share in (0.0, 0.5, 1.0):
            y = self.y(share)
            right = self.left + PANEL_WIDTH
            yield f'<line class="grid" x1="{self.left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield text(self.left - 8, y + 4.5, f"{share:g}", "end")
        for multiple in MULTIPLES:
            yield text(self.x(multiple), self.top + PANEL_HEIGHT + 20, f"{multiple:g} ×", "middle")
        yield self.line([(m, min(m, 1.0)) for m in MULTIPLES], "ideal")

    def curve(self, points: list[Point], kind: str) -> Iterable[str]:
        shares = [(point.multiple, point.goodput) for point in points]
        yield self.line(shares, kind)
        for multiple, share in shares:
            yield (
                f'<circle class="{kind}-dot" r="3.5" cx="{self.x(multiple):.1f}" '
                f'cy="{self.y(share):.1f}"><title>{share:.2f} at {multiple:g} ×</title></circle>'
            )

    def draw(self, name: str, points: list[Point]) -> Iterable[str]:
        yield from self.frame(name)
        for watched, kind in ((False, "plain"), (True, "with")):
            mine = [point for point in points if point.watched == watched]
            yield from self.curve(mine, kind)
            last = mine[-1]
            x, y = self.x(last.multiple), self.y(last.goodput)
            # Above a line that lies at the bottom, below one that lies at the top.
            away = 20 if watched else -10
            yield text(x + 6, y + away, f"{last.goodput:.2f}", f"end {kind}-text")


def picture(points: list[Point]) -> str:
    by_server: dict[str, list[Point]] = {}
    for point in points:
        by_server.setdefault(point.server, []).append(point)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="title">',
        f"<style>{STYLE}</style>",
        '<title id="title">Goodput under overload, with and without Stirbar</title>',
        text(18, 32, "Answered in time, as a share of capacity", "title"),
        text(18, 54, "by requests offered, as a multiple of capacity; a client waits 1 s"),
    ]
    legend = (("with", "with Stirbar", 560), ("plain", "plain", 690), ("ideal", "ideal", 778))
    for kind, words, x in legend:
        parts.append(f'<line class="{kind}" x1="{x}" x2="{x + 24}" y1="28" y2="28"/>')
        parts.append(text(x + 31, 32.5, words))
    places = [(left, top) for top in TOPS for left in LEFTS]
    for (name, mine), place in zip(by_server.items(), places, strict=False):
        parts += Panel(*place).draw(name, sorted(mine, key=lambda point: point.multiple))
    parts.append(
        text(18, HEIGHT - 14, "One worker on one core; a request costs 20 ms of CPU; open loop.")
    )
    return "\n".join([*parts, "</svg>", ""])


def measured(quick: bool) -> list[Point]:
    open_loop.build()
    core = open_loop.share_cores()
    seconds = (2.0, 3.0) if quick else (3.0, 8.0)
    multiples = [MULTIPLES[0], MULTIPLES[-1]] if quick else MULTIPLES
    return [
        point for server in SERVERS for point in goodput.curve(server, core, multiples, seconds)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="less of everything: to try it out")
    parser.add_argument("--redraw", action="store_true", help="measure nothing")
    parser.add_argument("--output", type=Path, default=PICTURE, metavar="FILE")
    options = parser.parse_args()
    if not options.redraw:
        POINTS.parent.mkdir(exist_ok=True)
        kept = [asdict(point) for point in measured(options.quick)]
        POINTS.write_text(json.dumps(kept, indent=1).replace("NaN", "null") + "\n")
    points = [Point(**point) for point in json.loads(POINTS.read_text())]
    options.output.write_text(picture(points))


if __name__ == "__main__":
    main()
