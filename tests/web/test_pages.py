"""The site's pages as readers use them: with a mouse, with a keyboard alone, and without scripts."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.service import Service, wait_until
from tests.web.conftest import SCREENSHOTS
from tests.web.site import FORMULAE

pytestmark = pytest.mark.web

ATTENTION = re.compile("Attention studied")


@pytest.fixture
def at(site: Service, page: Page):
    """Opens a path of the site; whatever the console complains about fails the test."""

    def open_path(path: str) -> Page:
        page.goto(f"{site.http.base_url}{path}")
        return page

    return open_path


@pytest.fixture
def plain(site: Service, browser: Browser) -> Iterator[Page]:
    """A page on which no scripts run."""
    context = browser.new_context(java_script_enabled=False, base_url=str(site.http.base_url))
    yield context.new_page()
    context.close()


def titles(page: Page) -> list[str]:
    return page.locator("main .title").all_inner_texts()


def test_days_are_walked_past_empty_ones(at, site):
    page = at("/daily/2025-12-09")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tuesday, 9 December 2025")
    listed = [one["item"] for one in site.get("/v1/daily/2025-12-09")["items"]]
    assert titles(page)[0] == listed[0]["title"]
    assert listed[0]["upvotes"] == max(item["upvotes"] for item in listed), "most upvoted first"

    page.get_by_role("link", name="Before: Friday, 5 December 2025").click()

    expect(page).to_have_url(re.compile("/daily/2025-12-05$"))
    assert len(titles(page)) == 7
    expect(page.get_by_role("link", name="Before")).to_have_count(0)
    page.get_by_role("link", name="After: Tuesday, 9 December 2025").click()
    page.get_by_role("link", name="Week", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("8 – 14 December 2025")
    page.get_by_role("link", name="Month", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("December 2025")
    assert len(titles(page)) == 14


def test_a_date_without_papers_is_no_dead_end(at):
    page = at("/daily")
    page.get_by_label("Go to").fill("2025-12-07")
    page.get_by_role("button", name="Go", exact=True).click()

    expect(page.get_by_text("Nothing was listed then.")).to_be_visible()
    page.get_by_role("link", name="After: Tuesday, 9 December 2025").last.click()
    expect(page.locator(".title").first).to_be_visible()


def test_a_paper_is_read_upvoted_and_changes_the_list_at_once(at):
    page = at("/for-you")
    before = titles(page)
    at("/daily/2025-12-05").get_by_role("link", name="Attention studied closely, part 4").click()
    expect(page.get_by_role("heading", name="Abstract")).to_be_visible()
    expect(page.get_by_role("link", name="Read the paper")).to_have_attribute(
        "href", "https://papers.example/attention/4"
    )
    assert len(page.locator(".similar .title").all()) == 6

    page.locator(".paper-page .vote button").click()

    expect(page.locator("#said")).to_contain_text("Upvoted.")
    expect(page.locator(".paper-page .vote button")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="For you").click()
    expect(page.locator(".hint").first).to_contain_text("1 paper so far")
    after = titles(page)
    assert after != before
    assert "Attention studied closely, part 4" not in after
    first = page.locator(".paper").first
    expect(first.locator(".reason")).to_contain_text("Because you upvoted “Attention studied")
    first.locator(".title a").click()
    expect(page.locator(".why")).to_contain_text("For you: Because you upvoted “Attention studied")
    page.screenshot(path=SCREENSHOTS / "paper-why.png", full_page=True)


def test_what_was_opened_is_in_the_history_of_those_who_are_known(site, at):
    page = at("/daily/2025-12-09")
    page.locator(".vote button").nth(5).click()
    expect(page.locator("#said")).to_contain_text("Upvoted.")
    page.locator(".title a").nth(6).click()
    expect(page.get_by_role("heading", name="Abstract")).to_be_visible()

    def history() -> str:
        at("/you")
        return page.locator(".history").inner_text()

    wait_until(lambda: "Opened" in history(), "the click in the history")


def test_formulae_are_drawn_and_nothing_in_a_text_becomes_markup(at):
    page = at("/papers/attention%2Fformulae")

    assert page.locator(".abstract math").count() == 3
    said = page.locator(".abstract").inner_text()
    assert "between $5 and $10, not bold" in said
    assert page.locator(".abstract b").count() == 0
    assert said.endswith("and x."), "of what cannot be drawn the letters stay"
    assert page.locator("main script, main img, .abstract b").count() == 0
    assert page.locator('[href^="javascript:"]').count() == 0
    expect(page.get_by_role("link", name="arXiv")).to_have_attribute(
        "href", "https://arxiv.org/abs/2512.00001"
    )
    assert page.title().startswith('Attention <EOS> & "quotes" <img src=x onerror=alert(1)>')


def test_search_shows_results_while_one_types(at):
    page = at("/search")
    page.evaluate("window.stayed = true")
    page.get_by_label("Words to find").press_sequentially("diffus", delay=10)

    expect(page.locator("#results mark").first).to_have_text("Diffusion")
    expect(page).to_have_url(re.compile(r"/search\?q=diffus$"))
    assert page.evaluate("window.stayed"), "the page was not loaded anew"
    expect(page.locator("#said")).to_contain_text("7 papers found.")
    page.get_by_label("Words to find").fill("zzzzqqqq")
    expect(page.locator("#found")).to_contain_text("Nothing was found.")
    page.get_by_label("Words to find").fill("the diffuson closely $O(n)$")
    expect(page.locator("#results")).to_contain_text("searched for “diffusion” instead.")
    expect(page.locator("#results")).to_contain_text("as other words tell more: “the”.")
    expect(page.get_by_role("heading", name="Related: with some of the words")).to_be_visible()
    assert page.locator("#results .title math").count() == 1, "formulae are drawn"
    page.get_by_label("Words to find").fill("lets part")
    expect(page.locator("#results")).to_contain_text("papers found; ")
    page.get_by_text("Topics, organisations, years").click()
    page.get_by_role("link", name=re.compile("^Attention Lab")).click()
    expect(page).to_have_url(re.compile("organisation=attention-lab"))
    page.get_by_label("Words to find").fill("")
    page.get_by_label("Organisation", exact=True).fill("")
    expect(page.get_by_role("heading", name="Topics")).to_be_visible()
    page.get_by_role("link", name="attention").click()
    expect(page.get_by_text("Topic attention")).to_be_visible()
    assert len(titles(page)) == 7


def test_search_works_without_scripts(plain):
    plain.goto("/")
    plain.get_by_label("Search papers").fill("diffusion part")
    plain.get_by_role("button", name="Search").click()

    assert len(titles(plain)) >= 7
    plain.get_by_text("Narrow down").click()
    plain.get_by_label("From").fill("2025-12-05")
    plain.get_by_label("To", exact=True).fill("2025-12-05")
    plain.get_by_role("button", name="Search").click()
    assert all(not title.startswith("Diffusion") for title in titles(plain))


def test_a_topic_is_followed_muted_and_both_taken_back(at):
    page = at("/papers/diffusion-2")
    page.get_by_role("button", name="Follow diffusion", exact=True).click()
    expect(page.locator("#said")).to_have_text("You follow diffusion.")
    expect(page.get_by_role("button", name="Follow diffusion", exact=True)).to_be_focused()
    at("/for-you")
    expect(page.locator(".reason").first).to_have_text("Because you follow “diffusion”")

    at("/papers/diffusion-2").get_by_role("button", name="Mute diffusion", exact=True).click()

    expect(page.locator("#said")).to_contain_text("You muted diffusion")
    assert not [t for t in titles(at("/for-you")) if t.startswith("Diffusion")]
    at("/you")
    page.screenshot(path=SCREENSHOTS / "you.png", full_page=True)
    page.get_by_role("button", name="Unmute diffusion").click()
    expect(page.locator("#said")).to_have_text("diffusion is no longer muted.")
    expect(page.get_by_role("button", name="Unmute diffusion")).to_have_count(0)
    assert [t for t in titles(at("/for-you")) if t.startswith("Diffusion")]


def test_organisations_and_words_are_muted_on_the_readers_page(at):
    page = at("/papers/attention-3")
    page.get_by_role("button", name="Mute Attention Lab").click()
    expect(page.locator("#said")).to_contain_text("You muted Attention Lab")
    at("/you")
    expect(page.get_by_role("button", name="Unmute Attention Lab")).to_be_visible()
    page.get_by_label("Name").fill("denoise images")
    page.get_by_label("Follow or mute").get_by_role("button", name="Mute").click()
    expect(page.get_by_role("button", name="Unmute denoise images")).to_be_visible()

    assert titles(at("/for-you")) == []
    expect(page.get_by_text("Nothing is left for you to see.")).to_be_visible()


def places(page: Page) -> list[tuple[str, int]]:
    """The titles of the reader's list, and how far from the top of the window each stands."""
    return page.locator("#for-you .paper").evaluate_all(
        "cards => cards.map(c => [c.querySelector('.title').innerText,"
        " Math.round(c.getBoundingClientRect().top)])"
    )


@pytest.mark.parametrize("path", ["/for-you", "/"])
@pytest.mark.parametrize(
    ("button", "mark"), [("Upvote", "Upvoted."), ("Hide", "Hidden."), ("Save", "Saved")]
)
def test_a_list_does_not_move_under_the_hand(at, path: str, button: str, mark: str):
    page = at(path)
    titles_before = [title for title, _ in places(page)]
    chosen = page.locator("#for-you .paper").nth(1)
    title = titles_before[1]
    pressed = chosen.get_by_role("button", name=re.compile(f"^{button} "))

    top = chosen.evaluate("card => card.getBoundingClientRect().top")
    pressed.dblclick()
    expect(chosen.get_by_text(mark)).to_be_visible()
    expect(page.locator(".news a")).to_be_visible()
    focused = page.evaluate(
        "document.activeElement.closest('.paper').querySelector('.title').innerText"
    )
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("form[data-sent]")).to_have_count(0)

    assert [title for title, _ in places(page)] == titles_before
    assert focused == title
    assert chosen.evaluate("card => card.getBoundingClientRect().top") == top
    at("/you")
    history = page.locator(".history .what a").all_inner_texts()
    assert set(history) <= {title}, "nobody chose another paper"


def test_undo_stands_where_the_deed_was_done_and_the_new_list_waits_to_be_asked_for(at, shot):
    page = at("/for-you")
    first = page.locator(".paper").first
    title = titles(page)[0]
    first.get_by_role("button", name="Hide ").click()
    expect(first.get_by_text("Hidden. It will not come back.")).to_be_visible()
    undo = first.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    undo.click()
    expect(first.get_by_role("button", name="Hide ")).to_be_focused()
    first.get_by_role("button", name="Upvote ").click()
    expect(first.get_by_text("Upvoted. Your next list follows.")).to_be_visible()
    shot(page, "held")

    page.locator(".news a").click()

    expect(page.locator(".hint").first).to_contain_text("1 paper so far")
    assert title not in titles(page)


def test_keys_do_what_the_buttons_do_and_can_be_put_off(at):
    page = at("/for-you")
    title = titles(page)[1]
    for key in "jjkj":
        page.keyboard.press(key)
    card = page.locator(".paper").nth(1)
    expect(card).to_be_focused()
    page.keyboard.press("u")
    expect(card.get_by_text("Upvoted.")).to_be_visible()
    expect(card).to_be_focused()
    page.keyboard.press("s")
    expect(card.get_by_role("button", name="Save ")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("j")
    page.keyboard.press("h")
    expect(page.locator(".paper").nth(2).get_by_text("Hidden.")).to_be_visible()
    page.keyboard.press("k")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)

    page.wait_for_load_state()  # from then on the new page listens to keys
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".paper-page .saving button")).to_have_attribute("aria-pressed", "true")


def test_history_is_taken_back_one_by_one(at):
    page = at("/daily/2025-12-09")
    page.locator(".vote button").first.click()
    expect(page.locator("#said")).to_contain_text("Upvoted.")
    at("/you").get_by_role("button", name="Take back the upvote of").click()

    expect(page.locator("#said")).to_have_text("Upvote taken back.")
    expect(page.get_by_text("Nothing yet. The latest papers")).to_be_visible()


def test_the_private_address_is_made_and_revoked(site, at):
    page = at("/you")
    page.get_by_role("button", name="Make an address").click()
    address = page.get_by_role("link", name=".json")
    href = address.get_attribute("href")
    assert site.http.get(href).json()["title"] == "For you"
    discovered = at("/for-you").locator('link[type="application/feed+json"]')
    assert discovered.get_attribute("href") == href

    at("/you").get_by_role("button", name="Revoke the address").click()

    expect(page.get_by_role("button", name="Make an address")).to_be_focused()
    assert site.http.get(href).status_code == 404
    expect(at("/for-you").locator('link[rel="alternate"]')).to_have_count(0)


def test_a_reader_takes_everything_along_and_is_forgotten(site, at):
    page = at("/papers/diffusion-5")
    page.locator(".paper-page .vote button").click()
    expect(page.locator("#said")).to_contain_text("Upvoted.")
    at("/you")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export everything").click()
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert {"reader", "interaction", "end"} <= {line["type"] for line in lines}

    page.get_by_text("Reset: erase everything").click()
    page.get_by_role("button", name="Erase everything").click()
    expect(page.get_by_label("I am sure")).to_be_focused()
    page.get_by_label("I am sure").check()
    page.get_by_role("button", name="Erase everything").click()

    expect(page.get_by_text("You are forgotten.")).to_be_visible()
    assert page.context.cookies() == []
    expect(page.get_by_text("Nothing yet. The latest papers")).to_be_visible()
    user = next(line for line in lines if line["type"] == "reader")["id"]
    assert site.http.get(f"/v1/users/{user}").status_code == 404


def test_a_keyboard_is_enough(at):
    page = at("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the papers")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("attention")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search\?q=attention$"))
    vote = page.locator("#results .vote button").first
    for _ in range(30):
        page.keyboard.press("Tab")
        if vote.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Upvoted.")
    expect(vote).to_be_focused()
    expect(vote).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Similar papers")).to_be_visible()

    page.set_viewport_size({"width": 390, "height": 844})  # or a desk's window, magnified
    page.get_by_role("link", name="Trending", exact=True).click()
    expect(page).to_have_url(re.compile(r"/trending$"))
    page.locator(".paper").first.wait_for()
    page.keyboard.press("j")
    page.evaluate(
        """for (const key of "/o") document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { key, bubbles: true }))"""
    )
    expect(page).to_have_url(re.compile(r"/search$"))  # words typed ahead open no paper


def test_every_change_works_without_scripts(plain):
    plain.goto("/papers/attention-6")
    plain.locator(".paper-page .vote button").click()
    expect(plain.locator(".paper-page .vote button")).to_have_attribute("aria-pressed", "true")
    plain.get_by_role("button", name="Follow attention", exact=True).click()
    expect(plain.get_by_role("button", name="Follow attention", exact=True)).to_have_text(
        "Following"
    )
    plain.get_by_role("button", name="Hide from my list").click()
    expect(plain.get_by_role("button", name="Hidden from your list")).to_be_visible()
    plain.goto("/you")
    plain.get_by_role("button", name="Show again").click()
    plain.get_by_role("button", name="Unfollow attention").click()
    expect(plain.get_by_text("Nothing yet: a paper's page has")).to_be_visible()
    plain.get_by_role("button", name="Make an address").click()
    expect(plain.get_by_role("button", name="Revoke the address")).to_be_visible()


def test_what_is_not_there_says_so_to_people_and_leads_on(site, visit):
    page = visit(f"{site.http.base_url}/papers/no-such-paper")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    expect(page.get_by_text("There is no paper 'no-such-paper'.")).to_be_visible()
    page.get_by_role("link", name="The latest papers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tuesday, 9 December 2025")


def test_feeds_and_the_rest_are_found_from_every_list(site):
    for path, feed in [
        ("/", "/feeds/new.atom"),
        ("/daily", "/feeds/daily.rss"),
        ("/trending?window=day", "/feeds/trending.json?window=day"),
        ("/search?q=attention+lab", "/feeds/search.rss?q=attention+lab"),
        ("/papers/attention%2Fformulae", "/feeds/similar.rss?item=attention%2Fformulae"),
    ]:
        page = site.http.get(path).text
        assert f'href="{feed}"' in page, path
        assert 'href="/embed"' in page
        assert 'href="/subscribe"' in page
        assert site.http.get(feed).status_code == 200


def test_programs_get_problems_and_people_get_pages(site):
    people = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path, status in [
        ("/nowhere", 404),
        ("/daily/2025-12-99", 400),
        ("/trending?window=x", 400),
    ]:
        page = site.http.get(path, headers=people)
        assert (page.status_code, page.headers["content-type"]) == (
            status,
            "text/html; charset=utf-8",
        )
        assert "script-src 'self'" in page.headers["content-security-policy"]
        problem = site.http.get(path)
        assert problem.headers["content-type"] == "application/problem+json"
    for path in ("/v1/nowhere", "/feeds/nowhere.rss", "/api/papers/nowhere"):
        assert site.http.get(path, headers=people).headers["content-type"].endswith("problem+json")


def test_pages_change_nothing_by_being_looked_at_nor_for_foreign_pages(site):
    assert site.http.get("/papers/diffusion-1").headers.get("set-cookie") is None
    press = {"item": "diffusion-1", "kind": "click"}
    noted = site.http.post("/click", data=press)
    assert noted.status_code == 204
    assert noted.headers.get("set-cookie") is None, "nobody is remembered for having looked"
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    for path, form in [
        ("/vote", press | {"kind": "upvote"}),
        ("/you/preferences", {"kind": "words", "name": "x", "stance": "mute"}),
        ("/you/address", {"wanted": "revoke"}),
        ("/you/erase", {"sure": "yes"}),
    ]:
        assert site.http.post(path, data=form, headers=foreign).status_code == 403, path


def test_an_id_with_a_slash_has_one_page(site):
    path = f"/papers/{FORMULAE.replace('/', '%2F')}"
    canonical = f'<link rel="canonical" href="{str(site.http.base_url).rstrip("/")}{path}">'
    for path in ("/papers/attention%2Fformulae", "/papers/attention/formulae"):
        assert canonical in site.http.get(path).text
    assert site.http.get("/papers/attention%2Fformulae.md").text.startswith("# Attention <EOS>")
