"""The routes that Label Studio calls, as recorded from version 1.23.2.

Everything needs auth. Label Studio sends basic auth with /health, /setup, /predict, /versions and START_TRAINING, and
none at all with annotation webhooks; those pass by the secret in the base path of the backend's URL, which Label Studio
keeps: ``http://host:port/hook/<secret>/`` (see ``semsam_annotate.backend.auth``).
"""

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from semsam_annotate.api import BadInput
from semsam_annotate.backend.bodies import parse_object
from semsam_annotate.backend.errors import RequestRefused
from semsam_annotate.backend.label_studio.connections import project_uid
from semsam_annotate.backend.label_studio.hooks import Hooks
from semsam_annotate.backend.label_studio.service import label_studio
from semsam_annotate.backend.limits import read_body
from semsam_annotate.backend.services import services

MODEL_CLASS = "SemsamAnnotate"
router = APIRouter()


@router.get("/health")
async def health(request: Request) -> dict[str, Any]:
    """That the server is up, and what waits; answers while the engine works."""
    ours = label_studio(request)
    known: dict[str, Any] = {"status": "UP", "model_class": MODEL_CLASS, "waiting": services(request).worker.waiting}
    if ours.hooks is not None and ours.retraining is not None:
        known["webhooks"] = await run_in_threadpool(ours.hooks.spool.counts)
        known["retrain"] = ours.retraining.state()
        known |= {"troubles": dict(ours.keeping.troubles)} if ours.keeping.troubles else {}
    return known


@router.get("/")
async def root() -> dict[str, str]:
    """As label-studio-ml answers."""
    return {"status": "UP", "model_class": MODEL_CLASS}


@router.get("/versions")
async def versions(request: Request) -> dict[str, list[str]]:
    """The model that serves."""
    return {"versions": [await _version(request)]}


@router.post("/setup")
async def setup(request: Request) -> dict[str, str]:
    """Learn where Label Studio is and which token opens its images."""
    body = await _json(request)
    hostname, token = body.get("hostname"), body.get("access_token")
    if isinstance(hostname, str) and hostname:
        project = project_uid(body.get("project"))
        ours = label_studio(request)
        ours.connections.remember(project, hostname, token if isinstance(token, str) else None)
        await ours.called(project)
    return {"model_version": await _version(request)}


@router.post("/predict")
async def predict(request: Request) -> dict[str, Any]:
    """A ladder for a click (``params.context``), or everything in every task's image."""
    answer: dict[str, Any] = await label_studio(request).predictor.answer(await _json(request))
    return answer


@router.post("/webhook")
async def webhook(request: Request) -> JSONResponse:
    """Annotations are kept on disk before the answer and stored after it; START_TRAINING returns at once."""
    payload = await read_body(request, services(request).settings.max_json_bytes)
    ours = label_studio(request)
    if ours.hooks is None or ours.retraining is None:
        raise BadInput("this server runs without --project: there is nowhere to keep annotations or train from them")
    body, kept = await run_in_threadpool(_keep, ours.hooks, payload)
    answer: dict[str, Any] = {"result": {}, "status": "ok"}
    if body.get("action") == "START_TRAINING":
        if not request.scope["state"]["authenticated"]:
            raise RequestRefused(401, "START_TRAINING needs basic auth or the token")
        answer["job"] = await run_in_threadpool(ours.retraining.start)
    elif kept:
        ours.hooks.wake()
    return JSONResponse(answer, status_code=201)


def _keep(hooks: Hooks, payload: bytes) -> tuple[dict[str, Any], bool]:
    """In one thread, since Label Studio waits one second and every change of threads waits for the interpreter."""
    body = parse_object(payload)
    return body, hooks.keep(body, payload)


async def _json(request: Request) -> dict[str, Any]:
    limit = services(request).settings.max_json_bytes
    return await run_in_threadpool(parse_object, await read_body(request, limit))


async def _version(request: Request) -> str:
    return await services(request).worker.version()
