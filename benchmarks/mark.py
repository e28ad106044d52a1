"""Where callgrind.py begins and ends to count: the same call at both ends."""

from __future__ import annotations

import os

# What callgrind watches for: a function of the C library that nothing else here calls.
FUNCTION = "getloadavg"
mark = os.getloadavg
