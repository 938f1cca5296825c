"""The elements of /embed/v1.js in a real browser, on a page of another origin under a strict policy."""

import gzip
import re

import msgspec
import pytest
import redis
from playwright.sync_api import expect

from recsvc.api.embed.modules import MAX_EMBED_BYTES, STATIC
from recsvc.core.readers.events import Entry
from recsvc.core.text.display import readable
from recsvc.store import keys
from recsvc.store.bundled import socket_url
from tests.service import Service, free_port, wait_until
from tests.web.host import PAPERS

pytestmark = pytest.mark.web

CARD = "recsvc-feed [part=card]"
TITLE = "recsvc-feed [part=title]"
VOTE = "recsvc-feed [part=vote]"
SPACER = "<p>&nbsp;</p>" * 60
PAPER = re.compile(r"/paper\?")  # an id may hold a slash


def address(service: Service) -> str:
    return str(service.http.base_url)


def script(service: Service) -> str:
    return f'<script type="module" src="{address(service)}/embed/v1.js"></script>'


def feed(attributes: str = "", fallback: str = '<a href="/papers">All papers</a>') -> str:
    return f"<recsvc-feed {attributes}>{fallback}</recsvc-feed>"


def complaints(page) -> list[str]:
    return [line for line in page.lines if line.startswith("[recsvc]")]


def logged(service: Service, user: str) -> list[Entry]:
    """What the event log holds of a reader."""
    shard = keys.shard_of(user)
    with redis.Redis.from_url(socket_url(service.folder)) as store:
        entries = store.xrange(keys.events(shard))
    events = [msgspec.msgpack.decode(fields[b"e"], type=Entry) for _, fields in entries]
    return [event for event in events if event.user == user]


def kinds(service: Service, user: str) -> list[str]:
    return [event.kind for event in logged(service, user)]


def said(listed: dict) -> str:
    """The title of what is listed, in characters."""
    return (listed["item"] | listed["item"].get("readable", {}))["title"]


def test_the_script_is_at_most_8_kb_gzipped():
    assert len(gzip.compress((STATIC / "v1.js").read_bytes())) <= MAX_EMBED_BYTES


def test_a_feed_shows_on_a_page_of_another_origin_under_a_strict_policy(papers, host, visit, shot):
    asked: list[str] = []
    url = host.page(
        address(papers),
        feed('list="trending" window="all" limit="6" heading="Trending" excerpt reasons')
        + script(papers),
    )

    page = visit("about:blank")
    page.on("request", lambda request: asked.append(request.url.removeprefix(address(papers))))
    page.goto(url)
    page.wait_for_selector(CARD)

    listed = papers.get("/v1/trending", window="all", limit=6)["items"]
    titles = page.locator(TITLE).all_text_contents()
    assert titles == [said(one) for one in listed]
    dates = page.locator("recsvc-feed time").all_text_contents()
    assert dates, "days are said as on our pages; listing is not called publishing"
    assert all(re.fullmatch(r"(listed )?\d{1,2} [A-Z][a-z]+ \d{4}", one) for one in dates)
    assert "Learning to Fold Laundry in O(n^2) from Three Demonstrations" in titles
    assert PAPERS[0]["title"] in page.locator(TITLE).all_text_contents(), "markup is text"
    assert page.get_by_text("All papers").is_hidden(), "the fallback gave way"
    assert page.lines == [], "no error, no violation of the policy"
    assert [one.partition("?")[0] for one in asked if one.startswith("/")] == [
        "/embed/v1.js",
        "/v1/trending",
    ], "one request after the script"
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    shot(page, "feed-light")


def test_an_upvote_reaches_the_service_and_changes_the_feed(papers, host, visit):
    url = host.page(address(papers), feed('user="widget-voter" limit="6"') + script(papers))
    page = visit(url)
    page.wait_for_selector(CARD)
    before = page.locator(TITLE).all_text_contents()
    button = page.get_by_role("button", name=f"Upvote {PAPERS[0]['title']}")
    votes = int(button.text_content())

    button.click()

    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_have_text(str(votes + 1))
    wait_until(lambda: kinds(papers, "widget-voter").count("upvote") == 1, "the vote arrives")
    vote = logged(papers, "widget-voter")[-1]
    assert (vote.item, vote.position) == (PAPERS[0]["id"], 0)
    page.get_by_role("button", name="Update this list").click()
    expect(page.locator(CARD)).to_have_count(len(before) - 1)
    after = page.locator(TITLE).all_text_contents()
    assert PAPERS[0]["title"] not in after
    assert after[0] == PAPERS[1]["title"], "what is like it moved up"
    assert page.lines == []


def test_unvoting_brings_it_back_to_where_it_was(papers, host, visit):
    url = host.page(address(papers), feed('user="widget-undecided" limit="3"') + script(papers))
    page = visit(url)
    button = page.locator(VOTE).first

    button.click()
    button.click()

    wait_until(lambda: kinds(papers, "widget-undecided") == ["upvote", "unvote"], "both arrive")
    assert button.get_attribute("aria-pressed") == "false"


def test_impressions_arrive_once_with_feed_id_and_position(papers, host, visit):
    body = (
        feed('user="widget-viewer" list="new" limit="2"') + SPACER + feed('user="below" limit="1"')
    )
    page = visit("about:blank")
    with page.expect_response("**/v1/new*") as answer:
        page.goto(host.page(address(papers), body + script(papers)))
    shown = answer.value.json()
    wait_until(lambda: len(logged(papers, "widget-viewer")) == 2, "impressions arrive")

    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    wait_until(lambda: kinds(papers, "below") == ["impression"], "what comes into view counts")
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(
        "document.querySelector('recsvc-feed').after(document.createElement('recsvc-feed'))"
    )
    page.evaluate("document.querySelectorAll('recsvc-feed')[1].setAttribute('user', 'beside')")
    wait_until(
        lambda: "impression" in kinds(papers, "beside"), "as long a view as would count again"
    )

    assert [(e.kind, e.item, e.feed_id, e.position) for e in logged(papers, "widget-viewer")] == [
        ("impression", one["id"], shown["feed_id"], n) for n, one in enumerate(shown["items"])
    ]
    assert all(e.event_id for e in logged(papers, "widget-viewer"))


def test_what_is_out_of_view_is_not_an_impression(papers, host, visit):
    below = feed('user="widget-blind" list="new" limit="2"')
    body = feed('user="widget-sighted" list="new" limit="1"') + SPACER + below + script(papers)
    page = visit(host.page(address(papers), body))
    wait_until(lambda: logged(papers, "widget-sighted"), "what is in view counts")
    page.goto("about:blank")

    assert logged(papers, "widget-blind") == []


def test_events_on_their_way_survive_leaving_the_page(papers, host, visit):
    body = feed('user="widget-leaver" list="new" limit="1" link="/paper?id={id}"')
    page = visit(host.page(address(papers), body + script(papers)))

    page.locator(TITLE).click()
    page.wait_for_url(PAPER)

    wait_until(lambda: kinds(papers, "widget-leaver") == ["click"], "the click arrives")
    click = logged(papers, "widget-leaver")[0]
    assert click.position == 0
    assert click.feed_id


def test_what_is_refused_for_a_while_arrives_without_another_event(papers, host, visit):
    user, refusals = "widget-refused", [408, 503]

    def refuse(route):
        if refusals:
            cors = {"Access-Control-Allow-Origin": "*"}
            route.fulfill(status=refusals.pop(0), headers=cors)
        else:
            route.continue_()

    page = visit("about:blank")
    page.route("**/v1/events*", refuse)
    page.goto(host.page(address(papers), feed(f'user="{user}" limit="2"') + script(papers)))
    with page.expect_response(lambda answer: answer.status == 202, timeout=90_000):
        page.wait_for_selector(CARD)

    assert not refusals
    assert kinds(papers, user) == ["impression"] * 2


def test_a_vote_that_fails_is_taken_back_and_said(papers, host, visit):
    page = visit(
        host.page(address(papers), feed('user="widget-unlucky" limit="2"') + script(papers))
    )
    page.wait_for_selector(CARD)
    page.route("**/v1/events*", lambda route: route.abort())
    button = page.locator(VOTE).first
    label = button.get_attribute("aria-label")

    button.click()

    page.locator("recsvc-feed [part=status]", has_text="could not be saved").wait_for(
        state="attached"
    )
    assert button.get_attribute("aria-pressed") == "false"
    assert button.get_attribute("aria-label") == label


@pytest.mark.parametrize("where", ["everything", "data"])
def test_without_the_service_the_fallback_stays(host, visit, where, shot):
    dead = f"http://127.0.0.1:{free_port()}"
    source = f"{dead}/embed/v1.js"
    if where == "data":
        source = host.put("/embed/v1.js", (STATIC / "v1.js").read_text(), "text/javascript")
    body = (
        f'<script type="module" src="{source}"></script>'
        + feed(f'api="{dead}/" list="trending"')
        + feed(f'api="{dead}/" list="new"', '<a href="/new">New papers</a>')
        + f'<recsvc-upvote api="{dead}/" item="a">12 upvotes</recsvc-upvote>'
    )
    page = visit(host.page(dead, body))
    if where == "data":
        wait_until(lambda: page.evaluate("0") == 0 and complaints(page), "it complains")

    for text in ("All papers", "New papers", "12 upvotes"):
        assert page.get_by_text(text).is_visible()
    assert len(complaints(page)) == (where == "data"), "one line, however many elements fail"
    shot(page, f"fallback-{where}")


def test_a_reader_who_objects_to_tracking_sends_votes_only(papers, host, visit):
    private = feed('user="widget-private" list="new" limit="1" link="/paper?id={id}"')
    agreed = feed('user="widget-agreed" list="new" limit="1" tracking="on"')
    page = visit("about:blank")
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.goto(host.page(address(papers), private + agreed + script(papers)))
    page.locator(VOTE).first.click()
    wait_until(lambda: kinds(papers, "widget-agreed") == ["impression"], "a view that may count")
    page.locator(TITLE).first.click()
    page.wait_for_url(PAPER)

    assert kinds(papers, "widget-private") == ["upvote"]


def test_an_unknown_reader_gets_a_personal_feed_from_this_page_view_alone(papers, host, visit):
    page = visit(host.page(address(papers), feed("limit=6 reasons") + script(papers)))
    page.locator(VOTE).first.click()

    with page.expect_request("**/v1/feed") as sent, page.expect_response("**/v1/feed") as answer:
        page.get_by_role("button", name="Update this list").click()

    assert sent.value.post_data_json["history"] == [{"kind": "upvote", "item": PAPERS[0]["id"]}]
    assert answer.value.json()["source"] == "personal"
    page.get_by_text("Because you upvoted").first.wait_for()


def test_upvote_buttons_ask_together_and_know_the_readers_votes(papers, host, visit, shot):
    papers.act("widget-regular", "upvote", PAPERS[2]["id"])
    papers.settled()
    asked: list[str] = []
    buttons = "".join(
        f'<p><recsvc-upvote user="widget-regular" item="{p["id"]}" label="{p["id"]}">?'
        "</recsvc-upvote></p>"
        for p in PAPERS[:4]
    )
    page = visit("about:blank")
    page.on("request", lambda request: asked.append(request.url))
    page.goto(host.page(address(papers), buttons + script(papers)))
    page.get_by_role("button", name=PAPERS[2]["id"], pressed=True).wait_for()

    assert len([url for url in asked if "/v1/votes" in url]) == 1
    counts = page.locator("recsvc-upvote [part=count]").all_text_contents()
    assert [int(n) for n in counts] == [
        v["upvotes"] for v in papers.get("/v1/votes", item=[p["id"] for p in PAPERS[:4]])["items"]
    ]
    assert page.get_by_role("button", pressed=True).count() == 1
    shot(page, "upvote-buttons")


def test_a_vote_shows_wherever_the_page_shows_the_item(papers, host, visit):
    body = (
        feed('user="widget-twice" limit="3"')
        + f'<recsvc-upvote user="widget-twice" item="{PAPERS[0]["id"]}"></recsvc-upvote>'
    )
    page = visit(host.page(address(papers), body + script(papers)))
    page.wait_for_selector(CARD)

    page.locator("recsvc-upvote [part=vote]").click()

    page.locator(f"{VOTE}[aria-pressed=true]").wait_for()


def test_a_list_goes_on_where_it_ended(papers, host, visit):
    url = host.page(address(papers), feed('list="new" limit="4" more') + script(papers))
    page = visit(url)

    page.get_by_role("button", name="Show more").click()
    expect(page.locator(CARD)).to_have_count(6)

    assert sorted(page.locator(TITLE).all_text_contents()) == sorted(
        readable(paper["title"]) for paper in PAPERS
    )
    assert page.get_by_role("button", name="Show more").count() == 0


def test_texts_can_be_translated_and_numbers_follow_the_page(papers, host, visit):
    url = host.page(
        address(papers),
        feed(
            'list="trending" window="all" limit="1" reasons heading="Im Trend" '
            'text-upvote="{title}: empfehlen ({n})" text-authors="{n} Autoren" text-trending="Im Trend"'
        )
        + script(papers),
        html='lang="de"',
    )
    page = visit(url)

    page.get_by_role("button", name=f"{PAPERS[0]['title']}: empfehlen").wait_for()
    page.get_by_role("region", name="Im Trend").wait_for()
    assert "3 Autoren" in page.locator("recsvc-feed [part=meta]").text_content()
    assert page.locator("recsvc-feed [part=reasons]").text_content() == "Im Trend"


def test_an_address_that_runs_script_is_not_linked(papers, host, visit):
    url = host.page(
        address(papers),
        feed('list="new" limit="1" link="javascript:alert(1)//{id}"') + script(papers),
    )
    page = visit(url)
    page.wait_for_selector(CARD)

    assert page.locator("recsvc-feed a[part=title]").count() == 0
    assert page.locator("recsvc-feed span[part=title]").count() == 1


def test_a_title_without_an_address_leads_to_its_page_at_the_service(papers, host, visit):
    papers.put("no address/1", title="Nowhere else")
    page = visit(host.page(address(papers), feed('list="new" limit="1"') + script(papers)))
    page.wait_for_selector(CARD)

    link = page.locator("recsvc-feed a[part=title]").first.get_attribute("href")
    papers.http.delete("/v1/items/no address/1").raise_for_status()  # others count the papers
    wait_until(lambda: "no address/1" not in papers.ids("/v1/new"), "it is gone")
    assert link == f"{address(papers)}/papers/no%20address%2F1"


def test_right_to_left_pages_are_mirrored(papers, host, visit, shot):
    url = host.page(
        address(papers),
        feed('list="trending" window="all" limit="5" heading="الأكثر رواجًا" excerpt reasons')
        + script(papers),
        html='lang="ar" dir="rtl"',
    )
    page = visit(url)
    page.wait_for_selector(CARD)

    vote = page.locator(VOTE).first.bounding_box()
    title = page.locator(TITLE).first.bounding_box()
    assert vote["x"] > title["x"]
    shot(page, "feed-rtl")


@pytest.mark.parametrize(
    ("name", "attributes", "options"),
    [
        ("dark-by-reader", "", {"color_scheme": "dark"}),
        ("dark-by-page", "theme=dark", {"color_scheme": "light"}),
        ("light-by-page", "theme=light", {"color_scheme": "dark"}),
        ("phone", "more", {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2}),
    ],
)
def test_it_fits_its_surroundings(papers, host, visit, shot, name, attributes, options):
    attributes += ' list="new" limit="5" heading="New" excerpt'
    page = visit(host.page(address(papers), feed(attributes) + script(papers)), **options)
    page.wait_for_selector(CARD)

    background = page.locator(CARD).first.evaluate("card => getComputedStyle(card).backgroundColor")
    assert (background != "rgb(255, 255, 255)") == name.startswith("dark")
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide, "nothing sticks out"
    shot(page, f"feed-{name}")
