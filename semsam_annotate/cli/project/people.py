"""``semsam project review|agreement|conflicts|authors|history``."""

from os.path import abspath
from pathlib import Path
from typing import Annotated

import typer

from semsam_annotate.api import BadInput
from semsam_annotate.cli.bars import bar
from semsam_annotate.cli.project.options import JsonOption, MeOption, ProjectOption, answer, me, table

LISTED = 100
"""Masks that a person is shown."""


def review(
    masks: Annotated[list[str] | None, typer.Argument(help="Ids of masks to judge; none: list masks.")] = None,
    say: Annotated[str | None, typer.Option("--set", help="approved, or changes-requested.")] = None,
    comment: Annotated[str | None, typer.Option(help="What is to be changed, or why it is well.")] = None,
    state: Annotated[
        str | None, typer.Option(help="List only: new (not looked at yet), approved, changes-requested.")
    ] = None,
    author: Annotated[str | None, typer.Option(help="List only masks of this author.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="List at most so many; 100 when left out, with --json all.")
    ] = None,
    user: MeOption = None,
    project: ProjectOption = Path(),
    json: JsonOption = False,
) -> None:
    """List masks with what was said of them, or say it: semsam project review ID --set approved."""
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.people.reviews import reviewed, set_reviews
    from semsam_annotate.annotations.record import NEW
    from semsam_annotate.annotations.reviewing import STATES

    if bool(masks) != (say is not None) or (comment is not None and not masks):
        raise BadInput("to judge masks give their ids and --set approved or --set changes-requested; to list, neither")
    if masks and (state, author, limit) != (None, None, None):
        raise BadInput("--state, --author and --limit are for lists: to judge masks give their ids alone")
    wanted = None if state is None else state.replace("-", " ")
    if wanted not in (None, NEW, *STATES):
        raise BadInput(f"a state is new, approved or changes-requested, not {state!r}")
    with Project.open(project) as opened:
        if masks and say is not None:
            set_reviews(opened.store, masks, say.replace("-", " "), me(user), comment)
            judged = list(dict.fromkeys(masks))
            answer(json, {"set": say, "masks": judged}, [f"{say}: {len(judged)} masks"])
            return
        most = limit or (None if json else LISTED)
        found = reviewed(opened.store, wanted, author, None if most is None else most + 1)
    cut = most is not None and len(found) > most
    found = found[:most]
    rows = [(one.id, one.image, one.name, one.author, one.state or NEW, one.reviewer, one.comment) for one in found]
    head = ("mask", "image", "name", "author", "state", "reviewer", "comment")
    more = [f"there are more than these {most}: --limit lists as many as you say"] if cut else []
    answer(json, [one.to_json() for one in found], [*table(head, rows), *more])


def agreement(project: ProjectOption = Path(), json: JsonOption = False) -> None:
    """How far people agree who annotated the same images: outlines (IoU) by name, names (Cohen's kappa), by pairs."""
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.people.agreement import agreement as compare

    with Project.open(project) as opened, bar("images") as show:
        found = compare(opened.store, show)
    lines = ["no image has accepted masks of two people"] if not found else []
    for pair in found:
        lines.append(f"{pair.first} and {pair.second}, {pair.images} images:")
        total = ("all", pair.same_name, pair.both - pair.same_name, pair.iou, pair.only_first, pair.only_second)
        rows = [
            (name, one.both, one.other_name, one.iou, one.only_first, one.only_second)
            for name, one in pair.names.items()
        ]
        head = ("name", "both", "other name", "IoU", f"only {pair.first}", f"only {pair.second}")
        lines += [f"  {line}" for line in table(head, [*rows, total])]
        known = "–" if pair.kappa is None else f"{pair.kappa:.2f}"
        lines.append(f"  the same name on {pair.same_name} of {pair.both}, kappa {known}")
    answer(json, [pair.to_json() for pair in found], lines)


def conflicts(
    choose: Annotated[str | None, typer.Option(help="Id of the mask that stands; the others give way to it.")] = None,
    release: Annotated[str | None, typer.Option(help="Id of a mask that gave way and is accepted again.")] = None,
    user: MeOption = None,
    project: ProjectOption = Path(),
    json: JsonOption = False,
) -> None:
    """List where accepted masks of several people mean the same thing, or settle it: --choose ID."""
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.people import conflicts as people

    if choose is not None and release is not None:
        raise BadInput("give --choose or --release, not both")
    with Project.open(project) as opened:
        if choose is not None:
            losers = people.choose(opened.store, choose, me(user))
            answer(json, {"chosen": choose, "superseded": losers}, [f"{choose} stands for {len(losers)} other masks"])
            return
        if release is not None:
            again = people.release(opened.store, release, me(user))
            answer(json, {"released": again.id}, [f"{again.id} is accepted again"])
            return
        with bar("images") as show:
            found = [one.to_json() for one in people.conflicts(opened.store, show)]
    lines = [] if found else ["no conflicts"]
    for one in found:
        lines.append(f"{one['image']}: {one['difference']}")
        lines += [f"  {mask['id']}  {mask['name']}  {mask['author']}  {mask['time'][:16]}" for mask in one["masks"]]
    answer(json, found, lines)


def authors(project: ProjectOption = Path(), json: JsonOption = False) -> None:
    """What each author did: masks, seconds, clicks, corrections by hand, how much stayed, masks a day."""
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.people.authors import figures

    with Project.open(project) as opened:
        found = figures(opened.store)
    columns = {
        "author": "author",
        "made": "masks",
        "accepted": "accepted",
        "acceptance": "stayed",
        "parts": "parts",
        "images": "images",
        "seconds": "seconds",
        "clicks": "clicks",
        "edits": "edits",
        "approved": "approved",
        "changes_requested": "to change",
    }
    rows = [(*(getattr(one, name) for name in columns), len(one.days)) for one in found]
    head = (*columns.values(), "days")
    answer(json, [one.to_json() for one in found], table(head, rows))


def history(
    of: Annotated[
        str | None, typer.Argument(help="Id of a mask, path or sha256 of an image; none: merges, repairs, deletions.")
    ] = None,
    project: ProjectOption = Path(),
    json: JsonOption = False,
) -> None:
    """Everything that happened to a mask or an image: when, who, what."""
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.people.history import history as trail
    from semsam_annotate.annotations.record import path_from

    with Project.open(project) as opened:
        file = None if of is None else path_from(opened.folder, Path(abspath(of)))
        found = trail(opened.store, file if file in {ref.path for ref in opened.store.images()} else of)
    rows = [(one.time[:19], one.author, one.mask, one.what, one.comment) for one in found]
    answer(json, [one.to_json() for one in found], table(("time (UTC)", "who", "mask", "what", "comment"), rows))
