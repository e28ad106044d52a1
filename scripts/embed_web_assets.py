#!/usr/bin/env python3
"""Write the built web page as one C++ file: embed_web_assets.py DIST OUT.cc

Implements WebAssets() of src/supervisor/publish/web_assets.h. Every file of DIST is compressed
with gzip (level 9, no time stamp: the same files give the same output). Exit status 2 when DIST is
not usable.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
from pathlib import Path

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
LINE_BYTES = 24


def literal(data: bytes) -> str:
    """Return `data` as adjacent string literals; three octal digits never run into the next."""
    lines = []
    for start in range(0, len(data), LINE_BYTES):
        escaped = "".join(f"\\{byte:03o}" for byte in data[start : start + LINE_BYTES])
        lines.append(f'    "{escaped}"')
    return "\n".join(lines)


def quoted(text: str) -> str:
    """Return `text` as a C++ string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def generate(dist: Path) -> str:
    """Return the C++ text for the files below `dist`."""
    files = sorted(path for path in dist.rglob("*") if path.is_file() and path.suffix != ".map")
    files.sort(key=lambda path: "/" + path.relative_to(dist).as_posix())
    bodies = []
    rows = []
    for number, path in enumerate(files):
        content_type = CONTENT_TYPES.get(path.suffix.lower())
        if content_type is None:
            raise ValueError(
                f"{path}: no content type known for '{path.suffix}': add it to CONTENT_TYPES"
            )
        data = path.read_bytes()
        body = gzip.compress(data, 9, mtime=0)
        etag = '"' + hashlib.sha256(data).hexdigest()[:16] + '"'
        address = "/" + path.relative_to(dist).as_posix()
        bodies.append(
            f"constexpr std::string_view kBody{number}(\n{literal(body)},\n    {len(body)});"
        )
        rows.append(
            f"    WebAsset{{{quoted(address)}, {quoted(content_type)}, "
            f"kBody{number}, {quoted(etag)}}},"
        )
    joined_bodies = "\n".join(bodies)
    joined_rows = "\n".join(rows)
    return f"""// Made by scripts/embed_web_assets.py from web/dist. Do not edit.
#include "supervisor/publish/web_assets.h"

#include <array>

namespace stirbar {{
namespace {{

{joined_bodies}

constexpr std::array kAssets{{
{joined_rows}
}};

}}  // namespace

std::span<const WebAsset> WebAssets() {{ return kAssets; }}

}}  // namespace stirbar
"""


def main(arguments: list[str]) -> int:
    """Run the program and return its exit status."""
    if len(arguments) != 2:
        print("usage: embed_web_assets.py DIST OUT.cc", file=sys.stderr)
        return 2
    dist, out = Path(arguments[0]), Path(arguments[1])
    if not (dist / "index.html").is_file():
        print(
            f"embed_web_assets.py: {dist}/index.html is missing: build the web page first",
            file=sys.stderr,
        )
        return 2
    try:
        text = generate(dist)
    except ValueError as error:
        print(f"embed_web_assets.py: {error}", file=sys.stderr)
        return 2
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
