"""Progress bars of commands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, fed with (done, total); none where no terminal shows it."""
    with _shown(passing=True) as shown:
        task = shown.add_task(title, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


@contextmanager
def bars(passing: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each thing that is done, fed with (what, done, total); they stay, in a file too, if not ``passing``."""
    tasks: dict[str, TaskID] = {}
    with _shown(passing) as shown:

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=total)
            shown.update(tasks[what], completed=done, total=total)

        yield show


def _shown(passing: bool) -> "Progress":
    """``passing``: gone when it is done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=passing, disable=passing and not console.is_terminal)
