"""Every error that a call raises.

CallError
├── UnreachableError            nothing answered: refused, reset, no such host
├── TimedOutError               nothing answered in time; what was asked may have happened
├── UnexpectedAnswerError       something answered that is not recsvc, or a newer one
└── ProblemError                the service said no, and why (problem details, RFC 9457)
    ├── InvalidError            400, 422: what was sent is wrong; names the field
    │   └── TooLargeError       413: … because there is too much of it
    ├── NotAuthenticatedError   401: no credential, or one that is no longer valid
    ├── NotAllowedError         403: the credential does not reach this far
    ├── NotFoundError           404
    ├── ConflictError           409: somebody else changed it first
    ├── ExpiredError            410: a cursor outlived its list; start again without it
    ├── TooManyRequestsError    429: slow down
    └── ServerError             5xx
        └── UnavailableError    502, 503, 504: try again later
"""

from typing import Any

import msgspec


class CallError(Exception):
    """The root: catch it to catch everything that a call raises.

    Attributes:
        was_sent: whether the service may have seen the request.
    """

    was_sent = True


class UnreachableError(CallError):
    """Raised when nothing answered."""

    def __init__(self, message: str, was_sent: bool) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class TimedOutError(CallError):
    """Raised when nothing answered in time; what was asked may have happened nevertheless."""


class UnexpectedAnswerError(CallError):
    """Raised when the answer is not one of recsvc's."""


class ProblemError(CallError):
    """Raised when the service refuses.

    Attributes:
        status: of the response.
        detail: one sentence.
        field: what is wrong with the request, where it is one field.
        errors: one per field, where there are several.
        retry_after_s: how long to wait, where the service says so.
    """

    def __init__(self, status: int, problem: "Problem", retry_after_s: float | None) -> None:
        super().__init__(problem.detail or problem.title or f"status {status}")
        self.status = status
        self.detail = problem.detail
        self.field = problem.field
        self.errors = problem.errors
        self.retry_after_s = retry_after_s


class InvalidError(ProblemError):
    """Raised when what was sent is wrong."""


class TooLargeError(InvalidError):
    """Raised when a body or a batch is larger than the service takes."""


class NotAuthenticatedError(ProblemError):
    """Raised without a credential, or with one that is no longer valid."""


class NotAllowedError(ProblemError):
    """Raised when the credential does not reach this far."""


class NotFoundError(ProblemError):
    """Raised when there is no such thing."""


class ConflictError(ProblemError):
    """Raised when somebody else changed it first."""


class ExpiredError(ProblemError):
    """Raised when a cursor outlived its list: start again without it."""


class TooManyRequestsError(ProblemError):
    """Raised when a limit is reached; `retry_after_s` says for how long."""


class ServerError(ProblemError):
    """Raised when something went wrong in the service."""


class UnavailableError(ServerError):
    """Raised when the service, what it needs or the way to it is not up to it for the moment."""


_BY_STATUS: dict[int, type[ProblemError]] = {
    400: InvalidError,
    401: NotAuthenticatedError,
    403: NotAllowedError,
    404: NotFoundError,
    408: UnavailableError,
    409: ConflictError,
    410: ExpiredError,
    413: TooLargeError,
    422: InvalidError,
    429: TooManyRequestsError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}


class Problem(msgspec.Struct, frozen=True):
    """A problem detail as the service writes it."""

    title: str = ""
    detail: str = ""
    field: str | None = None
    errors: list[dict[str, Any]] = msgspec.field(default_factory=list)


def problem_of(status: int, body: bytes, retry_after: str | None) -> ProblemError:
    """Return the error for an answer that is none; bodies that are not recsvc's are left out."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        problem = Problem()  # of a proxy on the way
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else ProblemError)
    return kind(status, problem, seconds)
