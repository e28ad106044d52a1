"""One row of the table of figures, and how a benchmark hands its rows over."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """A measured quantity.

    Attributes:
        name: the budget it belongs to, such as ``B1``.
        what: what was measured, of what.
        value: the figure, in `unit`; its spread is `low` to `high` (of `spread_of`).
        limit: the most it may be; None where there is no budget, only a figure to know.
        at_least: the limit is the least it may be, not the most.
        ratio: against the plain app or the named peer, in words: "1.006 x plain"; may be empty.
    """

    name: str
    what: str
    value: float
    unit: str
    low: float = math.nan
    high: float = math.nan
    spread_of: str = ""
    limit: float | None = None
    ratio: str = ""
    at_least: bool = False

    @property
    def reached(self) -> str:
        """yes, no, or - where nothing was to be reached."""
        if self.limit is None:
            return "-"
        if self.at_least:
            return "yes" if self.value >= self.limit else "no"
        return "yes" if self.value <= self.limit else "no"

    def cells(self) -> list[str]:
        """The row as text: name, what, measured, spread, ratio, limit, reached."""
        spread = "-"
        if not math.isnan(self.low):
            spread = f"{number(self.low)} … {number(self.high)}"
            if self.spread_of:
                spread += f" ({self.spread_of})"
        limit = "-"
        if self.limit is not None:
            limit = f"{'≥ ' * self.at_least}{number(self.limit)} {self.unit}"
        measured = f"{number(self.value)} {self.unit}"
        return [self.name, self.what, measured, spread, self.ratio or "-", limit, self.reached]


HEADINGS = ["name", "what", "measured", "spread", "beside", "limit", "reached"]


def number(value: float) -> str:
    """Three significant digits; whole from 100 on, with thousands separated."""
    if math.isnan(value):
        return "-"
    if abs(value) >= 99.5:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def text_table(figures: Sequence[Figure]) -> str:
    """For a terminal: columns padded to their widest cell."""
    rows = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def markdown_table(figures: Sequence[Figure]) -> str:
    """For the README."""
    rows = [HEADINGS, ["---"] * len(HEADINGS), *(figure.cells() for figure in figures)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main(description: str | None, measure: Callable[[bool], list[Figure]]) -> None:
    """What every benchmark does when it is run: measures, prints, writes --json when asked.

    Args:
        measure: takes whether to be quick (less of everything, for trying out), gives the figures.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="less of everything: to try it out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    figures = measure(options.quick)
    print(text_table(figures))
    if options.json:
        options.json.write_text(json.dumps([asdict(figure) for figure in figures]))
