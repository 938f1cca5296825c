"""`recsvc rebuild` right after a service: whoever was killed is no longer at work."""

from tests.service import wait_until


def test_a_service_that_was_killed_can_be_rebuilt_at_once(new_service):
    service = new_service().start()
    service.put_all([{"id": "beetles", "title": "Beetles"}])
    service.act("u", "upvote", "beetles")
    wait_until(lambda: service.ids("/v1/trending") == ["beetles"], "the vote on the boards")

    service.part("worker")
    service.kill()
    done = service.run("rebuild", "boards")

    assert (done.returncode, done.stderr) == (0, "")
    assert "1 items counted anew" in done.stdout
