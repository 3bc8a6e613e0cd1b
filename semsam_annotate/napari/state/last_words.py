"""What a child process said last."""

from pathlib import Path


def last_words(log: Path, most: int = 300) -> str:
    """The last line of a log, without the program's name, at most so many characters; "" when there is none."""
    try:
        lines = log.read_bytes()[-4096:].decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip()]
    return said[-1].removeprefix("semsam: ")[:most] if said else ""
