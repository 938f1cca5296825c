import re
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.core.mail.subscription import Pending, Preferences
from recsvc.core.text.display import readable
from recsvc.mail.links import Click
from recsvc.mail.rendering import Renderer, described
from recsvc.mail.wording import clipped, one_line, wrapped
from tests.mail.mails import digest, links, mail, paper, params, subscription


class Page(HTMLParser):
    """What an HTML mail holds, as a mail program's parser sees it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        names = ("href", "src", "background", "action", "poster", "srcset")
        self.addresses += [value for name, value in attributes if name in names]

    def handle_data(self, data):
        self.words.append(data)


def rendered(**changes: object):
    made = digest(paper("A title", text="What it says.", n_authors=7, topics=("cs.CL",)), **changes)
    return Renderer(links(), params()).digest(made, subscription().id)


def test_nothing_is_loaded_from_anywhere():
    page = Page(rendered().html)

    assert not {"img", "script", "link", "iframe", "object", "video", "form"} & set(page.tags)
    assert "url(" not in rendered().html
    assert "@import" not in rendered().html
    assert all(a.startswith("https://papers.example.org/") for a in page.addresses)


def test_styles_are_inlined_and_dark_colours_stay():
    html = rendered().html

    assert re.search(r'<a class="title"[^>]*style="[^"]*color', html)
    assert "prefers-color-scheme: dark" in html
    assert '<meta name="color-scheme" content="light dark">' in html


def test_both_forms_say_the_same_and_lead_to_the_same_places():
    made = rendered()
    page = Page(made.html)

    for word in ("A title", "What it says.", "7 authors · cs.CL", "Trending: 3 upvotes"):
        assert word in made.text
        assert word in " ".join(page.words)
    assert set(re.findall(r"https://\S+", made.text)) == set(page.addresses)


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=400), st.text(max_size=100))
def test_no_text_becomes_markup(text: str, title: str):
    harmless = Page(mail(digest(paper("Title", text="Text"))).html).tags

    page = Page(mail(digest(paper(f"T{title}", text=f"T{text}"))).html)

    assert page.tags == harmless
    assert any(one_line(readable(f"T{title}")) in one_line(words) for words in page.words)


def test_links_name_the_feed_and_the_place_and_a_known_reader_only():
    feed = "feed-1"
    anonymous = links().read_click(address_in(rendered().text))
    known = links().read_click(address_in(rendered(follows="sub-1").text))

    assert (anonymous.item, anonymous.feed_id, anonymous.position) == ("paper/0", feed, 0)
    assert anonymous.subscription_id == ""
    assert known.subscription_id == "sub-1"


def test_an_item_is_read_on_the_site_if_it_has_pages_else_where_it_lives():
    click = Click("a/b ä", "feed-1", 4)
    site = links(item_url="https://site.example/p/{id}?lang=en")

    assert links().item(click, "https://elsewhere.example/") == "https://elsewhere.example/"
    assert links().item(click, None) is None
    assert site.item(click, "https://elsewhere.example/") == (
        "https://site.example/p/a%2Fb%20%C3%A4?lang=en&feed_id=feed-1&position=4"
    )


def address_in(text: str) -> str:
    (found,) = re.findall(r"https://papers\.example\.org/c/(\S+)", text)
    return found


def test_a_subject_counts_what_it_does_not_name():
    made = digest(paper("First"), paper("Second"), paper("Third"))

    assert Renderer(links(), params()).digest(made, "id").subject == "First and 2 more"


def test_a_confirmation_says_what_it_starts_and_that_doing_nothing_is_fine():
    wanted = Preferences(timezone="Asia/Tokyo", hour=18, cadence="weekly", weekday="friday")
    made = Renderer(links(), params()).confirmation(Pending("id", "a@b.example", wanted, 1, 1), "t")

    said = " ".join(made.text.split())
    assert "every Friday at 18:00, Asia/Tokyo time" in said
    assert "do nothing" in said
    assert "https://papers.example.org/confirm?token=t" in said
    assert "https://papers.example.org/confirm?token=t" in Page(made.html).addresses


def test_a_rhythm_in_words():
    assert described(Preferences(hour=7, minute=5)) == "every day at 07:05, UTC time"


@given(st.text())
def test_one_line_is_one_line(text: str):
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert line == " ".join(line.split())
    assert not set(line) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200f\ufeff")


@given(st.text(), st.integers(10, 60))
def test_clipped_text_fits_and_is_a_beginning(text: str, length: int):
    short = clipped(text, length)

    assert len(short) <= length
    assert one_line(text).startswith(short.removesuffix("…"))


def test_text_is_cut_between_words():
    assert clipped("one two three four", 12) == "one two…"
    assert clipped("one two", 12) == "one two"


def test_long_addresses_are_not_broken():
    url = "https://papers.example.org/" + "x" * 100

    assert url in wrapped(f"See {url} for more", 3)
