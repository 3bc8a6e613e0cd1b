"""How the server is, for an administrator: as JSON, as a page, and as what Prometheus reads."""

import time
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from semsam_annotate.annotations.connection import StoreUnavailable
from semsam_annotate.annotations.retraining.progress import ProgressReader
from semsam_annotate.annotations.retraining.run import Run, last_finished, runs
from semsam_annotate.annotations.retraining.runner import runner_of
from semsam_annotate.annotations.retraining.verdict import Verdict
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.api import BadInput
from semsam_annotate.api.promotions import Promotions
from semsam_annotate.backend.label_studio.retraining import Retraining
from semsam_annotate.backend.label_studio.service import LabelStudio
from semsam_annotate.backend.metrics import CONTENT_TYPE, Readings
from semsam_annotate.backend.pages import HEADERS, Folded, Link, page
from semsam_annotate.backend.services import Services, services
from semsam_annotate.version import __version__

router = APIRouter()
LAST_FAILURES = 5
BUSY_REFRESH, REFRESH = 10, 60
"""Seconds after which the page loads itself anew, which folds what was unfolded."""


@router.get("/status")
async def status(request: Request) -> dict[str, Any]:
    """Queue, versions, webhooks, training and the gate's last verdict."""
    return await _status(request)


@router.get("/status.html")
async def status_page(request: Request) -> HTMLResponse:
    """The same for people; it loads itself anew, often while a training runs."""
    found = await _status(request)
    training = found.get("training")
    if training is None:
        return page("semsam-annotate", found, REFRESH)
    report = None if training["report"] is None else Link("what was new, before and after", training["report"])
    shown = {**training, "report": report, "verdict": _in_short(training["verdict"])}
    return page(
        "semsam-annotate", {**found, "training": shown}, BUSY_REFRESH if training["state"] == "running" else REFRESH
    )


@router.get("/runs/{number}/report.html")
async def report(request: Request, number: int) -> HTMLResponse:
    """The report of a training, which holds its pictures and loads nothing."""
    ours = _label_studio(request)
    found = [] if ours is None or ours.retraining is None else await run_in_threadpool(runs, ours.retraining.models)
    page_of = next((run.page for run in found if run.number == number and run.page.is_file()), None)
    if page_of is None:
        raise BadInput(f"training {number} has left no report")
    allowed = {**HEADERS, "Content-Security-Policy": HEADERS["Content-Security-Policy"] + "; img-src data:"}
    return HTMLResponse(await run_in_threadpool(page_of.read_bytes), headers=allowed)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """For Prometheus. label-studio-ml answers ``{}`` here, which Label Studio never asks for."""
    shared, ours = services(request), _label_studio(request)
    webhooks = {} if ours is None else await run_in_threadpool(_webhooks, ours)
    training = ours is not None and ours.retraining is not None and ours.retraining.running
    version = await shared.worker.version()
    prelabels = {} if ours is None else await run_in_threadpool(_prelabelling, ours)
    counts, tasks = ({k: n for k, n in told.items() if isinstance(n, int)} for told in (webhooks, prelabels))
    room = {shown: counts.pop(name) for name, shown in (("bytes", "used"), ("most_bytes", "most")) if name in counts}
    worker, reused = shared.worker, _reused(shared, ours)
    engine = (worker.waiting, worker.memory_bytes, version, worker.encodings.made, reused)
    return Response(shared.metrics.text(Readings(*engine, training, counts, room, tasks)), media_type=CONTENT_TYPE)


async def _status(request: Request) -> dict[str, Any]:
    shared, ours = services(request), _label_studio(request)
    found: dict[str, Any] = {
        "server": {"version": __version__, "seconds": round(time.monotonic() - shared.started)},
        "engine": await _engine(shared, ours),
    }
    if ours is not None and ours.hooks is not None and ours.retraining is not None:
        found["webhooks"] = await run_in_threadpool(_webhooks, ours)
        found["prelabelling"] = await run_in_threadpool(_prelabelling, ours)
        found["reconciling"] = {} if ours.background is None else dict(ours.background.reconciling.outcomes)
        found |= {"troubles": dict(ours.keeping.troubles)} if ours.keeping.troubles else {}
        found["annotations"] = await run_in_threadpool(_annotations, ours.hooks.intake.store)
        found["models"] = await run_in_threadpool(lambda: Promotions(ours.retraining.models).history())  # type: ignore[union-attr]
        found["training"] = await run_in_threadpool(_training, ours.retraining)
    return found


async def _engine(shared: Services, ours: LabelStudio | None) -> dict[str, Any]:
    worker = shared.worker
    return {
        "model": await worker.version(),
        "waiting": worker.waiting,
        "most_waiting": shared.settings.max_waiting,
        "handles": len(shared.handles),
        "embedding_bytes": worker.memory_bytes,
        "images_encoded": worker.encodings.made,
        "embeddings_reused": _reused(shared, ours),
    }


def _reused(shared: Services, ours: LabelStudio | None) -> int:
    """Of the images of Label Studio's tasks, and those that were sent again."""
    return shared.worker.encodings.reused + (0 if ours is None else ours.predictor.embeddings.reused)


def _webhooks(ours: LabelStudio) -> dict[str, Any]:
    """How many were kept, applied, wait and failed, with the last reasons for both."""
    if ours.hooks is None:
        return {}
    spool = ours.hooks.spool
    kept, counts = spool.kept(), spool.counts()
    applied = max(0, kept - counts["pending"] - counts["failed"])
    room = {"bytes": spool.bytes(), "most_bytes": spool.most_bytes}
    reasons = {"reasons": spool.failures(LAST_FAILURES), "waiting_for": spool.delays(LAST_FAILURES)}
    return {"kept": kept, "applied": applied, **counts, **room, **reasons}


def _annotations(store: AnnotationStore) -> dict[str, Any]:
    """How many are accepted, or why the store does not say: all else is the more worth knowing then."""
    try:
        return {"accepted": store.count()}
    except StoreUnavailable as error:
        return {"accepted": None, "error": str(error)}


def _prelabelling(ours: LabelStudio) -> dict[str, Any]:
    """How many tasks wait, were answered (not yet seen in Label Studio), are done, failed; and the last reasons."""
    if ours.background is None:
        return {}
    queue = ours.background.prelabelling.queue
    return {**queue.counts(), "reasons": queue.reasons(LAST_FAILURES)}


def _training(retraining: Retraining) -> dict[str, Any]:
    """Whether one runs, what comes next, how far it is, how the last one ended and what the gate said last."""
    state, last = retraining.state(), retraining.last()
    judged = last_finished(retraining.models)
    return {
        "state": state,
        "next": _next(retraining),
        "last": None if last is None else _run(last, state == "running"),
        "report": None if judged is None or not judged.page.is_file() else f"/runs/{judged.number}/report.html",
        "verdict": None if judged is None or judged.outcome is None else judged.outcome.report,
    }


def _next(retraining: Retraining) -> dict[str, Any]:
    """What the project's loop decided last, and which process runs it."""
    runner = runner_of(retraining.models)
    if runner is None:
        return {"act": "wait", "reason": "nobody runs this project's loop: people start trainings", "at": None}
    decided = {} if runner.decision is None else runner.decision.to_json()
    return {**decided, "runner": runner.who}


def _in_short(verdict: dict[str, Any] | None) -> Any:
    """What became of the new model and why, in a sentence; the figures of every measure behind it."""
    told = None if verdict is None else Verdict.read(verdict)
    if told is None:
        return verdict
    return [told.in_short, Folded("all figures, before and after", verdict)]


def _run(run: Run, running: bool) -> dict[str, Any]:
    outcome = run.outcome
    marks = ProgressReader(run.progress).new()
    told: dict[str, Any] = {"number": run.number, "started": run.started}
    if outcome is not None:
        return {**told, "ended": outcome.state, "message": outcome.message}
    if marks:
        told["step"] = {"what": marks[-1].what, "done": marks[-1].done, "of": marks[-1].total}
    return {**told, "ended": None if running else "killed"}


def _label_studio(request: Request) -> LabelStudio | None:
    return getattr(request.app.state, "label_studio", None)
