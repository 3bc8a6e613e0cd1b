"""Stands where label-studio-ml 2.x is: what its class does for a subclass, as far as the protocol is known."""

CACHE: dict[tuple[str, str], str] = {}


class LabelStudioMLBase:
    """Made for every request: ``project_id`` without the time that Label Studio puts behind it."""

    def __init__(self, project_id: str | None = None, label_config: str | None = None) -> None:
        self.project_id = project_id or ""
        if label_config is not None:
            self.set("label_config", label_config)
        if not self.model_version:
            self.set("model_version", "0.0.1")
        self.setup()

    def setup(self) -> None:
        """To be overridden."""

    def get(self, key: str) -> str | None:
        return CACHE.get((self.project_id, key))

    def set(self, key: str, value: str) -> None:
        CACHE[self.project_id, key] = value

    @property
    def label_config(self) -> str | None:
        return self.get("label_config")

    @property
    def model_version(self) -> str | None:
        return self.get("model_version")
