"""
What a process that traces would send away, kept in memory.

A provider is installed once in a process, as OpenTelemetry has it; each test sees the spans
since it asked. This module must not know what is traced.
"""

from functools import cache

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


@cache
def _exporter() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


def forget_spans() -> None:
    """Begin to trace, and forget what was traced before."""
    _exporter().clear()


def finished_spans() -> tuple[ReadableSpan, ...]:
    """The spans that ended since."""
    return _exporter().get_finished_spans()
