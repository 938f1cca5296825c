"""`recsvc import hf-daily` and `recsvc import arxiv`, against a server that replays and misbehaves."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.archive_server import Answer, Archive, Asked
from tests.cli.conftest import Cli
from tests.sources.papers.test_arxiv import ATOM, ENTRY
from tests.sources.reading import real

Make = Callable[[Callable[[Asked], Answer]], Archive]
TODAY = datetime.now(UTC).date()


def daily(*ids: str, day: str = "2025-12-09", upvotes: int = 1) -> str:
    return json.dumps(
        [
            {"paper": {"id": i, "title": f"Paper {i}", "summary": "We.", "upvotes": upvotes,
                       "publishedAt": "2025-12-01T00:00:00Z", "authors": [], "discussionId": i,
                       "submittedOnDailyAt": f"{day}T03:00:00.000Z"}, "title": f"Paper {i}",
             "publishedAt": "2025-12-01T00:00:00Z", "numComments": 2}
            for i in ids
        ]
    )  # fmt: skip


def test_a_day_page_by_page(cli: Cli, archive: Make):
    def answer(asked: Asked) -> Answer:
        page = int(asked.params["p"])
        link = (
            {"Link": '<https://x/?p=1>; rel="next"'} if page == 0 else {"Link": '<x>; rel="prev"'}
        )
        return Answer(daily(f"2512.0000{page}"), headers=link)

    server = archive(answer)

    done = cli.run("import", "hf-daily", "--date", "2025-12-09", "--base-url", server.url)

    assert done.stdout == "2 read: 2 new, 0 changed, 0 unchanged, 0 duplicate, 0 not understood\n"
    assert [a.path for a in server.asked] == ["/api/daily_papers"] * 2
    assert [a.params for a in server.asked] == [
        {"date": "2025-12-09", "p": p, "limit": "100"} for p in "01"
    ]
    item = cli.items()["2512.00000"]
    assert item["listed_at"] == "2025-12-09T03:00:00Z"
    assert (item["origin"], item["comments"]) == ("hf-daily", 2)
    assert all(a.headers["User-Agent"].startswith("recsvc/") for a in server.asked)


def test_another_days_list_for_a_day_without_one_is_not_taken(cli: Cli, archive: Make):
    server = archive(lambda asked: Answer(daily("2512.00001", day="2025-12-12")))

    for asked in (["--date", "2025-12-13"], ["--week", "2026-W02"], ["--month", "2026-01"]):
        done = cli.run("import", "hf-daily", *asked, hf_url=server.url)
        assert done.exit_code == 0
        assert re.search(rf"nothing was listed in {asked[1]}: the answer was of 2025-", done.stderr)

    assert cli.items() == {}


def test_weeks_and_months_hold_their_days(cli: Cli, archive: Make):
    server = archive(lambda asked: Answer(daily("2512.00001", day="2025-12-31")))

    summary = cli.summary(
        "import", "hf-daily", "--week", "2026-W01", "--month", "2025-12", hf_url=server.url
    )

    assert (summary["new"], summary["duplicates"], summary["notes"]) == (1, 1, [])
    assert server.params("week") == ["2026-W01", ""]


def test_what_did_not_change_is_not_sent_again(cli: Cli, archive: Make):
    def answer(asked: Asked) -> Answer:
        if asked.headers["If-None-Match"] == '"1"':
            return Answer(status=304)
        return Answer(
            daily("2512.00001"), headers={"ETag": '"1"', "Last-Modified": "Tue, 9 Dec 2025"}
        )

    server = archive(answer)
    command = ("import", "hf-daily", "--date", "2025-12-09")

    first, second = (
        cli.summary(*command, hf_url=server.url),
        cli.summary(*command, hf_url=server.url),
    )
    server.answer = lambda asked: Answer(daily("2512.00001", upvotes=9))
    third = cli.summary(*command, hf_url=server.url)

    assert [s["read"] for s in (first, second, third)] == [1, 0, 1]
    assert server.asked[1].headers["If-Modified-Since"] == "Tue, 9 Dec 2025"
    assert third["changed"] == 1
    assert cli.items()["2512.00001"]["upvotes"] == 9


def test_without_a_day_it_is_today(cli: Cli, archive: Make):
    server = archive(lambda asked: Answer("[]"))

    done = cli.run("import", "hf-daily", hf_url=server.url)

    assert server.params("date") == [TODAY.isoformat()]
    assert f"nothing was listed in {TODAY}" in done.stderr


def test_a_run_that_was_stopped_goes_on_where_it_was(cli: Cli, archive: Make):
    def answer(asked: Asked) -> Answer:
        day = asked.params["date"]
        if day == "2025-12-03" and not mended:
            return Answer("no such list", status=404)
        return Answer(daily(f"2512.000{day[-2:]}", day=day))

    mended = False
    server = archive(answer)
    command = ("import", "hf-daily", "--since", "2025-12-01", "--until", "2025-12-04")

    stopped = cli.run(*command, hf_url=server.url)
    mended = True
    resumed = cli.run(*command, hf_url=server.url)
    whole = cli.run(*command, hf_url=server.url)

    assert stopped.exit_code == 1
    assert "answered 404 Not Found: no such list" in stopped.stderr
    assert stopped.stdout.startswith("2 read: 2 new"), "what came before is kept, and said"
    assert "going on with a run that was stopped" in resumed.stderr
    assert resumed.stdout.startswith("2 read: 2 new")
    assert whole.stdout.startswith("4 read: 0 new, 0 changed, 4 unchanged")
    assert [day[-1] for day in server.params("date")] == list("123" + "34" + "1234")


def test_a_dry_run_fetches_and_leaves_no_trace(cli: Cli, archive: Make):
    server = archive(lambda asked: Answer(daily("2512.00001")))

    done = cli.run("import", "hf-daily", "--dry-run", "--date", "2025-12-09", hf_url=server.url)

    assert done.stdout.startswith("1 read: 1 would be new")
    assert cli.redis.dbsize() == 0


def test_an_answer_that_is_no_list_is_said(cli: Cli, archive: Make):
    server = archive(lambda asked: Answer("<html>please log in</html>"))

    done = cli.run("import", "hf-daily", hf_url=server.url)

    assert done.exit_code == 2
    assert "did not answer with daily papers: '<html>please log in" in done.stderr


def test_a_day_that_does_not_exist_is_refused(cli: Cli):
    for option, text in [("--date", "2025-13-01"), ("--week", "2025-W54"), ("--month", "2025")]:
        done = cli.run("import", "hf-daily", option, text)
        assert done.exit_code == 2
        assert f"{option}: '{text}' is none" in done.stderr


class Papers:
    """A search API with papers of November 2026, 200 to a page."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.empty = 0
        self.broken_at: int | None = None

    def __call__(self, asked: Asked) -> Answer:
        start = int(asked.params["start"])
        if start == self.broken_at:
            return Answer(status=403)
        if self.empty and start:
            self.empty -= 1
            return Answer(ATOM.format(total=self.n, entries=""))
        size = int(asked.params["max_results"])
        entries = [
            ENTRY.format(id=f"2611.{i:05d}v1").replace("Stop at", f"Paper {i}").replace(
                "<arxiv:doi>10.1000/ABC 10.1000/DEF</arxiv:doi>", ""
            )
            for i in range(start, min(start + size, self.n))
        ]  # fmt: skip
        return Answer(ATOM.format(total=self.n, entries="\n".join(entries)))


def test_categories_of_arxiv_page_by_page(cli: Cli, archive: Make):
    server = archive(Papers(450))
    command = ("import", "arxiv", "--category", "cs.LG", "--category", "cs.CL")

    summary = cli.summary(
        *command, "--since", "2026-11-01", "--until", "2026-11-05", arxiv_url=server.url
    )

    assert (summary["read"], summary["new"], summary["problems"]) == (450, 450, [])
    assert server.params("start") == ["0", "200", "400"]
    assert set(server.params("search_query")) == {
        "(cat:cs.CL OR cat:cs.LG) AND submittedDate:[202611010000 TO 202611060000]"
    }
    assert server.asked[0].params["sortOrder"] == "ascending"
    assert cli.items()["2611.00007"]["published_at"] == "2026-11-02T10:00:00Z"


def test_a_page_that_is_empty_by_mistake_is_asked_for_again(cli: Cli, archive: Make):
    papers = Papers(300)
    papers.empty = 2
    server = archive(papers)
    command = ("import", "arxiv", "--category", "cs.LG", "--since", "2026-11-01")

    summary = cli.summary(*command, arxiv_url=server.url)

    assert summary["new"] == 300
    assert server.params("start") == ["0", "200", "200", "200"]

    papers.empty = 3
    assert "keeps answering with empty pages" in cli.run(*command, arxiv_url=server.url).stderr


def test_a_harvest_that_was_stopped_goes_on_with_the_same_query(cli: Cli, archive: Make):
    papers = Papers(600)
    papers.broken_at = 400
    server = archive(papers)
    command = ("import", "arxiv", "--category", "cs.LG")

    stopped = cli.run(*command, "--since", "2026-11-01", arxiv_url=server.url)
    papers.broken_at = None
    resumed = cli.run(*command, arxiv_url=server.url)

    assert (stopped.exit_code, resumed.exit_code) == (1, 0)
    assert "answered 403" in stopped.stderr
    assert resumed.stdout.startswith("200 read: 200 new")
    assert server.params("start") == ["0", "200", "400", "400"]
    assert len(set(server.params("search_query"))) == 1, "the end of the query stays where it was"
    assert len(cli.items()) == 600


def test_without_a_beginning_the_last_week_is_asked_for_again(cli: Cli, archive: Make):
    server = archive(Papers(1))
    command = ("import", "arxiv", "--category", "cs.LG")

    first = cli.run(*command, arxiv_url=server.url)
    cli.run(*command, "--since", "2026-11-01", arxiv_url=server.url)
    cli.run(*command, arxiv_url=server.url)

    assert (first.exit_code, "--since: nothing was fetched yet" in first.stderr) == (2, True)
    week_ago = TODAY - timedelta(days=7)
    assert f"[{week_ago:%Y%m%d}0000 TO" in server.params("search_query")[-1]


def test_what_moderators_held_back_is_found_by_asking_for_more_days(cli: Cli, archive: Make):
    server = archive(Papers(1))
    command = ("import", "arxiv", "--category", "cs.LG")
    cli.run(*command, "--since", "2026-11-01", arxiv_url=server.url)

    cli.run(*command, "--overlap", "60", arxiv_url=server.url)

    then = TODAY - timedelta(days=60)
    assert f"[{then:%Y%m%d}0000 TO" in server.params("search_query")[-1]


def test_arxivs_own_error_is_said(cli: Cli, archive: Make):
    body = json.loads(real("arxiv_atom/id_abc*").read_text())["body"]
    server = archive(lambda asked: Answer(body, status=400))

    done = cli.run(
        "import", "arxiv", "--category", "x", "--since", "2026-11-01", arxiv_url=server.url
    )

    assert done.exit_code == 1
    assert "incorrect id format for abc" in done.stderr


def test_a_real_recorded_answer_replayed(cli: Cli, archive: Make):
    body = json.loads(real("arxiv_atom/q_testing_s0_m10_*").read_text())["body"]
    body = re.sub(r"(totalResults>)\d+", r"\g<1>10", body)
    server = archive(lambda asked: Answer(body))

    summary = cli.summary(
        "import", "arxiv", "--category", "cs.SE", "--since", "2022-01-01", arxiv_url=server.url
    )

    assert (summary["new"], summary["problems"], len(server.asked)) == (10, [], 1)
