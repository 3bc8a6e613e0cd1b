"""A napari window with the dock open on a project."""

import gc
from collections.abc import Sequence
from pathlib import Path

import napari

from semsam_annotate.napari.canvas.shortcuts import register
from semsam_annotate.napari.engine.link import EngineChoice
from semsam_annotate.napari.engine.request import EngineLink
from semsam_annotate.napari.widgets.dock import AnnotationDock


def open_window(
    images: Sequence[Path], project: Path, engine: EngineChoice, show: bool = True, link: EngineLink | None = None
) -> tuple[napari.Viewer, AnnotationDock]:
    """Open a viewer with the dock on ``project`` and the first image.

    BadInput as ``AnnotationDock.open_project`` raises it. ``link``: of an engine that starts already.
    """
    register()
    viewer = napari.Viewer(title="semsam annotate", show=show)
    try:
        dock = AnnotationDock(viewer)
        viewer.window.add_dock_widget(dock, name="Annotate objects and parts", area="right")
        dock.open_project(project, engine, images, link)
    except BaseException:
        viewer.close()
        raise
    return viewer, dock


def run_window(images: Sequence[Path], project: Path, engine: EngineChoice, link: EngineLink | None = None) -> None:
    """Open the window and stay until it is closed."""
    _, dock = open_window(images, project, engine, link=link)
    spare_collections()
    try:
        napari.run()
    finally:
        dock.shut_down()


def spare_collections() -> None:
    """Leave out of later garbage collections what is there to stay: napari alone makes one of 0.2 s of standstill."""
    gc.freeze()
