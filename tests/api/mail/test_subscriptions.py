"""Subscribing, confirming, changing and leaving over HTTP, with the mails that a person would get."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from tests.outbox import Outbox, address_in, addresses_in
from tests.service import Service, wait_until

N_ITEMS = 12


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service behind a proxy: each test comes from a network of its own."""
    running = Service(
        tmp_path_factory.mktemp("mail") / "data",
        trusted_proxies="127.0.0.1",
        subscribe_per_network_hour=5,
        digest_items=3,
    ).start()
    running.put_all(
        [
            {"id": f"paper/{n}", "title": f"Paper {n} <EOS> & more", "text": f"About topic {n}.",
             "url": f"https://example.com/{n}?a=1&b=2"}
            for n in range(N_ITEMS)
        ]
    )  # fmt: skip
    running.send(
        *[{"user": f"v{n}", "kind": "upvote", "item": f"paper/{n}"} for n in range(N_ITEMS)]
    )
    running.settled()
    # A proxy is in front, so there are keys: the host's servers have one, its pages another.
    made = running.http.post("/v1/keys", json={"kind": "secret"})
    running.http.headers["authorization"] = f"Bearer {made.json()['key']}"
    yield running
    running.stop()
    running.http.close()


@pytest.fixture
def outbox(service: Service) -> Outbox:
    return Outbox(service)


_networks = iter(f"198.18.{n}.7" for n in range(1, 255))


@pytest.fixture(scope="module")
def publishable(service: Service) -> str:
    wanted = {"kind": "publishable", "origins": ["https://papers.example.org"]}
    return str(service.http.post("/v1/keys", json=wanted).json()["key"])


@pytest.fixture
def http(service: Service, publishable: str) -> Iterator[httpx.Client]:
    """A browser's client, from a network of its own."""
    headers = {
        "X-Forwarded-For": f"10.9.8.7, {next(_networks)}",
        "Authorization": f"Bearer {publishable}",
    }
    with httpx.Client(base_url=service.http.base_url, headers=headers, timeout=30) as client:
        yield client


def subscribed(http: httpx.Client, outbox: Outbox, email: str, **wish: object) -> str:
    """Subscribe and confirm; return the address that confirmed."""
    before = len(outbox.to(email))
    answer = http.post("/v1/subscriptions", json={"email": email, **wish})
    assert answer.status_code == 202, answer.text
    address = address_in(outbox.next_to(email, before + 1), "confirm")
    assert http.post(address).status_code == 200
    return address


def digest_to(outbox: Outbox, email: str):
    """Let the next mail be due and wait for it."""
    before = len(outbox.to(email))
    outbox.make_due()
    return outbox.next_to(email, before + 1)


def test_known_and_unknown_addresses_are_answered_alike(http: httpx.Client, outbox: Outbox):
    subscribed(http, outbox, "known@example.com")

    known = http.post("/v1/subscriptions", json={"email": "known@example.com"})
    unknown = http.post("/v1/subscriptions", json={"email": "unknown@example.com"})

    assert known.status_code == unknown.status_code == 202
    assert known.content == unknown.content
    counted = ("date", "ratelimit")  # of the caller, who asked twice
    assert {k: v for k, v in known.headers.items() if k not in counted} == {
        k: v for k, v in unknown.headers.items() if k not in counted
    }
    assert (
        outbox.next_to("unknown@example.com")["Subject"]
        == outbox.next_to("known@example.com")["Subject"]
    )


def test_json_labelled_as_text_is_taken(http: httpx.Client):
    answer = http.post(
        "/v1/subscriptions",
        content=json.dumps({"email": "text@example.com"}),
        headers={"Content-Type": "text/plain"},
    )

    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "email"),
        ({"email": "a@localhost"}, "email"),
        ({"email": "a@example.com", "timezone": "Mars/Olympus"}, "timezone"),
        ({"email": "a@example.com", "hour": 24}, "hour"),
        ({"email": "a@example.com", "cadence": "hourly"}, "cadence"),
        ({"email": "a@example.com", "content": "personal"}, "content"),
        ({"email": "a@example.com", "hours": 7}, "hours"),
        ({"email": "a@example.com", "topics": [""]}, "topics"),
    ],
)
def test_what_is_wrong_with_a_wish_is_named(http: httpx.Client, wish: dict, field: str):
    answer = http.post("/v1/subscriptions", json=wish)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"].startswith(field)


def test_a_network_that_asks_too_often_has_to_wait(http: httpx.Client):
    answers = [
        http.post("/v1/subscriptions", json={"email": f"n{n}@example.com"}) for n in range(6)
    ]

    assert [a.status_code for a in answers] == [202] * 5 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3_600
    page = http.post("/subscribe", data={"email": "n9@example.com"})
    assert page.status_code == 429
    assert "text/html" in page.headers["content-type"]


def test_an_address_is_not_bombed_and_the_answer_does_not_say_so(service: Service, outbox: Outbox):
    answers = []
    for n in range(6):
        headers = {"X-Forwarded-For": f"203.0.{n}.7"}
        wish = {"email": "Victim@example.com" if n % 2 else "victim@example.com"}
        answers.append(service.http.post("/v1/subscriptions", json=wish, headers=headers))

    assert {a.status_code for a in answers} == {202}
    assert len({a.content for a in answers}) == 1
    service.http.post("/v1/subscriptions", json={"email": "after@example.com"},
                      headers={"X-Forwarded-For": "203.0.113.99"})  # fmt: skip
    outbox.next_to("after@example.com")
    mails = outbox.to("victim@example.com") + outbox.to("Victim@example.com")
    assert len(mails) == 3


def test_looking_at_the_confirmation_does_not_confirm(http: httpx.Client, outbox: Outbox):
    http.post("/v1/subscriptions", json={"email": "looks@example.com"})
    address = address_in(outbox.next_to("looks@example.com"), "confirm")
    before = outbox.subscriptions()

    page = http.get(address)

    assert page.status_code == 200
    assert '<form method="post">' in page.text
    assert "l…@example.com" in page.text
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert outbox.subscriptions() == before


def test_confirming_twice_does_no_harm(http: httpx.Client, outbox: Outbox):
    address = subscribed(http, outbox, "twice@example.com", timezone="Asia/Tokyo", hour=18)

    again = http.post(address)

    assert again.status_code == 200
    assert "(Asia/Tokyo)" in again.text
    assert "You are subscribed" in http.get(address).text, "nor opening the mail's link once more"


def test_a_subscription_keeps_the_proof_of_consent_and_nothing_of_the_network(
    http: httpx.Client, outbox: Outbox
):
    subscribed(http, outbox, "proof@example.com")

    (raw,) = [raw for raw in outbox.subscriptions().values() if b"proof@" in raw]
    consent = json.loads(raw)["consent"]
    assert consent["wording"] >= 1
    assert consent["requested_us"] <= consent["confirmed_us"]
    assert len(consent["proof"]) == 64
    assert b"198.51" not in raw
    assert not any("198.51" in key for key in outbox.keys("*"))


@pytest.mark.parametrize("page", ["confirm", "unsubscribe", "preferences"])
def test_addresses_that_were_not_made_here_are_refused(http: httpx.Client, page: str):
    for method in ("GET", "POST"):
        answer = http.request(method, f"/{page}", params={"token": "forged"})
        assert answer.status_code == 403
        assert "text/html" in answer.headers["content-type"]


def test_an_address_for_one_purpose_is_worth_nothing_for_another(
    http: httpx.Client, outbox: Outbox
):
    subscribed(http, outbox, "purpose@example.com")
    mail = digest_to(outbox, "purpose@example.com")
    token = address_in(mail, "unsubscribe").partition("token=")[2]

    assert http.get("/preferences", params={"token": token}).status_code == 403


def test_one_click_unsubscribes(http: httpx.Client, outbox: Outbox):
    subscribed(http, outbox, "oneclick@example.com")
    mail = digest_to(outbox, "oneclick@example.com")
    address = mail["List-Unsubscribe"].strip("<>")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    answer = httpx.post(address, data={"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    assert answer.content == b""
    assert "set-cookie" not in answer.headers
    assert not any(b"oneclick@" in raw for raw in outbox.subscriptions().values())
    assert httpx.post(address, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert "not subscribed" in http.get(address).text


def test_the_button_unsubscribes_and_offers_a_way_back(http: httpx.Client, outbox: Outbox):
    subscribed(http, outbox, "button@example.com")
    address = address_in(digest_to(outbox, "button@example.com"), "unsubscribe")

    page = http.get(address).text
    assert '<form method="post">' in page
    assert not any(mine in page for mine in ("example.com", "07:00", "UTC")), "it may be forwarded"
    answer = http.post(address)

    assert "unsubscribed" in answer.text
    assert 'href="/subscribe"' in answer.text
    assert not any(b"button@" in raw for raw in outbox.subscriptions().values())


def test_a_scanner_that_opens_every_link_changes_nothing(
    http: httpx.Client, outbox: Outbox, service: Service
):
    http.post("/v1/subscriptions", json={"email": "waiting@example.com"})
    waiting = outbox.next_to("waiting@example.com")
    subscribed(http, outbox, "scanned@example.com")
    mail = digest_to(outbox, "scanned@example.com")
    before, keys = outbox.subscriptions(), outbox.keys("rs:*profile*")

    links = addresses_in(waiting) + addresses_in(mail)
    for link in links:
        assert http.get(link, follow_redirects=True).status_code == 200, link
        http.head(link)
        http.options(link)

    assert {"confirm", "unsubscribe", "preferences", "c"} <= {
        link.split("/")[3].partition("?")[0] for link in links
    }
    after = outbox.subscriptions()
    assert after == before
    assert any(b"scanned@" in raw for raw in after.values())
    assert not any(b"waiting@" in raw for raw in after.values())
    service.settled()
    assert outbox.keys("rs:*profile*") == keys, "no click was counted"


def test_preferences_are_shown_and_changed(http: httpx.Client, outbox: Outbox):
    subscribed(
        http, outbox, "prefers@example.com", timezone="Asia/Tokyo", hour=0, topics=["a", "b"]
    )
    outbox.service.put("about-a", topics=["a"])
    outbox.service.act("somebody", "upvote", "about-a")
    outbox.service.settled()
    in_every_mail = address_in(digest_to(outbox, "prefers@example.com"), "preferences")

    asking = http.get(in_every_mail).text
    assert not any(mine in asking for mine in ("Tokyo", "a, b", "example.com"))
    before = len(outbox.to("prefers@example.com"))
    fields = {"timezone": "Europe/Berlin", "hour": "9", "cadence": "weekly", "weekday": "friday"}
    assert "inbox" in http.post(in_every_mail, data=fields).text, "and nothing is changed"
    address = address_in(outbox.next_to("prefers@example.com", before + 1), "preferences")
    form = http.get(address).text
    assert "<option selected>Asia/Tokyo</option>" in form
    assert '<option value="0" selected>00:00</option>' in form
    assert 'value="a, b"' in form
    saved = http.post(address, data=fields)

    assert "Friday" in saved.text
    assert "at 09:00 (Europe/Berlin)" in saved.text
    wrong = http.post(address, data=fields | {"timezone": "Mars/Olympus"})
    assert wrong.status_code == 400
    assert "unknown time zone" in wrong.text
    assert http.post(address, data=fields | {"content": "personal"}).status_code == 400


def test_a_mail_carries_its_reader_to_another_browser_and_their_page_manages_it(
    http: httpx.Client, outbox: Outbox
):
    first = "reads-here@example.com"
    http.post("/vote", data={"item": "paper/3", "kind": "save"})
    http.post("/subscribe", data={"email": first, "cadence": "weekly", "timezone": "Europe/Rome"})
    http.post(address_in(outbox.next_to(first), "confirm"))

    page = http.get("/you").text
    assert "r…@example.com" in page
    assert "Europe/Rome" in page
    (change,) = re.findall(r'href="[^"]*(/preferences\?token=[^"]+)"', page)
    assert "<option selected>Europe/Rome</option>" in http.get(change).text

    with httpx.Client(base_url=http.base_url, headers=http.headers, timeout=30) as elsewhere:
        assert "paper%2F3" not in elsewhere.get("/saved").text
        before = len(outbox.to(first))
        elsewhere.post("/mail-links", data={"email": first})
        opened = elsewhere.get(address_in(outbox.next_to(first, before + 1), "preferences")).text
        (link,) = re.findall(r"/you/join\?link=([^\"]+)", opened)
        elsewhere.post("/you/join", data={"link": link})
        assert "paper%2F3" in elsewhere.get("/saved").text


def test_no_mail_makes_a_browser_a_reader_of_the_host(service: Service, outbox: Outbox):
    email = "of-the-host@example.com"
    wish = {"email": email, "user": "alice-of-the-host"}
    assert service.http.post("/v1/subscriptions", json=wish).status_code == 202
    service.http.post(address_in(outbox.next_to(email), "confirm"))
    before = len(outbox.to(email))
    service.http.post("/mail-links", data={"email": email})

    opened = service.http.get(address_in(outbox.next_to(email, before + 1), "preferences")).text

    assert "o…@example.com" in opened
    assert "/you/join" not in opened


def test_who_asks_too_often_by_hand_gets_a_page_that_leads_on(http: httpx.Client):
    wishes = [{"email": f"often{n}@example.com"} for n in range(6)]
    for wish in wishes:
        answer = http.post("/subscribe", data=wish, headers={"Accept": "text/html"})

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "This did not work" in answer.text
    assert 'href="/"' in answer.text


def test_the_form_subscribes(http: httpx.Client, outbox: Outbox):
    assert "Subscribe to Daily Papers" in http.get("/subscribe").text
    answer = http.post(
        "/subscribe",
        data={"email": "form@example.com", "timezone": "Asia/Kathmandu", "hour": "6", "minute": "45",
              "cadence": "weekly", "weekday": "sunday", "topics": "cs.CL, cs.LG"},
    )  # fmt: skip

    assert answer.status_code == 200
    assert "inbox" in answer.text
    said = " ".join(outbox.next_to("form@example.com").get_body(("plain",)).get_content().split())
    assert "every Sunday at 06:45, Asia/Kathmandu time" in said


def test_a_form_with_a_mistake_comes_back_as_it_was_filled_in(http: httpx.Client):
    answer = http.post("/subscribe", data={"email": '"><script>', "topics": "a & b", "hour": "9"})

    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert "<script>" not in answer.text
    assert 'value="a &amp; b"' in answer.text
    assert '<option value="9" selected>' in answer.text


def test_a_click_counts_for_the_known_reader_once_and_leads_on(
    http: httpx.Client, outbox: Outbox, service: Service
):
    service.act("alice", "save", "paper/11")
    subscribed(service.http, outbox, "alice@example.com", user="alice", content="both")
    mail = digest_to(outbox, "alice@example.com")
    address = address_in(mail, "c/")

    page = http.get(address)
    assert 'data-target="https://example.com/' in page.text
    assert len(service.get("/v1/users/alice")["interactions"]) == 1
    assert http.post(address).status_code == 204
    led = http.post(address, data={"go": "1"})

    assert led.status_code == 303
    assert led.headers["location"].startswith("https://example.com/")
    interactions = service.get("/v1/users/alice")["interactions"]
    (clicked,) = [i for i in interactions if "click" in i["signals"]]
    assert clicked["signals"]["click"]["count"] == 1, "the same link twice is one click"


def test_a_click_of_somebody_unknown_counts_for_nobody_in_particular(
    http: httpx.Client, outbox: Outbox
):
    subscribed(http, outbox, "shy@example.com")
    address = address_in(digest_to(outbox, "shy@example.com"), "c/")

    assert http.post(address).status_code == 204

    users = [k.rpartition(":profile:")[2] for k in outbox.keys("rs:*:profile:mail:*")]
    assert len(users) == 1
    assert "shy" not in users[0]


def test_the_preview_shows_the_mail(http: httpx.Client):
    page = http.get("/digest/preview")
    html = http.get("/digest/preview", params={"view": "html"})
    text = http.get("/digest/preview", params={"view": "text"})

    assert "and 2 more" in page.text
    assert "Paper 11 &lt;EOS&gt; &amp; more" in html.text
    assert 'src="?view=html"' in page.text
    assert "Trending today" in html.text
    assert "Trending today" in text.text
    assert "script" not in html.headers["content-security-policy"].replace("default-src 'none'", "")
    assert http.get("/digest/preview", params={"content": "personal"}).status_code == 400


def test_the_preview_of_a_day_without_news_says_so(http: httpx.Client):
    assert "Nothing to send" in http.get("/digest/preview", params={"topic": "nothing"}).text


def test_the_contract_is_in_the_openapi_document(service: Service):
    schema = service.get("/schema")

    assert schema["paths"]["/v1/subscriptions"]["post"]["operationId"] == "subscribe"
    assert not any(path.startswith(("/confirm", "/c/", "/digest")) for path in schema["paths"])


def test_a_killed_digest_worker_is_started_again(
    http: httpx.Client, outbox: Outbox, service: Service
):
    before = service.part("digest")
    service.kill_part("digest")

    subscribed(http, outbox, "survivor@example.com")

    assert service.part("digest") != before


def test_the_form_shows_what_trends(service: Service):
    service.put("sampled/1", title="Sampled <b>paper</b> that trends", text="It says something.")
    service.act("sampler", "upvote", "sampled/1")
    wait_until(lambda: service.ids("/v1/trending", limit=1), "a vote")

    def is_shown() -> bool:
        """Others vote meanwhile: what trended just before is looked for."""
        (first,) = service.ids("/v1/trending", limit=1)
        page = service.http.get("/subscribe").text
        return f'<a href="/papers/{quote(first, safe="")}">' in page and "<b>paper" not in page

    wait_until(is_shown, "what trends most is there")
