"""Which hosts images may come from: Label Studio's own, and those that the operator declared."""

import pytest

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.connections import Connection, Connections
from semsam_annotate.backend.label_studio.image_address import of_task, resolve
from semsam_annotate.backend.label_studio.image_hosts import image_hosts

TOKEN = "x" * 40


def test_objects_of_cloud_storages_are_asked_of_label_studio():
    address = of_task("s3://bucket/a b.png", 7)
    found = resolve(address, Connection("http://h:1/sub", TOKEN))
    assert (found.url.path, found.signs, found.own) == ("/sub/tasks/7/resolve/", True, True)
    for address, task in (("s3://bucket/a.png", None), ("s3://bucket/a.png", True), ("/data/upload/1/a.png", 7)):
        assert of_task(address, task) == address


@pytest.mark.parametrize("host", ["", "a/b", "http://a", "user@a", "*.a", "a:b", "127.0.0.1", "10.0.0.1:80", "[::1]"])
def test_hosts_that_cannot_be_declared(host):
    with pytest.raises(BadInput, match="--image-host"):
        image_hosts([host])


def test_declared_hosts_are_exact():
    hosts = image_hosts(["Images.test", "other.test:8443", "images.test"])
    assert hosts == ("images.test", "other.test:8443")
    connection = Connections("http://studio.test", TOKEN, hosts).of("1")
    for address in ("https://images.test/a", "http://IMAGES.test:80/a", "https://other.test:8443/a"):
        assert resolve(address, connection).token is None
    for address in (
        "https://images.test:8443/a", "http://other.test/a", "https://a.images.test/a", "https://images.test.evil.test/a",
        "https://u:p@images.test/a", "ftp://images.test/a", "https://images.test./a", "https:///a",
    ):  # fmt: skip
        with pytest.raises(BadInput):
            resolve(address, connection)


def test_a_token_without_its_host_is_refused():
    with pytest.raises(BadInput, match="--label-studio-url"):
        Connections(None, TOKEN)
