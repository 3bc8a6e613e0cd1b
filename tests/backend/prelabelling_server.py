"""A server of the region engine in a process of its own, to be killed: PROJECT STUDIO_URL STUDIO_TOKEN SERVER_TOKEN."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from region_engine import RegionEngine

from semsam_annotate.backend import server
from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.settings import ServerSettings


class Slow(RegionEngine):
    """Slow enough to be killed at work."""

    def auto(self, *arguments, **options):
        time.sleep(0.05)
        return super().auto(*arguments, **options)


project, url, token, own = sys.argv[1:]
settings = ServerSettings(
    credentials=Credentials(token=own), project=Path(project), label_studio_url=url, label_studio_token=token
)
with server.bind("127.0.0.1", 0) as listener:
    app = create_app(settings, Slow())
    app.state.label_studio.background.prelabelling.batches.seconds = 0.3
    app.state.label_studio.background.prelabelling.queue.settle_seconds = 1.0
    server.announce(listener)
    server.run(app, listener)
