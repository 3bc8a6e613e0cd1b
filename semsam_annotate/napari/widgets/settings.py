"""The settings: where accepted masks go, and which engine proposes them."""

from collections.abc import Callable
from pathlib import Path

from magicgui.types import FileDialogMode
from magicgui.widgets import Container, FileEdit, LineEdit, Password, PushButton

from semsam_annotate.napari.engine.link import EngineChoice
from semsam_annotate.napari.files.settings import read_preferences


class SettingsForm(Container):  # type: ignore[type-arg]
    """Project folder, engine and token, and the button that opens them."""

    def __init__(self, on_open: Callable[[Path, EngineChoice], None]) -> None:
        self.project = FileEdit(mode=FileDialogMode.EXISTING_DIRECTORY, value=Path.cwd(), label="Project folder")
        self.project.tooltip = (
            "Accepted masks, names and exports are kept in this folder; it is made if it is not there"
        )
        self.engine = LineEdit(value=read_preferences().engine, label="Engine")
        self.engine.tooltip = "default: packaged weights on this computer; or a .safetensors file; or http://host:port"
        self.token = Password(value="", label="Token")
        self.token.tooltip = "Only for an engine on a server"
        self.open_button = PushButton(text="Open project")
        super().__init__(widgets=[self.project, self.engine, self.token, self.open_button])
        self.open_button.changed.connect(lambda: on_open(Path(str(self.project.value)), self.choice))

    @property
    def choice(self) -> EngineChoice:
        """The engine as entered."""
        return EngineChoice(self.engine.value.strip(), self.token.value or None)

    def show(self, project: Path, engine: EngineChoice) -> None:  # type: ignore[override]
        """Fill in what is open."""
        self.project.value, self.engine.value, self.token.value = project, engine.source, engine.token or ""
        self.open_button.text = "Change"
