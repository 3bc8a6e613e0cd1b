"""What an image is called in an export, whatever its address says."""

import pytest

from semsam_annotate.backend.label_studio.admin.image_names import file_name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/data/upload/1/9e0c-img a.png", "9e0c-img a.png"),
        ("/data/local-files/?d=sets/a%20b/c.png", "sets/a b/c.png"),
        ("/data/local-files/?d=../../etc/passwd", "etc/passwd"),
        ("https://h/%2e%2e/%2e%2e/x.png?token=1", "x.png"),
        ("s3://bucket/C:\\x\\y.png", "C_/x/y.png"),
        ("data:image/png;base64,AAAA", "task-5.png"),
        ("/", "task-5"),
        ("/data/upload/1/a%00b%0a.png", "a_b_.png"),
    ],
)
def test_names_lead_nowhere_else(address, name):
    assert file_name(address, 5) == name
