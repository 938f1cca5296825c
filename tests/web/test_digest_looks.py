"""Mails and their pages in a real browser: wide and narrow, light and dark. Look at the screenshots."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.outbox import Outbox, address_in
from tests.service import Service, wait_until

pytestmark = pytest.mark.web

SCREENSHOTS = Path(__file__).parent / "screenshots"
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic",
]  # fmt: skip
SIZES = {"phone": (390, 844), "desktop": (1100, 900)}
HOSTILE = '<img src=x onerror="document.title=1"> & <EOS>'


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("looks") / "data", digest_items=5).start()
    running.put_all(list(papers()))
    votes = [(n, v) for n in range(12) for v in range(12 - n)]
    running.send(
        *[{"user": f"v{v}", "kind": "upvote", "item": f"paper/{n}"} for n, v in votes],
        {"user": "alice", "kind": "upvote", "item": "paper/12"},
    )
    running.settled()
    yield running
    running.stop()
    running.http.close()


def papers() -> Iterator[dict]:
    """Papers as they come: short and long titles, formulae, other scripts, and one that is hostile."""
    titles = [
        "Pointer Networks",
        "Augmented Behavioral Cloning from Observation with Sampling, Attention and Much Patience",
        HOSTILE,
        "Étude cognitive de l'attention",
        r"$\mathbb{USCD}$: Improving Code Generation by Uncertainty-Aware Selective Decoding",
        "注意力机制综述：从起源到大型语言模型",
        "A" * 120,
    ]
    for n in range(14):
        yield {
            "id": f"paper/{n}",
            "title": titles[n] if n < len(titles) else f"On the attention of machines, part {n}",
            "text": f"We study attention in machines of kind {n}. " * 12,
            "authors": [f"Author {k}" for k in range(n % 4 + 1)],
            "topics": ["cs.CL", "attention"][: n % 3],
            "comments": n % 3,
            "url": f"https://example.com/paper-{n}",
        }


def opened(browser: Browser, service: Service, size: str, scheme: str) -> Page:
    width, height = SIZES[size]
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        base_url=str(service.http.base_url),
    )
    page.set_default_timeout(20_000)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_the_mail_fits_and_follows_the_readers_colours(
    browser: Browser, service: Service, size: str, scheme: str
):
    page = opened(browser, service, size, scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/digest/preview?user=alice&view=html")

    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"mail-{size}-{scheme}.png", full_page=True)

    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    assert len(asked) == 1, "nothing but the mail itself is loaded"
    assert page.title() != "1", "no title is markup"
    ground = page.locator(".sheet").evaluate("e => getComputedStyle(e).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 27, 33)"}[scheme]
    for name in (".title", ".text", ".meta", ".reason", ".quiet", ".number"):
        assert contrast(page, name) >= (3 if name == ".number" else 4.5), name
    page.close()


def contrast(page: Page, selector: str) -> float:
    """The contrast of text with its sheet (WCAG 2.2, 1.4.3)."""
    return page.locator(selector).first.evaluate(
        """element => {
            const light = (style) => {
                const [r, g, b] = style.match(/[0-9.]+/g).slice(0, 3).map((c) => {
                    const s = c / 255;
                    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
                });
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const ink = light(getComputedStyle(element).color);
            const ground = light(getComputedStyle(document.querySelector(".sheet")).backgroundColor);
            return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
        }"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_a_subscription(browser: Browser, service: Service, scheme: str):
    email = f"{scheme}@example.com"
    outbox = Outbox(service)
    page = opened(browser, service, "phone", scheme)

    def shot(name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0]

    page.goto("/subscribe?user=alice")
    shot("subscribe")
    page.get_by_label("Your address").fill(email)
    page.locator("select[name=cadence]").select_option("weekly")
    page.locator("select[name=weekday]").select_option("friday")
    page.locator("select[name=content]").select_option("both")
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_text("Look into your inbox").wait_for()

    mail = outbox.next_to(email)
    page.goto("about:blank")  # the page before forbids inline styles
    page.set_content(mail.get_body(("html",)).get_content())
    shot("confirmation-mail")
    page.goto(address_in(mail, "confirm"))
    shot("confirm")
    page.get_by_role("button", name="Confirm").click()
    page.get_by_text("You are subscribed").wait_for()
    page.get_by_text("Friday").wait_for()

    outbox.make_due()
    mail = outbox.next_to(email, 2)
    page.goto(address_in(mail, "preferences"))
    shot("fresh")
    page.get_by_role("button", name="Mail me the link").click()
    page.get_by_text("Look into your inbox").wait_for()
    page.goto(address_in(outbox.next_to(email, 3), "preferences"))
    shot("preferences")
    assert page.locator("select[name=weekday]").input_value() == "friday"
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved").wait_for()

    page.goto(address_in(mail, "unsubscribe"))
    page.get_by_role("button", name="Unsubscribe").click()
    page.get_by_text("You are unsubscribed").wait_for()
    page.close()


def test_the_form_chooses_the_readers_own_zone(browser: Browser, service: Service):
    page = browser.new_page(timezone_id="Asia/Kathmandu", base_url=str(service.http.base_url))
    page.goto("/subscribe")

    assert page.locator("select[name=timezone]").input_value() in (
        "Asia/Kathmandu",
        "Asia/Katmandu",
    )
    page.close()


def test_the_preview_page_shows_the_mail_in_a_frame(browser: Browser, service: Service):
    page = opened(browser, service, "desktop", "light")
    page.goto("/digest/preview?user=alice")

    page.frame_locator("iframe").get_by_text("Picked for you").wait_for()
    page.screenshot(path=SCREENSHOTS / "preview-page.png")
    page.close()


def test_opening_a_link_counts_a_click_and_leads_on(browser: Browser, service: Service):
    outbox = Outbox(service)
    service.http.post(
        "/v1/subscriptions", json={"email": "c@example.com", "user": "carol", "content": "both"}
    )
    service.http.post(address_in(outbox.next_to("c@example.com"), "confirm"))
    outbox.make_due()
    link = address_in(outbox.next_to("c@example.com", 2), "c/")
    page = opened(browser, service, "phone", "light")
    page.route("https://example.com/**", lambda route: route.fulfill(body="the paper itself"))

    page.goto(link)

    page.wait_for_url("https://example.com/**")
    interactions = wait_until(
        lambda: (
            (found := service.http.get("/v1/users/carol")).status_code == 200
            and found.json()["interactions"]
        ),
        "the click is counted",
    )
    assert [i["signals"]["click"]["count"] for i in interactions] == [1]
    page.close()


def test_without_scripts_a_button_counts_and_leads_on(browser: Browser, service: Service):
    outbox = Outbox(service)
    service.http.post("/v1/subscriptions", json={"email": "d@example.com"})
    service.http.post(address_in(outbox.next_to("d@example.com"), "confirm"))
    outbox.make_due()
    link = address_in(outbox.next_to("d@example.com", 2), "c/")
    page = browser.new_page(java_script_enabled=False)
    page.route("https://example.com/**", lambda route: route.fulfill(body="the paper itself"))

    page.goto(link)
    page.screenshot(path=SCREENSHOTS / "item-without-scripts.png")
    page.get_by_role("button", name="Read the paper").click()

    page.wait_for_url("https://example.com/**")
    page.close()


def test_the_widget_subscribes(browser: Browser, service: Service):
    page = opened(browser, service, "phone", "light")
    page.goto("/digest/preview?view=text")  # any page of the same origin
    base = str(service.http.base_url).rstrip("/")
    page.route(
        f"{base}/host.html",
        lambda route: route.fulfill(
            content_type="text/html",
            body='<!doctype html><script type="module" src="/embed/subscribe.js"></script>'
            '<recsvc-subscribe cadence="weekly" topics="cs.CL, cs.LG">'
            '<a href="/subscribe">Subscribe</a></recsvc-subscribe>',
        ),
    )
    page.goto("/host.html")
    page.get_by_label("Your e-mail address").fill("widget@example.com")
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_text("a message with a link to confirm is on its way").wait_for()
    page.screenshot(path=SCREENSHOTS / "widget.png")

    mail = Outbox(service).next_to("widget@example.com")
    assert "every Monday" in mail.get_body(("plain",)).get_content()
    page.close()
