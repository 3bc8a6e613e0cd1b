"""What the routes of one application share; made in ``create_app``, found on ``request.app.state``."""

import time
from dataclasses import dataclass, field

from starlette.requests import Request

from semsam_annotate.backend.calls import RunningCalls
from semsam_annotate.backend.handles import Handles
from semsam_annotate.backend.metrics import Metrics
from semsam_annotate.backend.settings import ServerSettings
from semsam_annotate.backend.worker import EngineWorker


@dataclass(frozen=True)
class Services:
    """Settings, the engine's worker, the handles given out, the calls that can be cancelled, what is counted.

    ``started``: by the monotonic clock.
    """

    settings: ServerSettings
    worker: EngineWorker
    handles: Handles
    calls: RunningCalls = field(default_factory=RunningCalls)
    metrics: Metrics = field(default_factory=Metrics)
    started: float = field(default_factory=time.monotonic)


def services(request: Request) -> Services:
    """The services of the application that a request came to."""
    found: Services = request.app.state.services
    return found
