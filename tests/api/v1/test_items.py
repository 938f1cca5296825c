import pytest

from tests.service import Service, wait_until


def get(service: Service, path: str):
    return service.http.get(f"/v1/items/{path}")


def test_an_item_is_created_read_changed_and_deleted(service: Service):
    created = service.http.put("/v1/items/life", json={"title": "A", "topics": ["t"]})
    assert created.status_code == 201
    assert created.json()["listed_at"], "the time of arrival"

    replaced = service.http.put("/v1/items/life", json={"title": "B", "text": "long"})
    assert replaced.status_code == 200
    assert replaced.json()["topics"] == []
    assert replaced.json()["listed_at"] == created.json()["listed_at"]

    patched = service.http.patch("/v1/items/life", json={"text": None, "comments": 4})
    assert (patched.json()["title"], patched.json()["text"], patched.json()["comments"]) == (
        "B",
        "",
        4,
    )

    assert service.http.delete("/v1/items/life").status_code == 204
    assert get(service, "life").status_code == 404
    assert service.http.delete("/v1/items/life").status_code == 404
    assert service.http.patch("/v1/items/life", json={}).status_code == 404


def test_an_id_may_contain_slashes_and_whatever_else_a_path_can_carry(service: Service):
    for path, item in {
        "math.GT/0309137": "math.GT/0309137",
        "a%2Fb%2F%2Fc": "a/b//c",
        "%2Fleading": "/leading",
        "what%3F%23%25": "what?#%",
        "caf%C3%A9%20%F0%9F%92%A1": "café 💡",
    }.items():
        assert service.http.put(f"/v1/items/{path}", json={"title": "T"}).status_code == 201
        assert get(service, path).json()["id"] == item
        assert item in service.ids("/v1/new", limit=100)
        assert service.http.delete(f"/v1/items/{path}").status_code == 204


@pytest.mark.parametrize("path", ["%00", "a%0Ab", "%ff", "x" * 257])
def test_an_id_that_is_none_is_refused(service: Service, path):
    answer = service.http.put(f"/v1/items/{path}", json={"title": "T"})

    assert answer.status_code == 400
    assert answer.json()["field"] == "id"


def test_bulk_upserts_say_what_they_did(service: Service):
    items = [{"id": f"bulk-{i}", "title": f"T{i}"} for i in range(3)]
    assert service.put_all(items) == {"created": 3, "updated": 0, "unchanged": 0, "rejected": []}

    items[1] |= {"title": "other"}
    again = service.put_all([*items, {"id": "bulk-3"}, {"id": "bulk-4", "title": "T", "x": 1}])

    assert (again["created"], again["updated"], again["unchanged"]) == (0, 1, 2)
    assert [(r["index"], r["field"]) for r in again["rejected"]] == [(3, "title"), (4, "x")]


@pytest.mark.parametrize(
    ("field", "item"),
    [
        ("title", {}),
        ("title", {"title": ""}),
        ("title", {"title": 5}),
        ("url", {"title": "T", "url": "javascript:alert(1)"}),
        ("published_at", {"title": "T", "published_at": "2026-01-01"}),
        ("n_authors", {"title": "T", "n_authors": -1}),
        ("organisation.slug", {"title": "T", "organisation": {"name": "N"}}),
        ("colour", {"title": "T", "colour": "red"}),
    ],
)
def test_a_bad_item_gets_a_problem_that_names_the_field(service: Service, field, item):
    answer = service.http.put("/v1/items/bad", json=item)

    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["field"] == field, answer.text
    assert get(service, "bad").status_code == 404


def test_a_hidden_or_deleted_item_is_nowhere_and_comes_back(service: Service):
    service.put("shy", text="rare words quagga okapi")
    service.put("friend", text="rare words quagga okapi")
    service.act("fan", "upvote", "friend")
    service.act("other", "upvote", "shy")
    service.settled()

    def places() -> list[bool]:
        lists = [
            service.ids("/v1/new", limit=100),
            service.ids("/v1/trending", limit=100),
            service.ids("/v1/similar", item="friend"),
            [i["id"] for i in service.feed("fan", limit=100)["items"]],
        ]
        return ["shy" in ids for ids in lists]

    wait_until(lambda: places() == [True] * 4, "the item in every list")
    service.http.patch("/v1/items/shy", json={"hidden": True})
    assert places() == [False] * 4
    service.http.patch("/v1/items/shy", json={"hidden": False})
    assert places() == [True] * 4
    service.http.delete("/v1/items/shy")
    assert places() == [False] * 4
    assert service.http.get("/v1/similar", params={"item": "shy"}).status_code == 404


def test_no_reason_names_an_item_that_is_hidden_or_deleted(service: Service):
    service.put("confided", title="Numbat burrows", text="numbat burrows")
    service.put("spoken", title="Numbat dens", text="numbat burrows")
    service.act("confidant", "upvote", "confided")
    service.settled()

    def told() -> str:
        return str(service.feed("confidant", explain="true", limit=100)["items"])

    wait_until(lambda: "“Numbat burrows”" in told(), "a reason that names the item")
    service.http.patch("/v1/items/confided", json={"hidden": True})
    hidden = told()
    service.http.delete("/v1/items/confided")
    deleted = told()

    assert "spoken" in hidden
    assert "confided" not in hidden + deleted
    assert "“Numbat burrows”" not in hidden + deleted


def test_an_item_is_recommendable_the_moment_it_arrives(service: Service):
    service.put("liked", text="zorilla zorilla habitats of the striped polecat")
    service.act("zoologist", "upvote", "liked")

    service.put("just-in", text="the zorilla is a striped polecat of dry habitats")

    first = service.feed("zoologist", limit=5)["items"][0]
    assert first["id"] == "just-in"
    assert first["reason"]["items"] == ["liked"]


def test_a_date_is_a_date_and_never_a_number_in_quotes(service: Service):
    leap, end = "2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"
    service.http.put("/v1/items/dated", json={"title": "T"})

    for field in ("published_at", "listed_at", "expires_at"):
        for number in ("2030", "1e3", "-1", "1700000000"):
            wrong = {"title": "T", field: number}
            answers = [
                service.http.put("/v1/items/dated", json=wrong),
                service.http.patch("/v1/items/dated", json=wrong),
                service.http.post("/v1/items", json=wrong | {"id": "dated"}),
            ]
            assert [a.status_code for a in answers] == [400] * 3
            assert [a.json()["field"] for a in answers] == [field] * 3
    assert "dated" in service.ids("/v1/new", limit=100), "nothing made it end in 1970"

    put = service.http.put("/v1/items/dated", json={"title": "T", "published_at": leap})
    patched = service.http.patch("/v1/items/dated", json={"listed_at": leap})
    assert put.json()["published_at"] == patched.json()["listed_at"] == end


def test_an_item_that_cannot_be_put_together_with_what_is_stored_costs_itself(service: Service):
    full = {"id": "full", "title": "T", "aliases": [f"full-{i}" for i in range(20)]}
    service.put_all([full])
    good = [{"id": f"beside-{i}", "title": f"T{i}"} for i in range(4)]
    more = full | {"aliases": ["full-more"]}
    over = {"id": "over", "title": "T", "aliases": ["full-1"]}

    found = service.put_all([good[0], more, *good[1:3], over, good[3]])

    assert (found["created"], [r["index"] for r in found["rejected"]]) == (4, [1, 4])
    assert {r["field"] for r in found["rejected"]} == {"aliases"}
    assert [get(service, one["id"]).status_code for one in good] == [200] * 4
    assert service.http.post("/v1/items", json=more).status_code == 400
