"""The counters that `/metrics` shows, summed over the server's processes; it owns no table."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

REQUESTS = Counter("checkin_requests", "Requests answered.", ["endpoint", "status"])
SECONDS = Histogram(
    "checkin_request_seconds",
    "Time to answer a request.",
    ["endpoint"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
SCANS = Counter("checkin_scans", "Scans judged.", ["verdict"])


def text() -> bytes:
    """All counters in Prometheus's text format; those of every worker process where the server has several."""
    if ValueClass.__name__ != "MmapedValue":
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
