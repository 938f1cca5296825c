"""A list as it is asked for, and as it is answered."""

from datetime import datetime
from typing import Literal

import msgspec

from recsvc.core.choices import Seen
from recsvc.core.experiments.experiment import Trial
from recsvc.core.items.catalogue import NO_FILTERS, Filters
from recsvc.core.items.item import ItemView
from recsvc.core.ranking.account import Account
from recsvc.core.ranking.reasons import ReasonKind
from recsvc.core.ranking.tuning import AS_USUAL, Tuning
from recsvc.core.text.highlight import Part
from recsvc.lists.vouching import Vouched

Match = Literal["all", "some"]
ListSource = Literal["personal", "trending", "new", "similar", "search", "listed", "again"]


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an item is in the list.

    Attributes:
        items: the reader's items that speak most for it.
        share: the share of its score that this reason explains, 0..1.
    """

    kind: ReasonKind
    items: list[str]
    text: str
    share: float | None = None


class Highlights(msgspec.Struct, frozen=True):
    """What a search found of an item, in pieces of plain text.

    Attributes:
        title: all of it.
        text: the stretch that holds most.
    """

    title: list[Part]
    text: list[Part]


class Listed(msgspec.Struct, frozen=True):
    """One place of a list.

    Attributes:
        source: who proposed it; of what was given to be ranked and is not, `hidden`, `own` or `unknown`.
        item: left out with `fields=id`, and of what cannot be ranked.
        match: of a search, whether it holds all words that tell something, or only some.
        highlights: a search's.
        propensity: how likely an explored item was to be shown here.
        account: every voice's points, with `explain=true`.
        vouched: with `explain=true`, its votes by who vouches for them, as in `/v1/votes/explain`.
    """

    id: str
    position: int
    score: float
    source: str
    reason: Reason
    item: ItemView | msgspec.UnsetType = msgspec.UNSET
    match: Match | msgspec.UnsetType = msgspec.UNSET
    highlights: Highlights | msgspec.UnsetType = msgspec.UNSET
    propensity: float | msgspec.UnsetType = msgspec.UNSET
    account: Account | msgspec.UnsetType = msgspec.UNSET
    vouched: dict[str, Vouched] | msgspec.UnsetType = msgspec.UNSET


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A list, and what it was made of, whatever follows it.

    Attributes:
        user: for whom it is; None when it is everybody's.
        events_behind: logged events that are not yet on the boards.
        stale: whether a part that should have had a say was silent.
        sorted_by: what decides the order, in a sentence for people.
    """

    feed_id: str
    user: str | None
    source: str
    snapshot_id: str | None
    trained_at: datetime | None
    generated_at: datetime
    events_behind: int
    stale: bool
    items: list[Listed]
    sorted_by: str = ""


class Feed(Answer, frozen=True, kw_only=True):
    """A list that goes on where its cursor, `next`, says; None at its end.

    Attributes:
        variants: `experiment=variant`, of the experiments that its reader is in; left out without any.
    """

    next: str | None
    variants: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class PeriodFeed(Answer, frozen=True, kw_only=True):
    """What was listed in a period.

    Attributes:
        period: its name.
        previous, next: names of the nearest periods before and after in which something was listed.
        cursor: continues this period's list; None at its end.
    """

    period: str
    previous: str | None
    next: str | None
    cursor: str | None


class Page(msgspec.Struct, frozen=True):
    """How a list is asked for.

    Attributes:
        user: who asks for a list that is everybody's: it comes without what they hid and mute.
        ids_only: leave the items' fields out.
        encoded: the items' fields as the JSON they become, for answers that are only sent on.
        explain: with the whole account of each personal place.
        goes_on: whether whoever asks could ask for a further page: without, none is kept for them.
    """

    limit: int = 20
    cursor: str | None = None
    filters: Filters = NO_FILTERS
    ids_only: bool = False
    encoded: bool = False
    explain: bool = False
    user: str | None = None
    goes_on: bool = True


class FeedOptions(msgspec.Struct, frozen=True):
    """What a reader may change about their feed; None leaves the setting in force.

    Attributes:
        tires: whether what was passed over steps back.
        trial: of the experiments that the reader is in; None: whoever makes the list finds out.
        is_look: whether whoever asks is not its reader: it counts as shown to nobody.
    """

    seen: Seen | None = None
    freshness_half_life_days: float | None = None
    diversity: float | None = None
    explore: float | None = None
    tires: bool = True
    trial: Trial | None = None
    is_look: bool = False

    @property
    def tuning(self) -> Tuning:
        """What of ranking is otherwise than usual: what was asked for, before what a trial says."""
        return self._asked_of(AS_USUAL if self.trial is None else self.trial.tuning)

    @property
    def rival(self) -> Tuning | None:
        """The same of every other pick of an interleaved list; None of others."""
        rival = None if self.trial is None else self.trial.rival
        return None if rival is None else self._asked_of(rival)

    @property
    def tries(self) -> bool:
        """Whether a trial names the model that ranks."""
        tuned = () if self.trial is None else (self.trial.tuning, self.trial.rival)
        return any(one is not None and one.snapshot is not None for one in tuned)

    def _asked_of(self, tuned: Tuning) -> Tuning:
        if self.freshness_half_life_days is None:
            return tuned
        asked = Tuning(blend=(("fresh_half_life_days", self.freshness_half_life_days),))
        return tuned.and_then(asked)
