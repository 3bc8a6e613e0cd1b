"""One annotated image in every published layout: an object, a part of it, both known to the pixel."""

import base64
import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from semsam_annotate.api import encode_rle

HEIGHT, WIDTH = 40, 60


def rectangle(y0, y1, x0, x1):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y0:y1, x0:x1] = True
    return mask


WHOLE, PIECE = rectangle(5, 35, 5, 55), rectangle(10, 20, 10, 20)


def box(mask):
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1]


def polygon(mask):
    x, y, across, down = box(mask)
    return [[x, y, x + across, y, x + across, y + down, x, y + down]]


def row(id, mask, category, **more):
    segmentation = more.pop("segmentation", encode_rle(mask))
    return {
        "id": id,
        "image_id": 3,
        "category_id": category,
        "segmentation": segmentation,
        "bbox": box(mask),
        "area": int(mask.sum()),
        "iscrowd": 0,
        **more,
    }


def photo(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def content(rows, categories, image="a.jpg", **more):
    return {
        "images": [{"id": 3, "file_name": image, "width": WIDTH, "height": HEIGHT, **more}],
        "annotations": rows,
        "categories": categories,
    }


def coco():
    return content(
        [row(1, WHOLE, 1), row(2, PIECE, 2, part_of=1)],
        [{"id": 1, "name": "dog", "kind": "object"}, {"id": 2, "name": "dog/ear", "kind": "part"}],
    )


def paco():
    rows = [row(1, WHOLE, 1, obj_ann_id=1), row(2, PIECE, 2138, obj_ann_id=1)]
    named = [(1, "dog", "OBJECT"), (9, "sofa", "OBJECT"), (10, "mug_(cup)", "OBJECT"), (2138, "dog:ear", "PART")]
    known = {"neg_category_ids": [9], "not_exhaustive_category_ids": []}
    categories = [{"id": id, "name": name, "supercategory": kind} for id, name, kind in named]
    return content(rows, categories, **known) | {"part_categories": [{"id": 0, "name": "ear"}]}


def lvis():
    rows = [row(1, WHOLE, 12, segmentation=polygon(WHOLE)), row(2, PIECE, 7, segmentation=polygon(PIECE))]
    for one in rows:
        del one["iscrowd"]
    known = {"neg_category_ids": [1], "not_exhaustive_category_ids": [7]}
    named = [(1, "car_(automobile)"), (7, "bow"), (9, "cup"), (12, "apron")]
    file = content(rows, [{"id": id, "name": name, "frequency": "f"} for id, name in named], **known)
    file["images"][0] |= {"coco_url": "http://x/val2017/a.jpg"}
    del file["images"][0]["file_name"]
    return file


def objects365():
    rows = [row(1, WHOLE, 1, isfake=0, isreflected=0), row(2, PIECE, 2, isfake=0, isreflected=0, iscrowd=1)]
    for one in rows:
        del one["segmentation"]
    named = [(1, "Person"), (2, "Flower"), (3, "Moniter/TV")]
    return content(rows, [{"id": id, "name": name} for id, name in named], "v1/patch0/a.jpg")


def partimagenet():
    short = [[1, 1, 2, 2], *polygon(PIECE)]
    other = rectangle(30, 36, 30, 50)
    rows = [row(0, PIECE, 0, segmentation=short), row(1, other, 12)]
    named = [(0, "Car Body", "Car"), (12, "Car Tier", "Car")]
    categories = [{"id": id, "name": name, "supercategory": kind} for id, name, kind in named]
    return content(rows, categories, "n02814533_3.JPEG")


def vlpart():
    rows = [row(0, PIECE, 1)]
    return content(rows, [{"id": 1, "name": "aeroplane:body"}, {"id": 2, "name": "aeroplane:wing"}], "2008_000002.jpg")


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def panoptic(folder):
    """The part stands for stuff that lies before the thing; a crowd in a corner."""
    colours = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for mask, colour in ((WHOLE, (1, 2, 3)), (PIECE, (7, 0, 0)), (rectangle(0, 3, 0, 3), (9, 0, 0))):
        colours[mask] = colour
    (folder / "panoptic_val2017").mkdir()
    Image.fromarray(colours).save(folder / "panoptic_val2017" / "a.png")
    ids = [(1 + 2 * 256 + 3 * 65536, 18, 0), (7, 199, 0), (9, 20, 1)]
    segments = [{"id": id, "category_id": category, "iscrowd": crowd} for id, category, crowd in ids]
    annotation = {"image_id": 3, "file_name": "a.png", "segments_info": segments}
    names = [(18, "dog", 1), (199, "wall-other-merged", 0), (20, "sheep", 1), (21, "door, double door", 1)]
    categories = [{"id": id, "name": name, "isthing": thing} for id, name, thing in names]
    photo(folder / "val2017" / "a.jpg")
    return write(folder / "panoptic_val2017.json", content([annotation], categories))


def sa1b(folder):
    image = {"image_id": 1, "width": WIDTH, "height": HEIGHT, "file_name": "sa_1.jpg"}
    rows = [{"id": 5 + n, "segmentation": encode_rle(mask)} for n, mask in enumerate((WHOLE, PIECE))]
    photo(folder / "sa_1.jpg")
    write(folder / "sa_1.json", {"image": image, "annotations": rows})
    return folder


def sa1b_tar(folder):
    inside = sa1b(folder / "unpacked")
    with tarfile.open(folder / "sa_000000.tar", "w") as tar:
        for name in ("sa_1.jpg", "sa_1.json"):
            tar.add(inside / name, f"./{name}")
        link = tarfile.TarInfo("./sa_2.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return folder / "sa_000000.tar"


def labelme(folder):
    x, y, across, down = box(WHOLE)
    corners = [[x, y], [x + across, y + down]]
    png = io.BytesIO()
    Image.fromarray(np.full((10, 10), 255, np.uint8)).save(png, "PNG")
    mask = {"label": "ear", "points": [[10, 10], [19, 19]], "shape_type": "mask", "group_id": 4}
    shapes = [
        {"label": "dog", "points": corners, "shape_type": "rectangle", "group_id": 4},
        mask | {"mask": base64.b64encode(png.getvalue()).decode()},
        {"label": "spot", "points": [[3, 3]], "shape_type": "point", "group_id": None},
    ]
    photo(folder / "a.jpg")
    size = {"imageHeight": HEIGHT, "imageWidth": WIDTH, "imageData": None}
    write(folder / "a.json", {"version": "5.8.1", "shapes": shapes, "imagePath": "a.jpg", **size})
    return folder


def pascal_mat(folder):
    part = {"part_name": "lfpa_1", "mask": PIECE.astype(np.uint8)}
    whole = {"class": "dog", "class_ind": 12, "bbox": box(WHOLE), "mask": WHOLE.astype(np.uint8), "parts": [part]}
    photo(folder / "JPEGImages" / "2008_000002.jpg")
    (folder / "Annotations_Part").mkdir()
    anno = {"imname": "2008_000002", "objects": [whole]}
    savemat(folder / "Annotations_Part" / "2008_000002.mat", {"anno": anno})
    return folder / "Annotations_Part"


FILES = {
    "coco": (coco, "a.jpg"),
    "paco": (paco, "a.jpg"),
    "lvis": (lvis, "val2017/a.jpg"),
    "objects365": (objects365, "images/patch0/a.jpg"),
    "partimagenet": (partimagenet, "train/n02814533/n02814533_3.JPEG"),
    "vlpart": (vlpart, "JPEGImages/2008_000002.jpg"),
}
FOLDERS = {
    "panoptic": panoptic,
    "sa1b": sa1b,
    "sa1b_tar": sa1b_tar,
    "labelme": labelme,
    "pascal_mat": pascal_mat,
}


@pytest.fixture
def layout(tmp_path):
    """Writes the image and its annotation in a layout; gives the path to open. ``change`` alters a file's content."""

    def make(name, change=None):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        if name in FOLDERS:
            return FOLDERS[name](folder)
        make_content, image = FILES[name]
        given = make_content()
        if change is not None:
            change(given)
        photo(folder / image)
        return write(folder / "annotations" / f"{name}.json", given)

    return make


@pytest.fixture
def masks():
    """(object, part) as (H, W) bool."""
    return WHOLE, PIECE
