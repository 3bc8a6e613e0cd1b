"""Setting Label Studio up, on recorded exchanges: once makes everything, twice nothing, changes only what changed."""

from dataclasses import replace

import pytest

from semsam_annotate.annotations import ObjectClass, PartClass, ProjectConfig
from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi
from semsam_annotate.backend.label_studio.admin.labelling import labelling_config
from semsam_annotate.backend.label_studio.admin.setting_up import Wanted, set_up

TOKEN = "x" * 40
CAR = ProjectConfig(objects=(ObjectClass("car"),), parts=(PartClass("wheel", objects=("car",)),))
MORE = ProjectConfig(objects=(ObjectClass("car"), ObjectClass("dog")), parts=CAR.parts)


def wanted(serving, title, **changes):
    made = Wanted(title, labelling_config(CAR), serving, "semsam", "a-token-for-tests")
    return replace(made, **changes)


def did(steps):
    return [step.did for step in steps]


def changes(studio):
    return [(request["method"], request["path"]) for request in studio.asked if request["method"] != "GET"]


def test_once_and_again(studio, serving):
    with LabelStudioApi(studio.url, TOKEN) as api:
        made, steps = set_up(api, wanted(serving, "once"))
        assert did(steps) == ["made", "unchanged", "made", "unchanged"], "Label Studio makes the webhook itself"
        before = len(studio.asked)
        again, steps = set_up(api, wanted(serving, "once"))
    assert (again, did(steps)) == (made, ["unchanged"] * 4)
    assert all(request["method"] == "GET" for request in studio.asked[before:])
    assert set(studio.authorizations) == {f"Token {TOKEN}"}
    assert "a-secret" not in " ".join(step.line() for step in steps)


def test_a_personal_access_token(studio, serving, personal_token):
    with LabelStudioApi(studio.url, personal_token) as api:
        assert api.kind == "refresh"
        assert did(set_up(api, wanted(serving, "personal"))[1]) == ["made", "unchanged", "made", "unchanged"]
    first, *others = studio.asked
    assert (first["path"], studio.authorizations[0]) == ("/api/token/refresh/", None)
    assert not [request for request in others if request["path"].startswith("/api/token")], "one exchange is enough"
    assert all(header.startswith("Bearer ") for header in studio.authorizations[1:])
    assert personal_token not in " ".join(studio.authorizations[1:])


def test_new_names(studio, serving):
    with LabelStudioApi(studio.url, TOKEN) as api:
        set_up(api, wanted(serving, "names"))
        number, steps = set_up(api, wanted(serving, "names", config=labelling_config(MORE)))
        assert did(steps) == ["unchanged", "changed", "unchanged", "unchanged"]
        assert 'value="dog"' in api.get(f"/api/projects/{number}/")["label_config"]
    assert changes(studio)[-1] == ("PATCH", f"/api/projects/{number}/")


def test_a_config_changed_by_hand_is_left(studio, serving):
    by_hand = labelling_config(CAR).replace('value="car:wheel"', 'value="car:hub"')
    with LabelStudioApi(studio.url, TOKEN) as api:
        number, _ = set_up(api, wanted(serving, "by hand"))
        api.patch(f"/api/projects/{number}/", {"label_config": by_hand})
        _, steps = set_up(api, wanted(serving, "by hand"))
        assert did(steps) == ["unchanged", "left", "unchanged", "unchanged"]
        assert "--replace-config" in steps[1].detail
        _, steps = set_up(api, wanted(serving, "by hand", replace_config=True))
        assert did(steps) == ["unchanged", "changed", "unchanged", "unchanged"]


def test_a_backend_that_moved(studio, serving):
    moved = serving.replace("127.0.0.1", "localhost")
    with LabelStudioApi(studio.url, TOKEN) as api:
        number, _ = set_up(api, wanted(serving, "moved"))
        _, steps = set_up(api, wanted(moved, "moved"))
        assert did(steps) == ["unchanged", "unchanged", "changed", "made"]
        assert [row["url"] for row in api.get("/api/ml", {"project": number})] == [moved]
        assert [row["url"] for row in api.get("/api/webhooks/", {"project": number})] == [f"{moved}webhook"]


def test_what_goes_wrong_is_one_line(studio, serving):
    with LabelStudioApi(studio.url, TOKEN) as api:
        with pytest.raises(BadInput, match="refuses the password"):
            set_up(api, wanted(serving, "wrong", password="another"))
        away = serving.replace("9090", "9")
        with pytest.raises(BadInput, match="semsam serve") as unreachable:
            set_up(api, wanted(away, "wrong"))
        assert "a-secret" not in str(unreachable.value)
        assert api.get("/api/ml", {"project": api.get("/api/projects", {"title": "wrong"})["results"][0]["id"]}) == []
        api.post("/api/projects", {"title": "wrong"})
        with pytest.raises(BadInput, match="--ls-project"):
            set_up(api, wanted(serving, "wrong"))
        with pytest.raises(BadInput, match="404"):
            set_up(api, wanted(serving, "wrong", project=999999))
    with LabelStudioApi(studio.url, "y" * 40) as api, pytest.raises(BadInput, match="refuses the token"):
        set_up(api, wanted(serving, "wrong"))
