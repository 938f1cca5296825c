from tests.secured import ORIGIN, Secured


def test_keys_are_listed_without_what_is_secret(secured: Secured):
    listed = secured.call("GET", "/v1/keys", secured.secret)

    kinds = [key["kind"] for key in listed.json()["keys"]]
    assert kinds[:3] == ["secret", "publishable", "signing"]
    for shown in (secured.secret, secured.publishable, secured.signing):
        assert shown not in listed.text
        assert shown.split("_", 2)[2] not in listed.text


def test_a_rotated_key_is_replaced_by_one_like_it(secured: Secured):
    identity, old = secured.make(kind="secret", name="job", scopes=["events", "events"])

    answer = secured.call("POST", f"/v1/keys/{identity}/rotate", secured.secret, json={})

    assert answer.status_code == 201
    made = answer.json()
    assert made["about"]["scopes"] == ["events"]
    assert made["about"]["replaces"] == identity
    event = {"user": "u", "item": "x", "kind": "click"}
    for key in (old, made["key"]):
        assert secured.call("POST", "/v1/events", key, json=event).status_code == 202
    ends = {k["id"]: k["expires_at"] for k in listed(secured)}
    assert ends[identity] is not None
    assert ends[made["about"]["id"]] is None


def test_a_rotation_without_overlap_ends_the_old_one_at_once(secured: Secured):
    identity, old = secured.make(kind="publishable", origins=[ORIGIN])

    secured.call("POST", f"/v1/keys/{identity}/rotate", secured.secret, json={"overlap_s": 0})

    assert secured.call("GET", "/v1/feed", old, ORIGIN).status_code == 401


def test_what_does_not_fit_is_refused_and_named(secured: Secured):
    for wanted, field in (
        ({"kind": "publishable"}, "origins"),
        ({"kind": "publishable", "origins": ["https://*.example.org"]}, "origins"),
        ({"kind": "publishable", "origins": [ORIGIN], "scopes": ["read"]}, "scopes"),
        ({"kind": "root"}, "kind"),
    ):
        answer = secured.call("POST", "/v1/keys", secured.secret, json=wanted)
        assert answer.status_code == 400, answer.text
        assert answer.json()["field"] == field
    unknown = secured.call("POST", "/v1/keys/unknown/rotate", secured.secret, json={})
    assert unknown.status_code == 404


def listed(secured: Secured) -> list[dict]:
    return secured.call("GET", "/v1/keys", secured.secret).json()["keys"]
