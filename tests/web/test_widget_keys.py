"""The elements on a page of another origin, against a service that wants credentials."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.secured import Secured, secure
from tests.service import REPOSITORY, wait_until
from tests.web.host import PAPERS, Host
from tests.web.test_widget import CARD, PAPER, TITLE, VOTE, address, feed, logged, script

pytestmark = pytest.mark.web


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory, host: Host) -> Iterator[Secured]:
    """A service with papers, whose publishable key is for the host's origin."""
    folder = tmp_path_factory.mktemp("guarded") / "data"
    found = secure(folder, archive_every_s=3600)
    found.publishable = found.make(kind="publishable", origins=[host.origin])[1]
    assert found.call("POST", "/v1/items", found.secret, json=PAPERS).status_code == 200
    for n, paper in enumerate(PAPERS[:5]):
        vote = {"user": f"voter-{n}", "item": paper["id"], "kind": "upvote"}
        assert found.call("POST", "/v1/events", found.secret, json=vote).status_code == 202
    yield found
    found.service.stop()
    found.service.http.close()


def test_a_publishable_key_shows_lists_and_lets_nobody_vote_for_readers(papers, host, visit):
    url = host.page(
        address(papers.service),
        feed(f'key="{papers.publishable}" user="voter-0" list="new" limit="2"')
        + script(papers.service),
    )
    page = visit(url)
    page.wait_for_selector(CARD)

    with page.expect_response("**/v1/events") as answered:
        page.locator(VOTE).first.click()

    assert answered.value.request.all_headers()["authorization"] == f"Bearer {papers.publishable}"
    assert (answered.value.status, answered.value.json()["accepted"]) == (202, 1)
    expect(page.locator(VOTE).first).to_have_attribute("aria-pressed", "true")
    assert [e.kind for e in logged(papers.service, "voter-0")] == ["upvote"], "the one of before"
    newest = papers.call("GET", "/v1/new?limit=1", papers.secret).json()["items"][0]["id"]
    wait_until(
        lambda: papers.call(
            "GET", f"/v1/votes/explain?item={newest}", papers.secret
        ).json()["anonymous"] == 1,
        "the session's vote is told apart",
    )  # fmt: skip
    assert page.lines == []


def test_another_origin_cannot_use_the_key(papers, visit):
    other = Host()
    page = visit(
        other.page(
            address(papers.service),
            feed(f'key="{papers.publishable}" list="new"', '<a href="/papers">All papers</a>')
            + script(papers.service),
        )
    )

    expect(page.get_by_text("All papers")).to_be_visible()
    wait_until(lambda: any("[recsvc]" in line for line in page.lines), "the console says why")
    assert page.locator(CARD).count() == 0
    other.close()


@pytest.mark.parametrize("said", ["on the element", "once for the page"])
def test_a_publishable_key_lets_a_foreign_page_offer_the_mail(papers, host, visit, said):
    key = f'key="{papers.publishable}"' if said == "on the element" else ""
    head = "" if key else f'<meta name="recsvc-key" content="{papers.publishable}">'
    body = (
        f'<recsvc-subscribe {key} text-subscribe="Abonnieren"></recsvc-subscribe>'
        f'<script type="module" src="{address(papers.service)}/embed/subscribe.js"></script>'
    )
    page = visit(host.page(address(papers.service), body, head))
    page.get_by_label("Your e-mail address").fill("foreign@example.com")

    with page.expect_response("**/v1/subscriptions") as answered:
        page.get_by_role("button", name="Abonnieren").click()

    assert answered.value.status == 202
    expect(page.get_by_role("status")).to_contain_text("link to confirm")
    assert page.lines == []


def test_a_token_names_the_reader_whose_events_outlive_the_page(papers, host, visit):
    token = papers.token("carol")
    host.put(
        "/token.js",
        f"document.querySelector('recsvc-feed').token = async () => '{token}'",
        "text/javascript",
    )
    body = (
        feed('limit="2" user="somebody-else" link="/paper?id={id}"')
        + f"<script type=module src={host.origin}/token.js></script>"
    )
    page = visit("about:blank")
    with page.expect_response("**/v1/feed*") as sent:
        page.goto(host.page(address(papers.service), body + script(papers.service)))
    page.wait_for_selector(CARD)
    assert sent.value.json()["user"] == "carol"

    page.locator(VOTE).first.click()
    wait_until(
        lambda: [e.kind for e in logged(papers.service, "carol")] == ["upvote"], "the vote arrives"
    )
    page.locator(TITLE).first.click()
    page.wait_for_url(PAPER)

    wait_until(
        lambda: [e.kind for e in logged(papers.service, "carol")] == ["upvote", "click"],
        "the click arrives, as a beacon with its credential in the body",
    )


@pytest.mark.parametrize("credential", ["publishable key", "token"])
def test_the_clients_beacons_bring_their_credential_in_the_body(papers, host, visit, credential):
    key = papers.publishable if credential == "publishable key" else papers.token("dana")
    user = "anon:tab-1" if credential == "publishable key" else "dana"
    host.put(
        "/app.js",
        f"""import {{ Recsvc }} from "{address(papers.service)}/embed/client.js";
        const recsvc = new Recsvc("{address(papers.service)}", {{ key: "{key}" }});
        const feed = await recsvc.feed(undefined, {{ limit: 2 }});
        const place = {{ feed_id: feed.feed_id, position: 0 }};
        recsvc.events.add({{ user: "tab-1", kind: "click", item: feed.items[0].id, ...place }});
        location = "/paper";""",
        "text/javascript",
    )
    body = f"<script type=module src={host.origin}/app.js></script>"
    page = visit(host.page(address(papers.service), body))
    page.wait_for_url("**/paper")

    def clicks() -> list[tuple[str, int | None]]:
        return [(event.kind, event.position) for event in logged(papers.service, user)]

    wait_until(lambda: clicks() == [("click", 0)], "the click arrives")
    assert page.lines == []


def test_the_static_example_works_where_there_are_keys(papers, host, visit, tmp_path):
    keys = {"RECSVC_KEY": papers.secret, "RECSVC_PUBLISHABLE_KEY": papers.publishable}
    done = subprocess.run(
        [sys.executable, REPOSITORY / "examples" / "static_site" / "build.py"],
        env=os.environ | keys | {"RECSVC_URL": address(papers.service), "OUT": str(tmp_path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    front = (tmp_path / "index.html").read_text()
    assert papers.secret not in front
    host.put("/static/style.css", "", "text/css")

    page = visit(host.put("/static/index.html", front))
    page.get_by_role("button", name=f"Upvote {PAPERS[0]['title']}").click()
    page.get_by_role("button", name="Update this list").click()

    expect(page.locator("recsvc-feed [part=reasons]").first).to_contain_text("Because you upvoted")
    assert page.lines == []


def test_the_page_to_choose_from_asks_for_a_key_and_then_shows_the_list(papers, visit):
    page = visit(f"{address(papers.service)}/embed?list=new")
    expect(page.locator("#preview")).to_contain_text("keys create publishable")

    page.get_by_label("Publishable key").fill(papers.publishable)

    page.locator("#preview [part=card]").first.wait_for()
    assert papers.publishable in page.locator("#script").inner_text()
