"""A copy of the archive elsewhere, to train on: a backup, or the folder of an archive as it was copied.

Who was erased after a backup was made is not in what is read of it. What has left the store since
it was made is not in it either.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from recsvc.errors import InvalidError, SourceError
from workers.log import backup, manifest
from workers.log.archive import Archive
from workers.log.backup_erasures import erased_since
from workers.log.depot import Depot
from workers.log.manifest import Listed, State

_WHOLE_LOG = f"{sys.maxsize}-0"


class Copied(msgspec.Struct, frozen=True):
    """What a copy consists of.

    Attributes:
        files: of the archive, by the name that they have in the copy.
        erased: readers that it still speaks of and must not.
    """

    depot: Depot
    files: dict[str, Listed]
    erased: list[str]


def copied(depot: Depot) -> Copied:
    """Return what a copy consists of.

    Raises:
        InvalidError: when there is neither a backup nor an archive.
        NewerError: when a newer release wrote it.
        SourceError: when a bucket does not answer.
    """
    try:
        listed = manifest.decoded(depot.read(manifest.NAME))
    except FileNotFoundError:
        made = backup.read(depot)
        files = {backup.kept_name(one): one for one in made.archive}
        return Copied(depot, files, erased_since(depot, made.made_us))
    if listed is None:
        raise InvalidError(f"{depot.address}: {manifest.NAME} cannot be read")
    return Copied(depot, {one.name: one for one in listed if one.state is State.OK}, [])


@contextmanager
def fetched(copy: Copied, parent: Path) -> Iterator[Archive]:
    """Have the archive of a copy here meanwhile.

    Raises:
        SourceError: when a file is not as it is listed, or a bucket does not answer.
    """
    with TemporaryDirectory(dir=parent, prefix="archive-") as folder:
        for name, one in copy.files.items():
            path = Path(folder) / one.name
            path.parent.mkdir(exist_ok=True)
            copy.depot.fetch(name, path, 0o600)
            if manifest.digest(path) != one.sha256:
                raise SourceError(f"{copy.depot.address}: {name} is not as it was written")
        manifest.write(Path(folder), {one.name: one for one in copy.files.values()})
        archive = Archive(Path(folder))
        archive.erase(dict.fromkeys(copy.erased, _WHOLE_LOG))
        yield archive
