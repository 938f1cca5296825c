"""Every error that recsvc raises on purpose.

RecsvcError
├── InvalidError             what the caller sent is wrong; names the field
│   ├── TooLargeError        … because there is too much of it
│   ├── TooSlowError         … because it did not come in time
│   ├── UnknownFormatError   … because no importer recognises it
│   └── UnknownEncodingError … because it is compressed in a way that is not spoken here
├── NotAuthenticatedError    the caller did not say who they are, or not convincingly
├── NotAllowedError          the caller may not do this
├── LimitedError             the caller asks too often; says when to come back
├── CrowdedError             everybody together sends or asks too much just now
├── NotFoundError            there is no such thing: an item, a reader, a snapshot, a list …
├── ExpiredError             a cursor outlived its list
├── ConflictError            somebody else changed it first
├── NotFiniteError           scores that should be numbers are not
├── SettingsError            a setting is unknown or out of range; the start stops
├── AlreadyRunningError      another process owns the data folder
├── GroundError              the data folder is another than at the start
├── SourceError              an archive or object store does not answer, or not as it should
├── StoreError               Redis does not answer, or not as it should
│   └── StoreUnavailableError
│       ├── StoreSilentError   nothing comes back from where it should be
│       └── StoreRefusesError  it answers that it will not, for now: no memory, no disk, a replica
├── NewerError               what is kept is in a format of a newer release: it is left alone
├── SnapshotError            a snapshot is corrupt, foreign or from a newer version
└── TrainingError            what trains elsewhere, a cluster, is not there or gave up
"""


class RecsvcError(Exception):
    """The root: catch it to catch everything that recsvc raises on purpose."""


class InvalidError(RecsvcError):
    """Raised when what the caller sent is wrong.

    Args:
        detail: one sentence for the caller.
        field: the field that is wrong, as the caller wrote it; None when no single one is.
    """

    def __init__(self, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class TooLargeError(InvalidError):
    """Raised when a body or a batch is larger than the service takes."""


class TooSlowError(InvalidError):
    """Raised when a body does not come in time."""


class UnknownFormatError(InvalidError):
    """Raised when no importer recognises the content of a file."""


class UnknownEncodingError(InvalidError):
    """Raised when a body is compressed in a way that is not spoken here."""


class NotAuthenticatedError(RecsvcError):
    """Raised when a credential is missing, unknown, expired or forged.

    Args:
        detail: one sentence for the caller; never the credential itself.
        is_presented: whether there was a credential at all.
    """

    def __init__(self, detail: str, is_presented: bool = True) -> None:
        super().__init__(detail)
        self.is_presented = is_presented


class NotAllowedError(RecsvcError):
    """Raised when the caller's credential does not reach this far.

    Args:
        detail: one sentence for the caller.
        scope: the scope that would have been enough; None when none would.
    """

    def __init__(self, detail: str, scope: str | None = None) -> None:
        super().__init__(detail)
        self.scope = scope


class LimitedError(RecsvcError):
    """Raised when the caller asks more often than a limit allows.

    Args:
        retry_after_s: whole seconds after which the same call would be let in.
    """

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class CrowdedError(RecsvcError):
    """Raised when there is too much to do or to hold just now: nothing was done, retry soon."""


class NotFoundError(RecsvcError):
    """Raised when there is no such thing, or when it is no longer there."""


class ExpiredError(RecsvcError):
    """Raised when a cursor outlived the list it came from: start again without it."""


class ConflictError(RecsvcError):
    """Raised when somebody else changed the same thing first: read it again and retry."""


class NotFiniteError(RecsvcError):
    """Raised when scores that should be numbers are not: answer with a list that needs none of them."""


class SettingsError(RecsvcError):
    """Raised at start when a setting is unknown or out of range."""


class AlreadyRunningError(RecsvcError):
    """Raised when another process owns the data folder."""


class GroundError(RecsvcError):
    """Raised when the data folder is another than at the start."""


class SourceError(RecsvcError):
    """Raised when an archive on the network does not answer: what came before is kept, go on later."""


class StoreError(RecsvcError):
    """Raised when Redis answers, but not as it should."""


class StoreUnavailableError(StoreError):
    """Raised when Redis does not answer: retry later, with the same event ids."""


class StoreSilentError(StoreUnavailableError):
    """Raised when nothing comes back from where Redis should be.

    Args:
        told: what the driver says of it, for operators: addresses and paths that are nobody else's.
    """

    SAID = "the store does not answer"

    def __init__(self, told: str) -> None:
        super().__init__(f"{self.SAID}: {told}")


class StoreRefusesError(StoreUnavailableError):
    """Raised when Redis answers that it will not for now: nothing was written, retry later."""


class SnapshotError(RecsvcError):
    """Raised when a snapshot is corrupt, foreign or from a newer version: keep the old one."""


class NewerError(RecsvcError):
    """Raised when what is kept is in a format of a newer release: nothing was touched."""


class TrainingError(RecsvcError):
    """Raised when a cluster that should train is not there, or gave up."""
