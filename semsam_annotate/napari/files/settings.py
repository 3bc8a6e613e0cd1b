"""The plugin's page in napari's settings, as one typed value; the manifest's ``configurations`` describe it."""

from dataclasses import fields
from typing import Any

from semsam_annotate.napari.state.preferences import Preferences

PLUGIN, PAGE = "semsam-annotate", "annotating"
"""Names in the manifest."""


def read_preferences() -> Preferences:
    """What the person set; the defaults where there is no such page, or a setting is of another time."""
    page = _page()
    given = {field.name: getattr(page, field.name) for field in fields(Preferences) if hasattr(page, field.name)}
    return Preferences(**given)


def keep_guide_closed() -> None:
    """The guide does not open by itself again; nothing where the plugin has no page."""
    page = _page()
    if page is not None:
        page.guide = False


def _page() -> Any:
    """None where the plugin is not installed as one, and in napari 0.8, which has no pages of plugins."""
    try:
        from napari.settings import get_plugin_settings

        return getattr(get_plugin_settings(PLUGIN), PAGE)
    except (ImportError, KeyError, AttributeError):
        return None
