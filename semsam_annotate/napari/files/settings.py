"""The plugin's page in napari's settings, as one typed value; the manifest's ``configurations`` describe it."""

from contextlib import suppress
from dataclasses import fields

from napari.settings import get_plugin_settings

from semsam_annotate.napari.state.preferences import Preferences

PLUGIN, PAGE = "semsam-annotate", "annotating"
"""Names in the manifest."""


def read_preferences() -> Preferences:
    """What the person set; the defaults where the plugin is not installed as one, or a setting is of another time."""
    try:
        page = getattr(get_plugin_settings(PLUGIN), PAGE)
    except (KeyError, AttributeError):
        return Preferences()
    given = {field.name: getattr(page, field.name) for field in fields(Preferences) if hasattr(page, field.name)}
    return Preferences(**given)


def keep_guide_closed() -> None:
    """The guide does not open by itself again; nothing where the plugin is not installed as one."""
    with suppress(KeyError, AttributeError):
        getattr(get_plugin_settings(PLUGIN), PAGE).guide = False
