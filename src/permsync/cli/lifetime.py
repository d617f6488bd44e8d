"""
The life of a process that serves or works: until SIGTERM or SIGINT, then in order.

The first signal drains: no new work, what runs ends. A second one is the operator's
impatience and is left to the system's default. This module must not know what runs.
"""

import asyncio
import signal


def stop_on_signals() -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; it belongs to the running loop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def begin() -> None:
        stop.set()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, begin)
    return stop
