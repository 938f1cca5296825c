"""Every Redis key, in one place.

Users map to 64 logical shards by hash. All keys of shard s carry the hash tag `{s}` and all keys of
the site as a whole carry `{site}`, so that a Redis Cluster spreads them over its nodes and a call
that names keys of one shard, or of the site, names one slot. On one server a call of `record` writes
events of several shards, and one XREADGROUP of a worker reads them all; on a cluster it is one call
for each shard.

Key                         Type    Bound            Writer        Reader   Holds
rs:{s}:events               stream  trimmed          api           worker   the log of record of shard s
rs:{s}:dead                 stream  10,000 entries   worker        people   entries that can never succeed
rs:{s}:ids:<bucket>         set     TTL              api           api      keyed digests of event ids seen lately
rs:{s}:ids:anon:<bucket>    set     ids, TTL         api           api      the same of anonymous sessions
rs:{s}:forgotten            hash    erasures, TTL    api           api      keyed digest of a reader -> their latest
                                                                            erasure: event ids of before count for none
rs:{s}:strangers            zset    strangers, TTL   api           api      anonymous session -> when it was last
                                                                            heard of (µs)
rs:{s}:profile:<user>       hash    items cap, TTL   api           api      item -> packed interaction; field ""
                                                                            -> entry id of the latest vote, field
                                                                            U+0001 -> instant first seen (µs), field
                                                                            U+0003 -> version, another after each
                                                                            event
rs:{s}:shown:<user>         zset    items cap, TTL   api           api      item -> instant last shown (µs)
rs:{s}:readers              zset    readers, TTL     api, worker   all      reader -> when they last did anything or
                                                                            were shown anything (µs); no anonymous one
rs:{s}:names                zset    readers, TTL     api, worker   all      the same readers, in the order of ids
rs:{s}:prefs:<user>         hash    500 fields, TTL  api           api      what is followed and muted; field "" ->
                                                                            private feed address valid since (µs). Of
                                                                            anonymous sessions 50, and only they end
rs:{s}:lists:<fingerprint>  stream  20 lists, TTL    api           api      a reader's ranked lists that wait for
                                                                            their next page (packed rows, scores)
rs:{s}:erasures             hash    requests         api           worker   erasure id -> who must go, up to where
rs:{site}:lists             stream  lists cap, TTL   api           api      the same of everybody's lists
rs:{site}:erased            hash    100,000          worker        api      erasure id -> proof (JSON), nobody named
rs:{site}:exports           hash    TTL by hand      api, worker   worker   export id -> whose (JSON)
rs:{site}:questions         hash    TTL by hand      api           worker   question id -> what of the log (JSON)
rs:{site}:answers           hash    TTL by hand      worker        api      question id -> entries of the log (JSON)
rs:{site}:exposures         stream  2,048 packs      api           worker   lists served (msgpack), until they are in a file
rs:{site}:experiments       hash    200              api, cli      all      experiment -> how it is set (JSON)
rs:{site}:experimented      hash    200              worker        api      experiment -> what came of it (JSON)
rs:{site}:loop              hash    2,160 hours      worker        api      hour (since 1970) -> what its lists were like (msgpack)
rs:{site}:export:<id>       list    TTL              worker        api      lines of an export
rs:{site}:epochs            list    epochs met       worker        worker   logs whose events are held, current first
rs:{site}:traces            list    128, TTL         worker        worker   traces of what was applied since a training (W3C
                                                                            traceparent), the latest first
rs:{site}:format            string  one              all           all      format of all these keys, a number
rs:{site}:problems          hash    TTL              worker        api      name of a problem -> what to say of it
rs:{site}:indexed           string  one              worker        worker   present once all readers are in `readers`
rs:{site}:secret            string  one              any           all      key of everything the service signs
rs:{site}:keys              hash    1,000            api, cli      api      key id -> credential (JSON)
rs:{site}:keyed             string  one              api, cli      api      present once a credential was ever made; `counted`
                                                                            once the boards were counted anew for it
rs:{site}:networks          string  TTL              api           api      key of what stands for networks of strangers
rs:{site}:catalogue         string  one              api, import   all      id of this catalogue, made once
rs:{site}:items             hash    catalogue        api, import   all      item -> JSON of the stored item
rs:{site}:rows              hash    catalogue        api, import   all      item -> row, never reused for another
rs:{site}:aliases           hash    20 per item      api, import   all      other name of an item -> item
rs:{site}:changes           stream  100,000 entries  api, import   api      items that changed
rs:{site}:imports           hash    files imported   import        import   digest of a file of events -> when (µs)
rs:{site}:fetch:<job>       hash    TTL              import        import   address -> what is known of its answer
rs:{site}:applied           hash    shards           worker        all      shard -> last entry id on the boards
rs:{site}:board             hash    catalogue        worker        api      item -> packed counters and trending
rs:{site}:votes:<item>      hash    votes            worker        worker   user -> instant of the vote (µs), and
                                                                            after colons when it counts from, who
                                                                            vouches, the network of a stranger
rs:{site}:counted:<item>    zset    votes            worker        worker   user -> instant, of the votes that count
rs:{site}:sums:<item>       hash    time             worker        worker   window, stretch of time -> what the votes
                                                                            cast in it are worth; field "" -> what
                                                                            they were made with
rs:{site}:heat:<item>       hash    time             worker        worker   the same of other kinds that trending counts;
                                                                            field "last" -> the latest instant (µs)
rs:{site}:nearby:<item>     zset    votes            worker        worker   network, instant, user of strangers' votes
rs:{site}:owners            hash    catalogue        api, import   worker   item -> its owners (msgpack), if any
rs:{site}:recount           zset    catalogue        all           worker   item -> when to count its votes anew (µs)
rs:{site}:unknown           zset    10,000 items     worker        worker   item that only strangers speak of and that
                                                                            is not in the catalogue -> since when (µs)
rs:{site}:pulse             stream  10,000 entries   worker        api      board rows that changed, applied ids
rs:{site}:worker            string  TTL              worker        all      heartbeat of the active worker
rs:{site}:snapshot          string  one              train         all      id of the snapshot being served
rs:{site}:snapshots         hash    retention        train         all      snapshot id -> manifest (JSON)
rs:{site}:warmed            hash    500 items        worker        api      items folded in since the snapshot
rs:{site}:training:found    string  one              train         train    parameters found by tuning (JSON)
rs:{site}:training:outcomes hash    outcomes         train         all      outcome -> candidates
rs:{site}:training:held     string  one, TTL         people, guard train    snapshot that nothing may replace; with a TTL
                                                                            when the online guard wants it
rs:{site}:training:trusted  string  one              guard         train    models that the online guard goes back to (JSON)
rs:{site}:training:blend    hash    two              worker, api   all      `proposed`: what clicks on lists say of the voices'
                                                                            weights, `offered`: to the gate (JSON)
rs:{site}:lock:<name>       string  TTL              worker        worker   who leads, with a fencing token
rs:{site}:fence             hash    locks            worker        worker   lock -> last fencing token given out
rs:{site}:demo              string  one              up            all      present while the demo is loaded
rs:{site}:mail:subs         hash    subscribers      api, digest   all      subscription id -> JSON
rs:{site}:mail:pending:<n>  string  TTL              api           digest   a wish to subscribe that waits
rs:{site}:mail:of:<user>    zset    their mails      api           api      jobs of a reader -> when they lapse (s)
rs:{site}:mail:due          zset    subscribers      api, digest   digest   job -> instant it is due (µs)
rs:{site}:mail:job:<job>    hash    TTL              digest        digest   who has it in hand; last date sent
rs:{site}:mail:mailed:<id>  zset    items cap, TTL   digest        digest   item -> instant it was mailed (µs)
rs:{site}:mail:limit:<name> string  TTL              api           api      requests counted in one stretch
rs:{site}:left              zset    days             api           worker   day -> when an address ended that files
                                                                            may still hold (µs)
rs:{site}:mail:figures      hash    outcomes         digest        people   outcome -> mails
rs:{site}:mail:trouble      hash    100 items, TTL   digest        people   outcome -> when last (µs); item that no
                                                                            mail can show -> why
rs:{s}:gorse:<user>         hash    rows cap, TTL    api           api      feedback of Gorse's API: type, item ->
                                                                            packed row
rs:{site}:gorse:users       hash    readers          api           api      user of Gorse's API -> JSON
rs:{site}:gorse:names       zset    readers          api           api      the same users, in the order of ids
rs:{site}:gorse:item:<item> zset    users cap, TTL   api           api      type, user -> instant of the feedback
rs:{snap:<id>:<n>}          string  retention        train         api      chunk n of a snapshot's arrays
"""

import zlib

from recsvc.core.access.caller import is_anonymous

N_SHARDS = 64

ANY = "rs:*"

EPOCHS = "rs:{site}:epochs"
TRACES = "rs:{site}:traces"
FORMAT = "rs:{site}:format"
PROBLEMS = "rs:{site}:problems"
SECRET = "rs:{site}:secret"  # noqa: S105 - the name of a key
CREDENTIALS = "rs:{site}:keys"
KEYED = "rs:{site}:keyed"
NETWORKS = "rs:{site}:networks"
CATALOGUE = "rs:{site}:catalogue"
ITEMS = "rs:{site}:items"
ROWS = "rs:{site}:rows"
ALIASES = "rs:{site}:aliases"
CHANGES = "rs:{site}:changes"
IMPORTS = "rs:{site}:imports"
APPLIED = "rs:{site}:applied"
BOARD = "rs:{site}:board"
INDEXED = "rs:{site}:indexed"
ERASED = "rs:{site}:erased"
QUESTIONS = "rs:{site}:questions"
ANSWERS = "rs:{site}:answers"
EXPORTS = "rs:{site}:exports"
EXPERIMENTS = "rs:{site}:experiments"
EXPERIMENT_REPORTS = "rs:{site}:experimented"
EXPOSURES = "rs:{site}:exposures"
LOOP = "rs:{site}:loop"
OWNERS = "rs:{site}:owners"
RECOUNT = "rs:{site}:recount"
UNKNOWN = "rs:{site}:unknown"
PULSE = "rs:{site}:pulse"
WORKER = "rs:{site}:worker"
SNAPSHOT = "rs:{site}:snapshot"
SNAPSHOTS = "rs:{site}:snapshots"
WARMED = "rs:{site}:warmed"
TRAINING_FOUND = "rs:{site}:training:found"
TRAINING_OUTCOMES = "rs:{site}:training:outcomes"
TRAINING_HELD = "rs:{site}:training:held"
TRAINING_BLEND = "rs:{site}:training:blend"
TRAINING_TRUSTED = "rs:{site}:training:trusted"
FENCE = "rs:{site}:fence"
DEMO = "rs:{site}:demo"
MAIL_SUBS = "rs:{site}:mail:subs"
MAIL_DUE = "rs:{site}:mail:due"
MAIL_LEFT = "rs:{site}:left"
MAIL_FIGURES = "rs:{site}:mail:figures"
MAIL_TROUBLE = "rs:{site}:mail:trouble"
GORSE_USERS = "rs:{site}:gorse:users"
GORSE_NAMES = "rs:{site}:gorse:names"


def shard_of(user: str) -> int:
    """Return the shard of a user: the same in every process, version and language."""
    return zlib.crc32(user.encode()) % N_SHARDS


def events(shard: int) -> str:
    """Return the key of a shard's log."""
    return f"rs:{{{shard}}}:events"


def dead(shard: int) -> str:
    """Return the key of a shard's dead letters."""
    return f"rs:{{{shard}}}:dead"


def event_ids(shard: int, bucket: int) -> str:
    """Return the key of the event ids seen in one stretch of time."""
    return f"rs:{{{shard}}}:ids:{bucket}"


def strangers_ids(shard: int, bucket: int) -> str:
    """Return the key of the event ids of anonymous sessions seen in one stretch of time."""
    return f"rs:{{{shard}}}:ids:anon:{bucket}"


def profile(shard: int, user: str) -> str:
    """Return the key of a reader's profile."""
    return f"rs:{{{shard}}}:profile:{user}"


def readers(shard: int) -> str:
    """Return the key of when a shard's readers were last heard of."""
    return f"rs:{{{shard}}}:readers"


def forgotten(shard: int) -> str:
    """Return the key of which of a shard's readers were erased."""
    return f"rs:{{{shard}}}:forgotten"


def strangers(shard: int) -> str:
    """Return the key of when a shard's anonymous sessions were last heard of."""
    return f"rs:{{{shard}}}:strangers"


def heard_of(shard: int, user: str) -> str:
    """Return the key of when such a reader was last heard of."""
    return strangers(shard) if is_anonymous(user) else readers(shard)


def names(shard: int) -> str:
    """Return the key of the names of a shard's readers."""
    return f"rs:{{{shard}}}:names"


def of_anybody(family: str) -> str:
    """Return the pattern of the keys of `profile` or of `shown`."""
    return f"rs:{{*}}:{family}:*"


def shown(shard: int, user: str) -> str:
    """Return the key of what a reader was shown."""
    return f"rs:{{{shard}}}:shown:{user}"


def gorse_feedback(shard: int, user: str) -> str:
    """Return the key of a user's feedback in Gorse's API."""
    return f"rs:{{{shard}}}:gorse:{user}"


def gorse_item(item: str) -> str:
    """Return the key of who gave feedback on an item in Gorse's API."""
    return f"rs:{{site}}:gorse:item:{item}"


def preferences(shard: int, user: str) -> str:
    """Return the key of what a reader follows and mutes."""
    return f"rs:{{{shard}}}:prefs:{user}"


def lists(whose: str) -> str:
    """Return the key of ranked lists that wait for their next page.

    Args:
        whose: shard and fingerprint of their reader, `3:AbC`; empty for everybody's.
    """
    shard, _, fingerprint = whose.partition(":")
    return f"rs:{{{shard}}}:lists:{fingerprint}" if whose else "rs:{site}:lists"


def erasures(shard: int) -> str:
    """Return the key of the erasures that a shard's readers asked for."""
    return f"rs:{{{shard}}}:erasures"


def export(identity: str) -> str:
    """Return the key of an export's lines."""
    return f"rs:{{site}}:export:{identity}"


def votes(item: str) -> str:
    """Return the key of an item's votes."""
    return f"rs:{{site}}:votes:{item}"


def votes_of(item: str) -> tuple[str, str, str, str, str]:
    """Return the keys of an item's votes, and of what else trending counts.

    All votes, those that count, sums of what they are worth, sums of what other kinds are worth, and
    votes by network.
    """
    sums, heat = f"rs:{{site}}:sums:{item}", f"rs:{{site}}:heat:{item}"
    nearby = f"rs:{{site}}:nearby:{item}"
    return votes(item), f"rs:{{site}}:counted:{item}", sums, heat, nearby


def fetch(job: str) -> str:
    """Return the key of what is known of a job that fetches papers."""
    return f"rs:{{site}}:fetch:{job}"


def lock(name: str) -> str:
    """Return the key of a lock."""
    return f"rs:{{site}}:lock:{name}"


def mail_pending(nonce: str) -> str:
    """Return the key of a wish to subscribe."""
    return f"rs:{{site}}:mail:pending:{nonce}"


def mail_of(user: str) -> str:
    """Return the key of what is mailed to a reader."""
    return f"rs:{{site}}:mail:of:{user}"


def mail_job(job: str) -> str:
    """Return the key of what became of a job."""
    return f"rs:{{site}}:mail:job:{job}"


def mail_mailed(subscription: str) -> str:
    """Return the key of what a subscriber was sent."""
    return f"rs:{{site}}:mail:mailed:{subscription}"


def mail_limit(name: str) -> str:
    """Return the key of a counter of requests."""
    return f"rs:{{site}}:mail:limit:{name}"


def snapshot_chunk(snapshot_id: str, n: int) -> str:
    """Return the key of one chunk of a snapshot's arrays; chunks spread over slots."""
    return f"rs:{{snap:{snapshot_id}:{n}}}"
