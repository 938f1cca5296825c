"""What a paper's page says, and what crawlers are told of the pages."""

from tests.service import Service, wait_until


def test_a_stored_summary_is_shown_with_who_wrote_it_and_no_markup_of_its_own(service: Service):
    extra = {"ai_summary": "Snails <b>are</b> slow in $x^2$.", "ai_summary_model": "model <7>"}
    service.put("page/summary", title="Snails and what they do", extra=extra)
    service.put("page/odd-summary", title="Slugs and what they do", extra={"ai_summary": [1]})
    paths = ["/papers/page%2Fsummary", "/papers/page%2Fodd-summary"]
    wait_until(
        lambda: all(service.http.get(path).status_code == 200 for path in paths), "the papers"
    )

    summed, odd = (service.http.get(path).text for path in paths)

    assert "In a sentence, by model &lt;7&gt;:</strong> Snails" in summed
    assert "<b>are" not in summed
    assert "In a sentence" not in odd


def test_crawlers_are_asked_to_leave_alone_what_is_one_readers(service: Service):
    answer = service.http.get("/robots.txt")

    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert lines[0] == "User-agent: *"
    assert {"Disallow: /for-you", "Disallow: /you", "Disallow: /v1/"} <= set(lines)
    assert "Disallow: /" not in lines
    assert not [line for line in lines if "/papers" in line or "/daily" in line]
