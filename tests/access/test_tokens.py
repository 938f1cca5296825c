import jwt
import pytest

from recsvc.access import tokens
from recsvc.clock import SECOND_US, now_us
from recsvc.errors import NotAuthenticatedError

SECRET = "rss_abc_" + "s" * 43
OTHER = "rss_def_" + "t" * 43
INSTANTS = ("exp", "iat", "nbf")


def read(token: str, secrets: tuple[str, ...] = (SECRET,)) -> str:
    return tokens.read(token, secrets, "recsvc", now_us())


def signed(secret: str = SECRET, **claims: object) -> str:
    """A token; whole numbers as `exp`, `iat` and `nbf` are seconds from now."""
    now_s = now_us() // SECOND_US
    wanted = {"sub": "alice", "aud": "recsvc", "exp": 600} | claims
    kept = {
        name: now_s + value if name in INSTANTS and isinstance(value, int) else value
        for name, value in wanted.items()
        if value is not None
    }
    return jwt.encode(kept, secret, algorithm="HS256")


def test_a_token_names_its_reader():
    assert read(tokens.mint(SECRET, "alice/é", "recsvc", now_us(), 3600)) == "alice/é"
    assert read(signed(aud=["other", "recsvc"])) == "alice"


def test_either_of_two_secrets_will_do():
    assert read(signed(OTHER), (SECRET, OTHER)) == "alice"
    assert read(signed(SECRET), (SECRET, OTHER)) == "alice"


def test_clocks_may_differ_by_a_minute():
    assert read(signed(exp=-50)) == "alice"
    assert read(signed(exp=3650)) == "alice"
    assert read(signed(iat=50)) == "alice"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": -70}, "expired"),
        ({"exp": 3700}, "ahead"),
        ({"exp": None}, "needs"),
        ({"sub": None}, "needs"),
        ({"aud": None}, "aud"),
        ({"aud": "another-service"}, "aud"),
        ({"iat": 90}, "future"),
        ({"nbf": 90}, "future"),
        ({"sub": ""}, "sub"),
        ({"sub": "a\nb"}, "sub"),
        ({"sub": 7}, "malformed"),
        ({"sub": "x" * 257}, "sub"),
        ({"exp": "tomorrow"}, "malformed"),
        ({"more": "x" * 5000}, "too long"),
    ],
)
def test_a_token_that_claims_too_much_or_too_little_is_refused(claims, reason):
    with pytest.raises(NotAuthenticatedError, match=reason):
        read(signed(**claims))


def test_a_forged_token_is_refused():
    with pytest.raises(NotAuthenticatedError, match="signature"):
        read(signed(OTHER))
    head, claims, signature = signed().split(".")
    other = signed(sub="bob").split(".")[1]
    for forged in (
        f"{head}.{other}.{signature}",
        f"{head}.{claims}.",
        f"{head}.{claims}",
        "..",
        "é",
    ):
        with pytest.raises(NotAuthenticatedError):
            read(forged)


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_the_algorithm_is_not_the_tokens_to_choose(algorithm: str):
    claims = {"sub": "alice", "aud": "recsvc", "exp": now_us() // SECOND_US + 600}
    token = jwt.encode(claims, None if algorithm == "none" else SECRET * 2, algorithm=algorithm)

    with pytest.raises(NotAuthenticatedError):
        read(token)
    with pytest.raises(NotAuthenticatedError):
        read(token, (SECRET * 2,))


def test_without_a_secret_no_token_counts():
    with pytest.raises(NotAuthenticatedError, match="no signing secret"):
        read(signed(), ())


def test_a_reason_never_repeats_the_token():
    for token in ("abc.def.ghi", "\x00.\x01.\x02", signed(OTHER)):
        with pytest.raises(NotAuthenticatedError) as refused:
            read(token)
        assert not any(part and part in str(refused.value) for part in token.split("."))
