"""The list in a frame, and the page on which a person chooses how it looks."""

import pytest
from playwright.sync_api import expect

from tests.service import Service, wait_until
from tests.web.host import PAPERS

pytestmark = pytest.mark.web


def address(service: Service) -> str:
    return str(service.http.base_url)


def frame(service: Service, host, query: str = "", attributes: str = "") -> str:
    source = f"{address(service)}/embed/feed?list=new&limit=4&origin={host.origin}&{query}"
    return f'<iframe src="{source}" title="New papers" width=600 height=80 {attributes}></iframe>'


def resizer(service: Service) -> str:
    return f'<script type="module" src="{address(service)}/embed/frame.js"></script>'


def test_a_frame_grows_with_its_list(papers, host, visit, shot):
    page = visit(host.page(address(papers), frame(papers, host) + resizer(papers)))

    expect(page.frame_locator("iframe").locator("[part=card]")).to_have_count(4)
    wait_until(lambda: int(page.locator("iframe").get_attribute("height")) > 250, "the frame grows")
    assert page.lines == []
    shot(page, "frame")


def test_another_page_hears_nothing_of_a_frames_height(papers, host, visit):
    body = frame(papers, host).replace(host.origin, "https://elsewhere.example")
    spy = "window.heard = []; addEventListener('message', e => heard.push(e.data))"
    host.put("/spy.js", spy, "text/javascript")
    page = visit(host.page(address(papers), f"<script src={host.origin}/spy.js></script>" + body))
    page.wait_for_load_state("networkidle")

    assert page.evaluate("heard") == []
    assert page.frame_locator("iframe").locator("[part=card]").count() == 0, "nor may it frame it"


def test_a_sandboxed_frame_without_scripts_still_shows_links(papers, host, visit):
    page = visit(host.page(address(papers), frame(papers, host, attributes="sandbox")))

    links = page.frame_locator("iframe").locator("recsvc-feed li")
    expect(links).to_have_count(4)
    assert PAPERS[-1]["title"] in links.all_text_contents()


def test_a_token_behind_the_hash_makes_the_frame_personal(papers, host, visit):
    body = frame(papers, host, "list=feed#token=signed.by.host")
    page = visit("about:blank")
    with page.expect_request("**/v1/new*") as sent:
        page.goto(host.page(address(papers), body))

    assert sent.value.all_headers()["authorization"] == "Bearer signed.by.host"
    assert "signed.by.host" not in sent.value.url


def test_choices_show_at_once_and_the_snippet_works_elsewhere(papers, host, visit, shot):
    page = visit(f"{address(papers)}/embed", viewport={"width": 1180, "height": 900})
    page.locator("#preview [part=card]").first.wait_for()

    page.get_by_label("List").select_option("new")
    page.get_by_label("How many").fill("3")
    page.get_by_label("Heading").fill('Fresh & "new"')
    page.get_by_label("Excerpts").check()
    expect(page.locator("#preview [part=card]")).to_have_count(3)
    expect(page.locator("#preview [part=heading]")).to_have_text('Fresh & "new"')
    page.get_by_label("Accent").fill("#0f766e")
    expect(page.locator("#style")).to_contain_text("--recsvc-accent: #0f766e")
    snippet = page.locator("#script").text_content()
    framed = page.locator("#frame").text_content()
    assert "list=new" in page.url, "the choices can be shared"
    assert page.lines == [], "no violation of its own policy"
    shot(page, "configure-light")

    elsewhere = visit(host.page(address(papers), snippet + framed))
    expect(elsewhere.locator("recsvc-feed [part=card]")).to_have_count(3)
    expect(elsewhere.frame_locator("iframe").locator("[part=card]")).to_have_count(3)


def test_the_snippet_can_be_copied(papers, visit):
    page = visit(
        f"{address(papers)}/embed?list=trending", permissions=["clipboard-read", "clipboard-write"]
    )

    page.get_by_role("button", name="Copy").first.click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith('<script type="module" src=')


def test_a_mistake_is_said_beside_the_choices(papers, visit):
    page = visit(f"{address(papers)}/embed")
    page.get_by_label("Origin").fill("https://good.example/path")

    expect(page.get_by_role("status").filter(has_text="origin")).to_be_visible()


def test_it_works_without_scripts(papers, visit):
    page = visit(f"{address(papers)}/embed", java_script_enabled=False)
    page.get_by_label("How many").fill("7")
    page.get_by_role("button", name="Show").click()

    expect(page.locator("#script")).to_contain_text('limit="7"')


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("dark", {"color_scheme": "dark", "viewport": {"width": 1180, "height": 900}}),
        ("phone", {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2}),
    ],
)
def test_the_page_fits_its_reader(papers, visit, shot, name, options):
    page = visit(f"{address(papers)}/embed?list=new&limit=3&reasons=true", **options)
    page.locator("#preview [part=card]").first.wait_for()

    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    shot(page, f"configure-{name}")
