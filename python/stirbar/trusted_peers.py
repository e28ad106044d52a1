"""Whose headers are believed: proxies that say when a request came, how long its client waits."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable

VARIABLE = "STIRBAR_TRUSTED_PEERS"


def parse_trusted_peers(peers: Iterable[str], source: str) -> list[tuple[str, int]]:
    """Addresses and networks ("10.0.0.0/8", "::1", "unix") as (address, bits).

    Raises:
        ValueError: one is neither; names `source`, the entry and what is allowed.
    """
    if isinstance(peers, str):
        raise ValueError(f"{source}: {peers!r} is not allowed; it takes a list of networks")
    found = []
    for peer in peers:
        if peer == "unix":
            found.append(("unix", 0))
            continue
        try:
            network = ipaddress.ip_network(peer, strict=False)
        except (ValueError, TypeError):
            raise ValueError(
                f"{source}: {peer!r} is not allowed; it takes addresses, networks such as "
                "10.0.0.0/8, and 'unix' for peers on a unix socket"
            ) from None
        found.append((str(network.network_address), network.prefixlen))
    return found


def from_environment() -> list[tuple[str, int]] | None:
    """What ``STIRBAR_TRUSTED_PEERS`` lists, separated by commas; None where it is not set.

    Raises:
        ValueError: as `parse_trusted_peers`.
    """
    text = os.environ.get(VARIABLE)
    if text is None:
        return None
    entries = [entry.strip() for entry in text.split(",")]
    return parse_trusted_peers([entry for entry in entries if entry], VARIABLE)
