"""The application: engine routes always, Label Studio's routes unless the server is for the engine only."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool

from semsam_annotate import load_engine
from semsam_annotate.api import Engine
from semsam_annotate.backend.auth import AuthMiddleware
from semsam_annotate.backend.cross_site import CrossSiteMiddleware
from semsam_annotate.backend.documents import router as documents_router
from semsam_annotate.backend.engine_routes import router as engine_router
from semsam_annotate.backend.errors import install_error_handlers
from semsam_annotate.backend.handles import Handles
from semsam_annotate.backend.label_studio.routes import router as label_studio_router
from semsam_annotate.backend.label_studio.service import open_label_studio
from semsam_annotate.backend.observing import ObserveMiddleware
from semsam_annotate.backend.rates import RateMiddleware
from semsam_annotate.backend.refreshing import keeper_of
from semsam_annotate.backend.search_routes import router as search_router
from semsam_annotate.backend.services import Services
from semsam_annotate.backend.settings import ServerSettings
from semsam_annotate.backend.status import router as status_router
from semsam_annotate.backend.worker import EngineWorker

only_health = APIRouter()


def create_app(settings: ServerSettings, engine: Engine | None = None) -> FastAPI:
    """The server as an ASGI application; every route needs ``settings.credentials``.

    ``engine``: what answers; None loads ``settings.weights``. The application owns it and closes it on shutdown.
    Raises BadInput when the weights or the project cannot be used.
    """
    owned = (
        engine if engine is not None else load_engine(settings.weights, settings.device, precision=settings.precision)
    )
    shared = Services(settings, EngineWorker(owned, settings.max_waiting, settings.niceness), Handles())

    service = None if settings.engine_only else open_label_studio(shared)
    keeper = keeper_of(owned, settings.weights, shared.worker)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if service is not None:
            service.when_applied(*(() if keeper is None else (keeper.tell,)))
        if keeper is not None:
            keeper.start()
        try:
            async with nullcontext() if service is None else service.running():
                yield
        finally:
            if keeper is not None:
                await _aside(keeper.close)
            await _aside(shared.worker.close)

    app = FastAPI(title="semsam-annotate", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.services = shared
    install_error_handlers(app)
    routers = [engine_router, search_router, status_router, documents_router]
    if service is not None:
        app.state.label_studio = service
    routers.append(only_health if service is None else label_studio_router)
    for router in routers:
        app.include_router(router)
    paths = frozenset(str(route.path) for router in routers for route in router.routes if hasattr(route, "path"))
    app.add_middleware(RateMiddleware, per_second=settings.requests_per_second)
    app.add_middleware(AuthMiddleware, credentials=settings.credentials)
    app.add_middleware(CrossSiteMiddleware)
    app.add_middleware(ObserveMiddleware, metrics=shared.metrics, routes=paths)  # the last one is the outermost
    return app


@only_health.get("/health")
async def _health() -> dict[str, str]:
    """That the server is up."""
    return {"status": "UP"}


async def _aside(close: Callable[[], None]) -> None:
    """Close something that waits; here and now where the interpreter ends, which since Python 3.12 starts no thread."""
    try:
        await run_in_threadpool(close)
    except RuntimeError:
        close()
