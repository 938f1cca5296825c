"""`recsvc doctor` finds what is wrong with a deployment, names it, and says what to do."""

import pytest

from tests.relay import Relay
from tests.service import Service, free_port, wait_until


def found(service: Service, **settings: object) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit code, and by examination its mark and what it said."""
    done = service.run("doctor", **settings)
    assert "Traceback" not in done.stderr
    lines = [line.split(None, 2) for line in done.stdout.splitlines()]
    return done.returncode, {name: (mark, said) for mark, name, said in lines}


def test_a_service_that_is_well(new_service):
    service = new_service().start()
    service.put_all([{"id": "beetles", "title": "Beetles"}])
    service.act("u", "upvote", "beetles")
    wait_until(lambda: service.ids("/v1/trending") == ["beetles"], "the vote on the boards")

    with Relay() as relay:
        code, findings = found(
            service, smtp_host="127.0.0.1", smtp_port=relay.port, smtp_tls="none"
        )

    assert code == 0, findings
    assert findings.pop("kernels")[0] in ("ok", "note")  # whether there was a compiler
    assert {name: mark for name, (mark, _) in findings.items()} == {
        "folder": "ok", "store": "ok", "clock": "ok", "api": "ok", "worker": "ok",
        "keys": "note", "address": "ok", "mail": "ok", "archive": "ok",
    }  # fmt: skip

    # Whatever is broken is wrong by its own name, and nothing else is.
    silent = {"smtp_host": "127.0.0.1", "smtp_port": free_port(), "smtp_tls": "none"}
    broken = [
        ("mail", silent, "RECSVC_SMTP"),
        ("api", {"port": free_port()}, "is `recsvc up` running?"),
        ("keys", {"host": "0.0.0.0", "public_url": "https://papers.example"}, "recsvc keys create"),
    ]  # fmt: skip
    for name, settings, words in broken:
        code, findings = found(service, **settings)
        assert code == 1
        wrong = {name: said for name, (mark, said) in findings.items() if mark == "wrong"}
        assert wrong.keys() - ({"api"} if name == "keys" else set()) == {name}
        assert words in wrong[name]


def test_where_nothing_runs_it_says_so_and_makes_nothing(tmp_path):
    service = Service(tmp_path / "nowhere")
    service.http.close()

    code, findings = found(service)

    assert code == 1
    assert findings["api"][0] == "wrong"
    assert findings["worker"] == ("note", "not looked at, as the store does not answer")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"?")]
)
def test_a_file_of_the_archive_that_is_gone_or_damaged_is_named(tmp_path, new_service, damage):
    service = new_service(archive_every_s=1).start()
    service.put_all([{"id": "beetles", "title": "Beetles"}])
    service.act("u", "upvote", "beetles")
    archive = service.folder / "archive"
    (path,) = wait_until(lambda: list(archive.glob("2*/*.parquet")), "a file of the archive", 30)
    service.stop()
    damage(path)

    _, findings = found(service)

    assert findings["archive"][0] == "wrong"
    assert path.name in findings["archive"][1]
