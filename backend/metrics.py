"""What the server counts, in Prometheus' text format; a registry of its own, so that two servers do not mix."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Readings:
    """What is read at the moment somebody asks."""

    waiting: int
    embedding_bytes: int
    model: str
    encoded: int = 0
    reused: int = 0
    training: bool = False
    webhooks: dict[str, int] = field(default_factory=dict)
    webhook_bytes: dict[str, int] = field(default_factory=dict)
    prelabels: dict[str, int] = field(default_factory=dict)


class _EngineCounts(Collector):
    """What the engine counts itself."""

    now = Readings(0, 0, "")

    def collect(self) -> Iterator[CounterMetricFamily]:
        encoded, reused = "Images that the network encoded", "Images asked for whose embedding was there"
        yield CounterMetricFamily("semsam_images_encoded", encoded, value=self.now.encoded)
        yield CounterMetricFamily("semsam_embeddings_reused", reused, value=self.now.reused)


class Metrics:
    """Counts requests, and tells them together with what is read now."""

    def __init__(self) -> None:
        own = self._registry = CollectorRegistry()
        labels = ("route", "method", "status")
        self._requests = Counter("semsam_requests", "Requests answered", labels, registry=own)
        self._seconds = Histogram(
            "semsam_request_seconds", "Until the answer was sent", ("route",), buckets=SECONDS, registry=own
        )
        self._waiting = Gauge("semsam_engine_waiting", "Calls of the engine that run or wait", registry=own)
        self._bytes = Gauge("semsam_embedding_bytes", "Encoded images held in memory", registry=own)
        self._engine = _EngineCounts()
        own.register(self._engine)
        self._model = Gauge("semsam_model_info", "1 for the model that serves", ("version",), registry=own)
        self._training = Gauge("semsam_training_running", "1 while a training runs", registry=own)
        self._webhooks = Gauge("semsam_webhooks", "Webhooks by what became of them", ("state",), registry=own)
        self._webhook_bytes = Gauge(
            "semsam_webhook_bytes", "That kept webhooks take, and may take", ("room",), registry=own
        )
        self._prelabels = Gauge(
            "semsam_prelabels", "Tasks to pre-label by what became of them", ("state",), registry=own
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request; ``route``: one of few, never the path as it came."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self, now: Readings) -> bytes:
        """Everything, for Prometheus to read."""
        self._engine.now = now
        self._waiting.set(now.waiting)
        self._bytes.set(now.embedding_bytes)
        self._model.clear()
        self._model.labels(now.model).set(1)
        self._training.set(now.training)
        for state, count in now.webhooks.items():
            self._webhooks.labels(state).set(count)
        for room, size in now.webhook_bytes.items():
            self._webhook_bytes.labels(room).set(size)
        for state, count in now.prelabels.items():
            self._prelabels.labels(state).set(count)
        return generate_latest(self._registry)
