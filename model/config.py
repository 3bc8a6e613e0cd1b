"""Configuration of the network: dataclasses, checked where they are made, stored beside the weights as JSON.

One set of classes serves every size: the published Swin models and the packaged one are values of ``ModelConfig``.
"""

from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, get_type_hints

from semsam_annotate.api import BadInput


@dataclass(frozen=True)
class SwinConfig:
    """Swin transformer (paper section 4; Swin-T by default)."""

    embed_dim: int = 96
    depths: tuple[int, ...] = (2, 2, 6, 2)
    heads: tuple[int, ...] = (3, 6, 12, 24)
    window: int = 7
    drop_path: float = 0.3


@dataclass(frozen=True)
class ConvEncoderConfig:
    """Residual convolutional encoder: a light stand-in for Swin with the same four strides 4, 8, 16, 32."""

    stem: int = 32
    widths: tuple[int, ...] = (64, 128, 192, 192)
    blocks: tuple[int, ...] = (2, 3, 3, 2)


@dataclass(frozen=True)
class PixelDecoderConfig:
    """Multi-scale deformable encoder over strides 8 to 64, then mask features at stride 4."""

    dim: int = 256
    layers: int = 6
    heads: int = 8
    points: int = 4
    ffn: int = 2048
    levels: int = 4


@dataclass(frozen=True)
class MaskDecoderConfig:
    """Prompted decoder with one query per granularity."""

    layers: int = 9
    heads: int = 8
    points: int = 4
    ffn: int = 2048
    granularities: int = 6
    text_dim: int = 512
    scores: int = 1
    """1: IoU with the matched mask. 2: also IoU with the mask that was clicked, which ranks the ladder."""
    prompt_tokens: bool = False
    """Extra points, box corners and a previous mask join the self-attention and shape the masks around the click."""
    part_head: bool = False
    """Predict whether a mask is a part rather than an object."""
    generic_queries: int = 0
    """Learned queries that find everything of a vocabulary without a prompt; 0 leaves that branch out."""


@dataclass(frozen=True)
class TextConfig:
    """Sub-word text tower: hashed character n-grams, averaged, then an MLP."""

    buckets: int = 4096
    width: int = 64
    hidden: int = 128


@dataclass(frozen=True)
class ClipTextConfig:
    """CLIP's text transformer on byte pairs, as the published code has it (no trained weights of it were released)."""

    tokens: int = 49408
    width: int = 512
    layers: int = 12
    heads: int = 8
    context: int = 18
    """Tokens that are read; the rest of a longer sentence is cut."""


@dataclass(frozen=True)
class RankerConfig:
    """What ranks a ladder, fitted when the network has been trained (``semsam_annotate.training.ranking``)."""

    hidden: int = 16
    scales: tuple[tuple[int, int], ...] = ((80, 40), (220, 110), (560, 280), (1400, 840))
    """(scale, smallest region in pixels of the network's input) of the regions that are rungs too, finest first."""
    fine: tuple[int, int] = (28, 17)
    """The same of the small regions that masks are drawn towards."""


@dataclass(frozen=True)
class InputConfig:
    """What the image becomes before the network sees it."""

    side: int = 640
    resize: Literal["shorter", "longer"] = "shorter"
    """Which side becomes ``side`` pixels; the aspect is kept."""
    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    std: tuple[float, float, float] = (58.395, 57.12, 57.375)
    point_size: float = 0.005
    """Width and height, relative to the image, of the box that stands for a click."""
    mask_padding: bool = False
    """Hide from attention what lies beyond the image; published networks read their padding as if it were picture."""


@dataclass(frozen=True)
class ModelConfig:
    """Everything that fixes the network's shapes and its input."""

    name: str = "swin-t"
    encoder: Literal["swin", "conv"] = "swin"
    swin: SwinConfig = field(default_factory=SwinConfig)
    conv: ConvEncoderConfig = field(default_factory=ConvEncoderConfig)
    pixel_decoder: PixelDecoderConfig = field(default_factory=PixelDecoderConfig)
    mask_decoder: MaskDecoderConfig = field(default_factory=MaskDecoderConfig)
    text: TextConfig | None = None
    clip_text: ClipTextConfig | None = None
    """Instead of ``text``; the class heads are trained with one tower and understand no other."""
    input: InputConfig = field(default_factory=InputConfig)
    ranker: RankerConfig | None = None
    """None: the last score of each token ranks the ladder, and the tokens alone are its rungs."""

    def __post_init__(self) -> None:
        dim = self.pixel_decoder.dim
        for name, heads in (("pixel_decoder", self.pixel_decoder.heads), ("mask_decoder", self.mask_decoder.heads)):
            if dim % heads or dim % 32:
                raise BadInput(f"{name}: dim {dim} must be a multiple of 32 and of its {heads} heads")
        if not 1 <= self.mask_decoder.granularities <= 6:
            raise BadInput("mask_decoder: granularities is 1 to 6")
        if not 0 <= self.mask_decoder.generic_queries <= 4096:
            raise BadInput("mask_decoder: generic_queries is 0 (no generic branch) to 4096")
        if self.text is not None and self.clip_text is not None:
            raise BadInput("text and clip_text: the class heads belong to one text tower, so only one can be set")
        if self.clip_text is not None and (self.clip_text.width % self.clip_text.heads or self.clip_text.context < 2):
            raise BadInput("clip_text: width is a multiple of heads, and context at least 2")
        if self.encoder not in ("swin", "conv"):
            raise BadInput(f"encoder is 'swin' or 'conv', not {self.encoder!r}")

    @property
    def encoder_widths(self) -> tuple[int, ...]:
        """Channels of the features at strides 4, 8, 16, 32."""
        if self.encoder == "conv":
            return self.conv.widths
        return tuple(self.swin.embed_dim * 2**stage for stage in range(4))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "ModelConfig":
        """Back from ``to_json``; BadInput names an unknown key."""
        built: ModelConfig = _build(cls, value)
        return built


def _build(kind: Any, value: Any) -> Any:
    """Build a dataclass from plain values, nested ones too, tuples from lists."""
    make: Any = kind
    if not is_dataclass(kind):
        return tuple(_build(None, item) for item in value) if isinstance(value, list) else value
    known = {item.name for item in fields(kind)}
    unknown = sorted(set(value) - known)
    if unknown:
        raise BadInput(f"unknown key {unknown[0]!r} in the model configuration, known are {', '.join(sorted(known))}")
    hints = get_type_hints(kind)
    return make(**{name: _build(_dataclass_of(hints[name]), item) for name, item in value.items() if item is not None})


def _dataclass_of(hint: Any) -> Any:
    """The dataclass in an optional hint, else the hint."""
    return next((part for part in getattr(hint, "__args__", ()) if is_dataclass(part)), hint)


def swin_tiny() -> ModelConfig:
    """The published Swin-T model."""
    return ModelConfig()


def swin_large() -> ModelConfig:
    """The published Swin-L model."""
    return ModelConfig(name="swin-l", swin=SwinConfig(192, (2, 2, 18, 2), (6, 12, 24, 48), 12))


def swin_large_sam() -> ModelConfig:
    """The published reproduction of SAM: Swin-L with three tokens, trained many to one."""
    return replace(swin_large(), name="swin-l-sam", mask_decoder=MaskDecoderConfig(granularities=3))


def semsam_tiny() -> ModelConfig:
    """The packaged model: a light image encoder and fewer, narrower layers."""
    return ModelConfig(
        name="semsam-tiny",
        encoder="conv",
        pixel_decoder=PixelDecoderConfig(dim=128, layers=1, heads=4, points=2, ffn=512),
        mask_decoder=MaskDecoderConfig(
            layers=3, heads=4, points=4, ffn=512, text_dim=128, scores=2, prompt_tokens=True, part_head=True
        ),
        text=TextConfig(),
        input=InputConfig(side=384, resize="longer", point_size=0.1),
    )
