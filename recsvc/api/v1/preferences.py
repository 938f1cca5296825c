"""What a reader follows and mutes, over HTTP."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, patch
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta

from recsvc.api.http.door import caller_of
from recsvc.api.services import Services
from recsvc.core.access.caller import OWN, WISHES, Access
from recsvc.core.readers.preferences import Stance, Stances
from recsvc.errors import InvalidError

Reader = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=256, description="Id of the reader; a user token names its own."
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=300)]
Changed = dict[Name, Stance | None]


class PreferencesAnswer(msgspec.Struct, frozen=True):
    """What a reader follows and mutes.

    Attributes:
        organisations: by slug.
        words: words or phrases of titles and texts, in any grammatical form.
    """

    user: str
    topics: Stances
    organisations: Stances
    words: Stances


class PreferencesPatch(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A JSON merge patch (RFC 7396): `follow` or `mute` by name; null takes it back."""

    topics: Changed = msgspec.field(default_factory=dict)
    organisations: Changed = msgspec.field(default_factory=dict)
    words: Changed = msgspec.field(default_factory=dict)


@get("/v1/preferences", operation_id="getPreferences", tags=["users"], access=OWN)
async def get_preferences(
    request: Request[Any, Any, Any], services: NamedDependency[Services], user: Reader = None
) -> PreferencesAnswer:
    """What a reader follows and mutes; nothing for somebody unknown."""
    user = own(request, user)
    found = await services.preferences.read(user)
    return PreferencesAnswer(user, found.topics, found.organisations, found.words)


@patch("/v1/preferences", operation_id="patchPreferences", tags=["users"], access=WISHES)
async def patch_preferences(
    request: Request[Any, Any, Any],
    data: JSONBody[PreferencesPatch],
    services: NamedDependency[Services],
    user: Reader = None,
) -> PreferencesAnswer:
    """Follow, mute or neither; the reader's next feed shows it."""
    changes = {name: getattr(data, name) for name in PreferencesPatch.__struct_fields__}
    user = own(request, user, WISHES)
    found = await services.preferences.change(user, changes)
    return PreferencesAnswer(user, found.topics, found.organisations, found.words)


def own(request: Request[Any, Any, Any], named: str | None, access: Access = OWN) -> str:
    """Return the reader whose own things a request is about.

    Args:
        access: what that asks of a secret key.

    Raises:
        InvalidError: when it names nobody.
        NotAllowedError: when a user token asks for another reader, or a key may name none.
    """
    reader = caller_of(request).reader(named, access)
    if reader is None:
        raise InvalidError("whose?", "user")
    return reader


router = Router("/", route_handlers=[get_preferences, patch_preferences])
