"""What a server is told when it starts."""

from dataclasses import dataclass, field
from pathlib import Path

from semsam_annotate.annotations.images import MAX_PIXELS
from semsam_annotate.api import BadInput
from semsam_annotate.backend.auth import Credentials


@dataclass(frozen=True)
class ServerSettings:
    """Settings of one server process; frozen, so that requests cannot change them."""

    credentials: Credentials = field(default_factory=Credentials.generate)
    """Who may call; there is no way to run without."""
    host: str = "127.0.0.1"
    """Address to bind; loopback unless the operator says otherwise."""
    port: int = 9090
    """0 picks a free one."""
    weights: str = "default"
    """Source for ``load_engine``."""
    device: str = "auto"
    """Device for ``load_engine``."""
    precision: str = "fp32"
    """Precision for ``load_engine``."""
    project: Path | None = None
    """Project folder; annotations of Label Studio land in it."""
    retrain_after: int | None = None
    """So many newly accepted masks start a training, 0 never; None takes what ``project.toml`` says."""
    engine_only: bool = False
    """Serve only ``/v1`` and ``/health``, nothing of Label Studio."""
    label_studio_url: str | None = None
    """Where Label Studio is; None takes the host that ``/setup`` names."""
    label_studio_token: str | None = field(default=None, repr=False)
    """Token to fetch images with, sent to that host only; None takes the one that ``/setup`` carries."""
    image_hosts: tuple[str, ...] = ()
    """Hosts beside Label Studio that images may come from, HOST or HOST:PORT; never private addresses."""
    prefetch: bool = True
    """Encode the image of the task that comes next while somebody works on this one."""
    max_pixels: int = MAX_PIXELS
    """Largest image, height times width."""
    max_json_bytes: int = 64_000_000
    """Largest JSON body; a click carries every mask of its task."""
    max_webhook_bytes: int = 2_000_000_000
    """Of kept webhooks together, waiting or put aside; more are answered 507."""
    max_waiting: int = 32
    """Requests that may wait for the engine before the server answers 429."""
    niceness: int = 0
    """Of what takes long, 0 first … 19 last."""
    requests_per_second: float = 0.0
    """What one client may ask for on average, ten seconds of it at once; 0: as much as it likes."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise BadInput(f"a port is 0 to 65535, not {self.port}")
        if min(self.max_pixels, self.max_json_bytes, self.max_waiting, self.max_webhook_bytes) < 1:
            raise BadInput("max_pixels, max_json_bytes, max_webhook_bytes and max_waiting are at least 1")
        if not 0 <= self.requests_per_second < 1e6:
            raise BadInput(f"requests_per_second is a rate, or 0 for any, not {self.requests_per_second}")
        if self.retrain_after is not None and self.retrain_after < 0:
            raise BadInput(f"retrain_after is a number of masks, or 0 for never, not {self.retrain_after}")

    @property
    def max_image_bytes(self) -> int:
        """Largest image body: raw RGB of ``max_pixels`` and a little more for a file's header."""
        return 3 * self.max_pixels + 1_000_000
