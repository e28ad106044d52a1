"""A server that writes down each signal; ends with status 5, half a second after SIGINT."""

import signal
import sys
import time
from types import FrameType

ended_at: list[float] = []


def note(text: str) -> None:
    with open(sys.argv[1], "a") as file:
        file.write(text + "\n")


def on_signal(number: int, _: FrameType | None) -> None:
    note(signal.Signals(number).name)
    if number == signal.SIGINT:
        ended_at.append(time.monotonic() + 0.5)


for watched in (signal.SIGINT, signal.SIGUSR1):
    signal.signal(watched, on_signal)
note("ready")
while not ended_at or time.monotonic() < ended_at[0]:
    time.sleep(0.05)
sys.exit(5)
