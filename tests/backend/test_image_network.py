"""Where image fetches connect to, how long they may take, and what they refuse to read."""

import asyncio
import base64
import json
import threading
import time
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.connections import Connection
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.label_studio.fetch import fetch_image
from semsam_annotate.backend.label_studio.image_hosts import image_hosts
from semsam_annotate.backend.label_studio.network import Network, is_public, look_up

UPLOAD = "/data/upload/1/c3202297-img_b.png"
RESOLVER = "/tasks/7/resolve/?fileuri=czM6Ly9idWNrZXQvYS5wbmc="
TOKEN = "x" * 40
CLAIMS = base64.urlsafe_b64encode(json.dumps({"token_type": "refresh"}).encode()).decode().rstrip("=")
PERSONAL = f"head.{CLAIMS}.signature"


class Names:
    """A name server that answers each question once with the next of its answers."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def __call__(self, host, port):
        self.asked.append(host)
        return self.answers.pop(0)

    def network(self, everywhere=False):
        return Network(self, (lambda address: True) if everywhere else is_public)


def fetch(address, connection, network, **options):
    return asyncio.run(fetch_image(address, connection, 10_000_000, network=network, **options))


@contextmanager
def answering(talk):
    """A server that says what ``talk(file)`` yields to every request; its port and the requests' bytes."""
    heard = []

    class Handler(StreamRequestHandler):
        def handle(self):
            heard.append(self.request.recv(65_536))
            try:
                for piece in talk():
                    self.wfile.write(piece)
                    self.wfile.flush()
            except OSError:
                return

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], heard
        server.shutdown()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
        "64:ff9b::a00:1", "2001::1", "2002:7f00:1::", "2002:a00:1::", "2001:db8::1", "not an address", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_addresses_that_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize("name", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "0"])
def test_other_ways_to_write_this_machine_lead_to_private_addresses(name):
    connection = Connection("http://studio.test", TOKEN, (name,))
    with pytest.raises(BadInput, match=r"private address|Invalid IPv4"):
        fetch(f"http://{name}/a.png", connection, Network(look_up))


def test_a_host_with_one_private_address_is_refused_before_anything_is_sent(image_host):
    connection = Connection("http://studio.test", TOKEN, image_hosts([f"images.test:{image_host.server.server_port}"]))
    address = f"http://images.test:{image_host.server.server_port}{UPLOAD}"
    for answer in (["127.0.0.1"], ["8.8.8.8", "127.0.0.1"]):
        with pytest.raises(BadInput, match="private address"):
            fetch(address, connection, Names(answer).network())
    assert image_host.requests == []


def test_the_address_that_was_checked_is_the_one_that_is_asked(image_host):
    """DNS rebinding: a second look-up, which nobody makes, would lead elsewhere."""
    port = image_host.server.server_port
    image_host.token = None
    names = Names(["127.0.0.1"])
    found = fetch(
        f"http://images.test:{port}{UPLOAD}",
        Connection("http://studio.test", TOKEN, image_hosts([f"images.test:{port}"])),
        names.network(everywhere=True),
    )
    assert found == image_host.files[UPLOAD]
    assert names.asked == ["images.test"]
    assert [path for path, _ in image_host.requests] == [UPLOAD]


@pytest.mark.parametrize("token", [TOKEN, PERSONAL, None])
def test_no_token_goes_to_another_host(image_host, token):
    port = image_host.server.server_port
    image_host.token = None
    connection = Connection("http://studio.test", token, image_hosts([f"images.test:{port}"]))
    address = f"http://images.test:{port}{UPLOAD}"
    assert fetch(address, connection, Names(["127.0.0.1"]).network(everywhere=True)) == image_host.files[UPLOAD]
    assert image_host.requests == [(UPLOAD, None)]


def test_host_header_and_tls_keep_the_name():
    with answering(lambda: [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]) as (port, heard):
        connection = Connection("http://studio.test", TOKEN, image_hosts([f"images.test:{port}"]))
        with pytest.raises(BadInput, match=r"images\.test answers 404"):
            fetch(f"http://images.test:{port}/a.png", connection, Names(["127.0.0.1"]).network(everywhere=True))
        with pytest.raises(TryLater):
            fetch(f"https://images.test:{port}/a.png", connection, Names(["127.0.0.1"]).network(everywhere=True))
    plain, hello = heard
    assert f"host: images.test:{port}\r\n".encode() in plain.lower()
    assert b"accept-encoding: identity\r\n" in plain.lower()
    assert b"authorization" not in plain.lower()
    assert b"images.test" in hello, "the server name of the TLS hello"


def test_the_next_address_is_asked_when_one_cannot_be_reached(image_host):
    port = image_host.server.server_port
    names = Names(["127.0.0.2", "127.0.0.1"])
    connection = Connection(f"http://studio.test:{port}", TOKEN)
    assert fetch(UPLOAD, connection, names.network()) == image_host.files[UPLOAD]
    with pytest.raises(TryLater, match="cannot be reached"):
        fetch(UPLOAD, connection, Names(["127.0.0.2", "127.0.0.3"]).network())
    with pytest.raises(TryLater, match="no address"):
        fetch(UPLOAD, connection, Names([]).network())


def dripping(head):
    yield head
    while True:
        time.sleep(0.1)
        yield b"x"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-A: ", b"H"])
def test_bytes_that_drip_end_with_the_time_for_all_of_them(head):
    with answering(lambda: dripping(head)) as (port, _):
        begin = time.monotonic()
        with pytest.raises(TryLater, match=r"takes more than|cannot be reached"):
            fetch(UPLOAD, Connection(f"http://127.0.0.1:{port}", TOKEN), Network(), seconds=1.0)
        assert time.monotonic() - begin < 5


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip"])
def test_compressed_answers_are_not_unpacked(coding):
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 4\r\n\r\nbomb".encode()
    with answering(lambda: [head]) as (port, _), pytest.raises(BadInput, match="compressed"):
        fetch(UPLOAD, Connection(f"http://127.0.0.1:{port}", TOKEN), Network())


def test_a_declared_length_is_refused_before_the_body():
    def talk():
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
        time.sleep(20)

    with answering(talk) as (port, _):
        begin = time.monotonic()
        with pytest.raises(BadInput, match="larger"):
            fetch(UPLOAD, Connection(f"http://127.0.0.1:{port}", TOKEN), Network())
        assert time.monotonic() - begin < 10


def test_the_storages_of_label_studio(image_host):
    """Proxied by Label Studio itself, or at the signed address of a declared storage, without the token."""
    port = image_host.server.server_port
    for path in (RESOLVER, "/projects/2/presign/?fileuri=x", "/storage-data/uploaded/?filepath=upload/1/a.png"):
        image_host.files[path] = b"pixels"
        assert fetch(path, Connection(image_host.url, TOKEN), Network()) == b"pixels"
    storage = f"http://storage.test:{port}/bucket/a.png?X-Signature=secret"
    image_host.redirects[RESOLVER] = storage
    image_host.requests.clear()
    with pytest.raises(BadInput, match="--image-host") as refused:
        fetch(RESOLVER, Connection(image_host.url, TOKEN), Network())
    assert "secret" not in str(refused.value)
    declared = Connection(image_host.url, TOKEN, image_hosts([f"storage.test:{port}"]))
    names = Names(["127.0.0.1"], ["127.0.0.1"])
    with pytest.raises(BadInput, match="private address"):
        fetch(RESOLVER, declared, names.network())


def test_a_signed_address_gets_no_token_and_leads_no_further(image_host):
    port = image_host.server.server_port
    declared = Connection(image_host.url, TOKEN, image_hosts([f"storage.test:{port}"]))
    image_host.redirects[RESOLVER] = f"http://storage.test:{port}/bucket/a.png?X-Signature=secret"
    image_host.redirects["/bucket/a.png?X-Signature=secret"] = f"http://storage.test:{port}/secret"
    names = Names(["127.0.0.1"], ["127.0.0.1"])
    with pytest.raises(BadInput, match="redirects"):
        fetch(RESOLVER, declared, names.network(everywhere=True))
    assert image_host.requests == [(RESOLVER, f"Token {TOKEN}"), ("/bucket/a.png?X-Signature=secret", None)]
    for other in (
        "http://127.0.0.1:1/",
        "file:///etc/passwd",
        "//evil.test/",
        "/api/users/",
        "gopher://storage.test/",
        "",
    ):
        image_host.redirects[RESOLVER] = other
        with pytest.raises(BadInput):
            fetch(RESOLVER, declared, Names(["127.0.0.1"], ["127.0.0.1"]).network(everywhere=True))


def test_a_personal_token_is_exchanged_with_label_studio_only(image_host):
    image_host.token = "Bearer fresh"
    port = image_host.server.server_port
    names = Names(["127.0.0.1"], ["127.0.0.1"])
    assert fetch(UPLOAD, Connection(f"http://studio.test:{port}", PERSONAL), names.network())
    assert names.asked == ["studio.test", "studio.test"]
    assert "refresh" in image_host.requests[0][1]
