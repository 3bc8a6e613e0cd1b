"""The options of ``semsam serve``."""

from pathlib import Path
from typing import Annotated

import typer

ProjectOption = Annotated[
    Path | None,
    typer.Option(help="Project: annotations land here, its model serves; made if need be. Else that of this folder."),
]
HostOption = Annotated[str, typer.Option(help="Address to listen on; 127.0.0.1 is this machine only.")]
PortOption = Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")]
TokenOption = Annotated[str | None, typer.Option(help="Token of callers; made and shown when left out.")]
TokenEnvOption = Annotated[str | None, typer.Option(help="Environment variable that holds the token.")]
BasicAuthOption = Annotated[str | None, typer.Option(help="USER:PASSWORD for HTTP basic auth.")]
BasicAuthEnvOption = Annotated[
    str | None, typer.Option(help="Environment variable that holds USER:PASSWORD, which no process list shows.")
]
ShowSecretsOption = Annotated[bool, typer.Option("--show-secrets", help="Show kept secrets again, not once only.")]
WeightsOption = Annotated[str | None, typer.Option(help="default, a .safetensors file or project:DIR.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
PrecisionOption = Annotated[str, typer.Option(help="fp32, or bf16: faster with AMX, AVX512-BF16, a GPU.")]
EngineOnlyOption = Annotated[bool, typer.Option("--engine-only", help="Only the engine, nothing of Label Studio.")]
LabelStudioUrlOption = Annotated[str | None, typer.Option(help="Address of Label Studio, for its images.")]
LabelStudioTokenEnvOption = Annotated[
    str | None, typer.Option(help="Environment variable that holds Label Studio's token.")
]
ImageHostOption = Annotated[
    list[str] | None, typer.Option(help="HOST or HOST:PORT that images may come from too; may be repeated.")
]
PrefetchOption = Annotated[bool, typer.Option(help="Encode the next task's image ahead of its first click.")]
RetrainAfterOption = Annotated[
    int | None, typer.Option(min=0, help="Train after so many newly accepted masks, 0 never; else project.toml's.")
]
RequestsPerSecondOption = Annotated[
    float, typer.Option(min=0, help="What one client may ask for on average; 0: as much as it likes.")
]
WebhookMegabytesOption = Annotated[
    int, typer.Option(min=1, help="That kept webhooks may take on the disk; more are refused.")
]
StopSecondsOption = Annotated[int, typer.Option(min=0, help="What runs may take so long to end after SIGTERM.")]
LogLevelOption = Annotated[str, typer.Option(help="debug, info, warning or error: JSON lines on standard error.")]
ExitWithParentOption = Annotated[bool, typer.Option("--exit-with-parent", hidden=True)]
