import pytest
from playwright.sync_api import Page, expect

from tests.service import Service
from tests.web.conftest import SCREENSHOTS

pytestmark = pytest.mark.web


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The demo, as a newcomer finds it."""
    running = Service(
        tmp_path_factory.mktemp("site") / "data", demo="true", page_impressions="false"
    ).start()
    running.settled()
    yield running
    running.stop()
    running.http.close()


def titles(page: Page, section: str) -> list[str]:
    return page.locator(f"#{section} .title").all_inner_texts()


def test_the_first_page_shows_three_lists_and_says_once_why_a_newcomer_sees_them(site, page):
    page.goto(str(site.http.base_url))

    for section, heading in [("for-you", "For you"), ("today", "Today"), ("trending", "Trending")]:
        expect(page.locator(f"#{section} h2")).to_contain_text(heading)
        assert len(titles(page, section)) >= (10 if section == "for-you" else 6)
    expect(page.locator("#for-you .hint")).to_contain_text("Until then: what is trending.")
    assert page.locator("#main .reason[data-kind=trending]").count() == 0
    shown = [one for section in ("for-you", "today", "trending") for one in titles(page, section)]
    assert len(shown) == len(set(shown)), "no paper stands there twice"
    subscribe = page.locator("main").get_by_role("link", name="Subscribe")
    assert subscribe.bounding_box()["y"] < page.viewport_size["height"] / 2
    expect(page.get_by_text("This is a demo")).to_be_visible()
    assert page.locator("#for-you .text").count() == page.locator("#for-you .drawn").count() == 12
    page.screenshot(path=SCREENSHOTS / "home-light.png")


def test_different_readers_see_different_feeds(site, page):
    page.goto(str(site.http.base_url))
    seen = []
    for reader in ("Music reader (simulated)", "Diffusion reader (simulated)"):
        page.get_by_label("Read as").select_option(label=reader)
        expect(page.locator("#for-you .hint")).to_contain_text(reader)
        seen.append(titles(page, "for-you"))
        assert page.locator("#for-you .reason").count() == len(seen[-1]), "a reason under each"

    assert seen[0] != seen[1]
    assert len(set(seen[0]) & set(seen[1])) < 6


def test_an_upvote_by_keyboard_changes_the_list_at_once_and_back(site, page):
    page.goto(str(site.http.base_url))
    before = titles(page, "for-you")
    button = page.locator("#today .vote button").first
    name = button.get_attribute("aria-label")
    assert name.startswith("Upvote ")
    assert name.endswith("upvotes") or name.endswith("upvote")
    assert button.get_attribute("aria-pressed") == "false"

    button.focus()
    page.keyboard.press("Enter")

    expect(page.locator("#said")).to_have_text("Upvoted. Your list has changed.")
    expect(page.locator(".news a")).to_be_visible()
    assert titles(page, "for-you") == before, "nothing moves under the hand"
    voted = page.locator("#today .vote button").first
    expect(voted).to_be_focused()
    expect(voted).to_have_attribute("aria-pressed", "true")
    page.screenshot(path=SCREENSHOTS / "home-voted.png")

    page.locator(".news a").click()
    expect(page.locator("#for-you .hint")).to_contain_text("1 paper so far")
    assert titles(page, "for-you") != before
    assert "Because you upvoted" in page.locator("#for-you .reason").first.inner_text()
    page.locator("#today .vote button").first.focus()
    page.keyboard.press("Space")

    expect(page.locator("#said")).to_have_text("Upvote taken back. Your list has changed.")
    page.locator(".news a").click()
    expect(page.locator(".news a")).to_have_count(0)
    assert titles(page, "for-you") == before


def test_reading_and_voting_work_without_scripts(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(str(site.http.base_url))
    count = page.locator("#today .vote .count").first.inner_text()

    page.locator("#today .vote button").first.click()

    expect(page.locator("#today .vote button").first).to_have_attribute("aria-pressed", "true")
    assert int(page.locator("#today .vote .count").first.inner_text()) == int(count) + 1
    page.locator(".news a").click()
    assert "Because you upvoted" in page.locator("#for-you .reason").first.inner_text()
    page.get_by_label("Read as").select_option(label="Video reader (simulated)")
    page.get_by_role("button", name="Switch").click()
    expect(page.locator("#for-you .hint")).to_contain_text("Video reader (simulated)")
    context.close()


def test_the_page_fits_a_phone_in_the_dark(site, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.goto(str(site.http.base_url))

    width = page.evaluate("document.documentElement.scrollWidth")

    assert width <= 390
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 21, 26)"
    top = page.locator("#for-you .paper").first.bounding_box()["y"]
    assert top < 844 / 3, "papers begin in the first third"
    page.screenshot(path=SCREENSHOTS / "home-phone-dark.png")
    context.close()


def test_a_title_can_never_become_markup(new_service, page):
    service = new_service().start()
    title = '<EOS> & "quotes" <img src=x onerror=alert(1)> $x_1$'
    service.put("nasty", title=title, text="</p><script>alert(2)</script>")

    page.goto(str(service.http.base_url))

    (shown,) = titles(page, "for-you")
    assert shown.replace("\n", "") == title.replace("$x_1$", "𝑥1"), "the formula is drawn"
    assert page.locator("#main math").count() > 0
    assert page.locator("#main img, #main script").count() == 0


def test_forms_only_lead_back_to_this_site(site):
    for back in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
    ):
        answer = site.http.post("/vote", data={"item": "x", "kind": "upvote", "back": back})
        assert answer.status_code == 400, back


def test_only_the_demo_lets_one_choose_a_reader(new_service):
    service = new_service().start()

    answer = service.http.post("/reader", data={"reader": "simulated-music-reader"})

    assert answer.status_code == 403
    assert "Read as" not in service.http.get("/").text
