"""
Logging that a test sets up for itself, and that is as it was afterwards.

Logging is one for the whole process, and so are tests that look at it. This module must
not know what is written.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


@contextmanager
def own_logging() -> Iterator[None]:
    """Put the process's logging back after the block, whatever the block did to it."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, structlog.get_config(), logging.raiseExceptions)
    try:
        yield
    finally:
        root.handlers[:], root.level = before[0], before[1]
        structlog.configure(**before[2])
        logging.raiseExceptions = before[3]
