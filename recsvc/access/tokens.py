"""User tokens: who a browser's reader is, by the word of the host (JWT, RFC 7519, HS256).

The host signs `sub` (the reader), `aud` (this service) and `exp`, at most an hour ahead, with a signing
secret that it shares with the service. The algorithm is fixed here: what a token's own header says of
it is worth nothing (RFC 8725, section 3.1).
"""

from typing import Any

import jwt
import msgspec

from recsvc.clock import HOUR_S, SECOND_US
from recsvc.core.ids import Id
from recsvc.errors import NotAuthenticatedError

ALGORITHM = "HS256"
MAX_LIFETIME_S = HOUR_S
LEEWAY_S = 60
MAX_CHARS = 4_096


class _Claims(msgspec.Struct, frozen=True):
    """What is read of a token once its signature fits: PyJWT checks values, not their types."""

    sub: Id
    exp: int | float


def mint(secret: str, user: str, audience: str, now_us: int, lifetime_s: int) -> str:
    """Return a token for a reader, as a host would make it."""
    now_s = now_us // SECOND_US
    claims = {"sub": user, "aud": audience, "iat": now_s, "exp": now_s + lifetime_s}
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def read(token: str, signing_secrets: tuple[str, ...], audience: str, now_us: int) -> str:
    """Return the reader that a token names.

    Raises:
        NotAuthenticatedError: when it is forged, expired, for somebody else, or lives too long.
    """
    if len(token) > MAX_CHARS:
        raise NotAuthenticatedError("this user token is too long")
    try:
        claims = msgspec.convert(_claims(token, signing_secrets, audience), _Claims)
    except msgspec.ValidationError:
        raise NotAuthenticatedError("`sub` is not a user id, or `exp` not a number") from None
    if claims.exp > now_us // SECOND_US + MAX_LIFETIME_S + LEEWAY_S:
        raise NotAuthenticatedError(f"`exp` is more than {MAX_LIFETIME_S} s ahead")
    return claims.sub


def _claims(token: str, signing_secrets: tuple[str, ...], audience: str) -> dict[str, Any]:
    problem = "no signing secret is configured"
    for secret in signing_secrets:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                secret,
                algorithms=[ALGORITHM],
                audience=audience,
                leeway=LEEWAY_S,
                options={"require": ["sub", "aud", "exp"]},
            )
        except jwt.InvalidTokenError as exc:
            problem = _problem(exc)
            if isinstance(exc, jwt.InvalidSignatureError):
                continue  # the other secret may fit
            break
        else:
            return claims
    raise NotAuthenticatedError(f"this user token is not valid: {problem}")


def _problem(exc: jwt.InvalidTokenError) -> str:
    """Say what is wrong without repeating any of the token, as the library's own words may."""
    return next((words for kind, words in _PROBLEMS if isinstance(exc, kind)), "it is malformed")


_PROBLEMS: tuple[tuple[type[jwt.InvalidTokenError], str], ...] = (
    (jwt.InvalidSignatureError, "its signature does not fit"),
    (jwt.ExpiredSignatureError, "it has expired"),
    (jwt.InvalidAudienceError, "`aud` does not name this service"),
    (jwt.ImmatureSignatureError, "it is from the future"),
    (jwt.InvalidAlgorithmError, f"its algorithm is not {ALGORITHM}"),
    (jwt.MissingRequiredClaimError, "it needs `sub`, `aud` and `exp`"),
)
