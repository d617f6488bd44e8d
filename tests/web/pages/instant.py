"""
The one instant at which the tests of pages happen.

This module must not know a page.
"""

from datetime import UTC, datetime

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
