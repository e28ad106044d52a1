"""The peer of scrape_after_restarts.py: prometheus_client's multiprocess mode.

    build/bench-venv/bin/python multiprocess_scrape.py PROCESSES ROUTES SCRAPES

PROCESSES count one request to each route and end. Prints the milliseconds of each scrape as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time


def main() -> None:
    processes, routes, scrapes = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # read when the package is imported
        from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        labels = ("method", "url_rule", "status")
        registry = CollectorRegistry()
        total = Counter("requests", "Requests.", labels, registry=registry)
        duration = Histogram("duration_seconds", "Duration.", labels, registry=registry)
        for _ in range(processes):
            child = os.fork()
            if child == 0:
                for route in range(routes):
                    total.labels("GET", f"/r{route}", "200").inc()
                    duration.labels("GET", f"/r{route}", "200").observe(0.01)
                os._exit(0)
            os.waitpid(child, 0)
        milliseconds = []
        for _ in range(scrapes):
            began = time.perf_counter()
            scraped = CollectorRegistry()
            MultiProcessCollector(scraped)
            generate_latest(scraped)
            milliseconds.append((time.perf_counter() - began) * 1e3)
        print(json.dumps(milliseconds))


if __name__ == "__main__":
    main()
