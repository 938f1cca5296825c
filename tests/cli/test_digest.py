"""`recsvc digest` beside a running service."""

import json
import os
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recsvc.cli import main
from tests.mail.test_bounces import report
from tests.outbox import Outbox, address_in
from tests.service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with two subscribers who had their first mail."""
    running = Service(tmp_path_factory.mktemp("mail") / "data", digest_items=2).start()
    running.put_all([{"id": f"paper/{n}", "title": f"Paper {n}"} for n in range(4)])
    running.send(*[{"user": f"v{n}", "kind": "upvote", "item": f"paper/{n}"} for n in range(4)])
    running.settled()
    outbox = Outbox(running)
    for email in ("reader@example.com", "bouncing@example.com"):
        running.http.post("/v1/subscriptions", json={"email": email})
        running.http.post(address_in(outbox.next_to(email), "confirm"))
    outbox.make_due()
    for email in ("reader@example.com", "bouncing@example.com"):
        outbox.next_to(email, 2)
    yield running
    running.stop()
    running.http.close()


def run(service: Service, *arguments: str, **settings: str) -> Result:
    """Run a command in this process: starting Python anew takes longer than all the rest."""
    env = {name: None for name in os.environ if name.startswith("RECSVC_")}
    env |= {f"RECSVC_{k.upper()}": str(v) for k, v in (service.settings | settings).items()}
    return CliRunner().invoke(main, ["digest", *arguments], env=env)


def status(service: Service) -> dict:
    return json.loads(run(service, "status").stdout)


def test_a_preview_is_the_whole_mail(service: Service, tmp_path: Path):
    path = tmp_path / "preview.eml"

    done = run(service, "preview", "Reader@Example.com", "--output", str(path))

    assert done.exit_code == 0, done.stderr
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert message["To"] == "reader@example.com"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Subject"] == "Paper 1 and 1 more", "what was mailed does not come again"


@pytest.mark.parametrize(
    ("suffix", "begins"), [("html", "<!DOCTYPE html>"), ("txt", "Daily Papers")]
)
def test_a_preview_for_a_reader_comes_in_every_form(
    service: Service, tmp_path: Path, suffix: str, begins: str
):
    path = tmp_path / f"preview.{suffix}"

    done = run(service, "preview", "alice", "--output", str(path))

    assert done.exit_code == 0, done.stderr
    assert path.read_text().startswith(begins)


def test_a_preview_for_an_address_that_nobody_subscribed_is_refused(service: Service):
    done = run(service, "preview", "nobody@example.com")

    assert done.exit_code == 2
    assert "n…@example.com has no subscription" in done.stderr


def test_the_plan_shows_what_would_be_sent_and_sends_nothing(service: Service):
    before = status(service)

    done = run(service, "send", "--dry-run", "--within", "48")

    assert done.exit_code == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "r…@example.com" in line]
    assert "07:00" in line
    assert "Paper 1 and 1 more" in line
    assert "reader@" not in done.stdout
    assert status(service) == before


def test_send_sends_what_is_due_and_ends(service: Service):
    done = run(service, "send")

    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip() == "0 done"


def test_a_bounce_suspends_and_the_status_says_so(service: Service, tmp_path: Path):
    before = status(service)
    mail = Outbox(service).to("bouncing@example.com")[1]
    path = tmp_path / "report.eml"
    path.write_bytes(report(mail["Message-ID"]))

    done = run(service, "bounce", str(path))

    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip() == "b…@example.com is suspended"
    after = status(service)
    assert (before["suspended"], after["suspended"], after["subscriptions"]) == (0, 1, 2)
    assert after["mails"]["sent"] == 4
    assert after["last_sent_at"].endswith("Z")


def test_what_is_no_report_is_named(service: Service, tmp_path: Path):
    path = tmp_path / "letter.eml"
    path.write_text("Subject: hello\n\nWho are you?")

    done = run(service, "bounce", str(path))

    assert done.exit_code == 2
    assert "not a delivery status report" in done.stderr


def test_a_password_is_in_no_output(service: Service):
    secret = {"smtp_host": "relay.example", "smtp_user": "me", "smtp_password": "hunter2"}

    done = service.run("digest", "status", **secret, log_level="debug")
    refused = service.run("digest", "status", **secret, smtp_port="hunter2")

    assert done.returncode == 0, done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert refused.returncode == 2
    assert "hunter2" not in refused.stdout + refused.stderr


def test_a_password_is_not_sent_in_the_clear_to_another_machine(service: Service):
    done = run(service, "status", smtp_host="relay.example", smtp_user="me", smtp_tls="none")

    assert done.exit_code == 2
    assert "RECSVC_SMTP_TLS" in done.stderr
