"""The blend over HTTP and on the command line: what is proposed, and that nothing is offered unasked."""

from tests.secured import Secured
from tests.service import Service


def test_it_says_what_is_in_force_and_why_nothing_is_proposed(service: Service):
    found = service.get("/v1/blend")
    assert found["weights"]["personal"] > 0
    assert found["offered"] is None
    assert found["proposal"] is None
    assert found["why"]

    refused = service.http.post("/v1/blend/offer")
    assert refused.status_code == 409
    assert "nothing is proposed" in refused.text
    assert service.http.delete("/v1/blend/offer").status_code == 204
    assert service.get("/v1/blend")["offered"] is None


def test_the_command_says_the_same(service: Service):
    shown = service.run("blend", "show").stdout
    assert "nothing is proposed" in shown or "no worker has looked yet" in shown
    assert "nothing was offered" in service.run("blend", "withdraw").stdout


def test_only_owners_offer_and_only_keys_for_figures_look(secured: Secured):
    figures = secured.make(kind="secret", scopes=["metrics"])[1]
    for key in (figures, secured.token("somebody"), secured.publishable):
        assert secured.call("POST", "/v1/blend/offer", key).status_code == 403
        assert secured.call("DELETE", "/v1/blend/offer", key).status_code == 403
    assert secured.call("GET", "/v1/blend", figures).status_code == 200
    assert secured.call("GET", "/v1/blend", secured.publishable).status_code == 403
