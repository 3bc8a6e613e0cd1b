"""Whatever comes, the answer is never a 500 and always one line."""

import copy
import json
import random
from pathlib import Path

import pytest

JUNK = [
    None, True, -1, 0, 10**400, 1.5, float("nan"), "", "x" * 5000, "\0", "\ud800", "../..", [], {}, [[]], {"a": {}},
    [None] * 3, "data:image/png;base64,AAAA", "http://127.0.0.1:1/", "<View/>", [0, 1, 2], {"result": []}, -0.0,
]  # fmt: skip
PATHS = ["/predict", "/setup", "/webhook", "/v1/encode", "/v1/propose", "/v1/propose_many", "/v1/auto", "/v1/resolve"]


def places(value, path=()):
    """Every path inside a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value[:20]) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def spoiled(body, chance: random.Random):
    """A copy with one to three places replaced by junk or left out."""
    body = copy.deepcopy(body)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(list(places(body)))
        if not path:
            return copy.deepcopy(chance.choice(JUNK))
        target = body
        for key in path[:-1]:
            target = target[key]
        if isinstance(target, dict) and chance.random() < 0.3:
            del target[path[-1]]
        else:
            target[path[-1]] = copy.deepcopy(chance.choice(JUNK))
    return body


def attack(client, captures, count, seed):
    chance = random.Random(seed)
    bodies = [json.loads(c["request"]["body_raw"]) for _, c in sorted(captures.items()) if c["request"]["body_raw"]]
    bodies = [body for body in bodies if body.get("action") != "START_TRAINING"]
    bodies.append(
        {"embedding": "x", "prompt": {"points": [[1, 2]], "labels": [1], "box": None}, "vocabulary": {"objects": []}}
    )
    for number in range(count):
        body = spoiled(chance.choice(bodies), chance)
        if isinstance(body, dict) and body.get("action") == "START_TRAINING":
            continue
        content = json.dumps(body).encode()
        if chance.random() < 0.1:
            content = content[: chance.randrange(len(content) + 1)] + chance.randbytes(4)
        answer = client.post(chance.choice(PATHS), content=content)
        assert answer.status_code < 500, (number, answer.status_code, answer.text, content[:2000])
        if answer.status_code >= 400:
            assert set(answer.json()) == {"error"}


def test_300_random_requests(label_studio, captures):
    attack(label_studio, captures, 300, seed=1)


@pytest.mark.stress
def test_10_000_random_requests(label_studio, captures):
    attack(label_studio, captures, 2000, seed=2)  # what is kept for good has been made by then
    before = megabytes()
    for seed in range(3, 7):
        attack(label_studio, captures, 2000, seed)
    assert megabytes() < before + 150


def megabytes():
    """Memory that this process holds."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
