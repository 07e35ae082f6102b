"""One entry of the cache: a content, whole or arriving, its text table, and what it is.

    entries/<32 hex>/card.json     what it is; never with a link or a token
                     raw           the whole content, verified; or a link to where it lies
                     raw-*.part    what has arrived so far (see `part_files`), with its log
                     unpacked      the text that it holds, where it is compressed
                     rows.index    where its rows are
                     table/        the text table made of it
                     first.page    its first rows as text, for the next start of the program
                     rows-*.index, table-*/    the same for other dialects than its type's
                     raw*.index    an index that was begun, of the file that it is named after
                     pin           present: never evicted

The directory's modification time is when the entry was last used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from amltui.cache.part_files import Identity, PartFile
from amltui.cache.ranges import Ranges
from amltui.disk import disk_errors, private_dir, write_whole
from amltui.errors import LocalError
from amltui.models import Dataset, Location, OutputPort

Source = Dataset | OutputPort

HEAD: Final = 256 * 1024
"""Bytes of a content that a preview shows first."""
_PIECE: Final = 4 << 20
"""Bytes that are hashed at once, which needs no interpreter: others draw and parse meanwhile."""


def source_id(source: Source) -> str:
    """What names a content within its workspace."""
    if isinstance(source, Dataset):
        return source.id
    return f"{source.experiment_id}/{source.node_id}/{source.port_name}"


def source_name(source: Source) -> str:
    """What a person calls it."""
    if isinstance(source, Dataset):
        return source.name
    return f"{source.module or source.node_id} {source.port_name}"


def without_links(dataset: Dataset) -> Dataset:
    """`dataset` with sizes only where links stood: what may be written to a disk."""
    return replace(
        dataset,
        download_location=Location(size=dataset.download_location.size),
        visualize_end_point=Location(),
        schema_end_point=Location(),
    )


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an entry says about itself."""

    workspace: str
    """The workspace's cache key."""
    source: str
    name: str
    data_type_id: str
    identity: Identity = Identity()
    dataset: Dataset | None = None
    """Metadata without links. None: an experiment's output."""
    fetched: datetime | None = None
    """When the content became whole here."""
    checked: str = ""
    """How it was verified: `sha256`, `md5` or `length`."""
    head: str = ""
    """SHA-256 of its first `HEAD` bytes, so that they can be shown before all others are read."""
    good: str = ""
    """Size and time of the file as it was when all of it had the right hash."""


class EntryBusy(LocalError):
    """Another process, or another part of this one, is filling this entry."""


class Entry:
    """A place in the cache; nothing exists on disk before `begin`."""

    def __init__(self, root: Path, workspace: str, source: str) -> None:
        self.workspace = workspace
        self.source = source
        self.id = hashlib.sha256(f"{workspace}\0{source}".encode()).hexdigest()[:32]
        self.directory = root / "entries" / self.id
        self.raw = self.directory / "raw"
        self.table = self.directory / "table"
        """Where the text table belongs; whoever makes it makes the directory."""
        self.unpacked = self.directory / "unpacked"
        """Where the text belongs that a compressed content holds."""
        self.row_index = self.directory / "rows.index"
        """Where the index of the rows belongs."""
        self.first_page = self.directory / "first.page"
        """Where its first rows belong as they were shown last: see `services.first_page`."""
        self._mark = ""
        self._card = self.directory / "card.json"
        self._pin = self.directory / "pin"
        self.lock_file = root / "locks" / f"{self.id}.lock"

    def read_as(self, dialect: str) -> None:
        """Use the table and the index of another dialect, by its text, than the type's own."""
        mark = hashlib.sha256(dialect.encode()).hexdigest()[:12]
        self._mark = f"-{mark}"
        self.table = self.directory / f"table-{mark}"
        self.row_index = self.directory / f"rows-{mark}.index"

    def begun_index(self, content: Path) -> Path:
        """Where an index of rows belongs while it is made; `content`: `raw`, or a part of it."""
        return content.with_name(f"{content.stem}{self._mark}.index")

    @property
    def whole(self) -> bool:
        """Whether the whole verified content is at `raw`."""
        return self.raw.exists()

    @property
    def linked(self) -> bool:
        """Whether the content lies elsewhere on this disk, and is only read there."""
        return self.raw.is_symlink()

    @property
    def card(self) -> Card | None:
        """What this entry says about itself; None when it does not exist or is unreadable."""
        try:
            return msgspec.json.decode(self._card.read_bytes(), type=Card)
        except (OSError, msgspec.DecodeError):
            return None

    @property
    def pinned(self) -> bool:
        """Whether it is never evicted."""
        return self._pin.exists()

    @property
    def held(self) -> Ranges:
        """Ranges of the content that can be read here now."""
        with contextlib.suppress(OSError):
            return Ranges([(0, self.raw.stat().st_size)])
        part = PartFile.peek(self.raw)
        return part.held if part else Ranges()

    def begin(self, source: Source) -> None:
        """Make the directory and its card."""
        old = self.card
        with disk_errors(self.directory, "use the cache"):
            private_dir(self.directory)
            self.write_card(
                Card(
                    workspace=self.workspace,
                    source=self.source,
                    name=source_name(source),
                    data_type_id=source.data_type_id,
                    identity=old.identity if old else Identity(),
                    dataset=without_links(source) if isinstance(source, Dataset) else None,
                    fetched=old.fetched if old else None,
                    checked=old.checked if old else "",
                    head=old.head if old else "",
                )
            )

    def link(self, source: Source, path: Path, sha256: str | None) -> None:
        """Take a content from where it lies on this disk, whole, without a copy.

        When the file goes, the entry has no content any more. `sha256`: of the content, as the
        workspace says. None: nobody knows more of it than the file.

        Raises:
            LocalError: the file cannot be read, or the cache not be written.
        """
        self.begin(source)
        with disk_errors(path, "read"), path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            # As it is now: all of a large content is compared only with the first question.
            head = hashlib.sha256(file.read(HEAD)).hexdigest()
        card = self.card
        if card is not None:
            identity = Identity(size=size, sha256=sha256)
            checked = "sha256" if sha256 else "length"
            self.write_card(
                msgspec.structs.replace(card, identity=identity, checked=checked, head=head)
            )
        link = self.raw.with_name(f".raw.{uuid.uuid4().hex[:12]}")
        with disk_errors(self.raw, "use the cache"):
            link.symlink_to(path)
            link.replace(self.raw)

    def write_card(self, card: Card) -> None:
        """Replace the card."""
        with disk_errors(self._card, "use the cache"):
            write_whole(self._card, msgspec.json.encode(card))

    def pin(self, *, pinned: bool = True) -> None:
        """Keep it from eviction, or no longer."""
        with disk_errors(self._pin, "pin"):
            if pinned:
                private_dir(self.directory)
                self._pin.touch(mode=0o600)
            else:
                self._pin.unlink(missing_ok=True)

    def touch(self) -> None:
        """Note that it is in use now."""
        with contextlib.suppress(OSError):
            os.utime(self.directory)

    @contextlib.contextmanager
    def locked(self) -> Iterator[bool]:
        """Hold this entry alone for writing; never waits.

        Gives False where this file system has no locks: then write nothing that another process
        could not write at the same time.

        Raises:
            EntryBusy: somebody else holds it.
        """
        import filelock  # a list, which locks nothing, does not wait for it

        with disk_errors(self.lock_file, "use the cache"):
            private_dir(self.lock_file.parent)
        lock = filelock.FileLock(self.lock_file, timeout=0, mode=0o600, thread_local=False)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise EntryBusy(f"Another process is fetching this: {self.source}") from None
        except (OSError, NotImplementedError):  # a file system without locks
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def check(self) -> Literal["good", "damaged", "unknown"]:
        """Compare the whole content with its hash; a damaged one is dropped. About 1 s per GiB.

        `unknown`: it is not here, or nobody knows its hash.
        """
        card = self.card
        if card is None or card.identity.sha256 is None or not self.whole:
            return "unknown"
        with disk_errors(self.raw, "read"), self.raw.open("rb") as file:
            found = hashlib.file_digest(file, "sha256", _bufsize=_PIECE)
            if found.hexdigest() == card.identity.sha256:
                return "good"
        self.drop_content()
        return "damaged"

    def check_once(self) -> Literal["good", "damaged", "unknown"]:
        """As `check`, but what was good is not read again until it is written to.

        What comes into the cache was verified on its way; what is linked was not.
        """
        if not self.whole:
            return "unknown"
        with disk_errors(self.raw, "read"):
            status = self.raw.stat()
        seen = f"{status.st_size} {status.st_mtime_ns}"
        card = self.card
        if card is not None and card.good == seen:
            return "good"
        if card is not None and card.fetched is not None and not self.linked:
            as_it_came = status.st_mtime <= card.fetched.timestamp()
            if as_it_came and status.st_size == card.identity.size:
                return "good"
        state = self.check()
        if state == "good" and card is not None:
            self.write_card(msgspec.structs.replace(card, good=seen))
        return state

    def head_is_good(self, head: bytes) -> bool:
        """Whether `head`, the first `HEAD` bytes as read now, are as they came.

        Else, or where nobody noted it, the whole content is checked and dropped when damaged.
        """
        card = self.card
        if card is not None and card.head == hashlib.sha256(head).hexdigest():
            return True
        return self.check() != "damaged"

    def drop_content(self) -> None:
        """Delete content and table, whole or not; the card and the pin stay."""
        with contextlib.suppress(OSError):
            self.raw.unlink(missing_ok=True)
            self.unpacked.unlink(missing_ok=True)
            self.first_page.unlink(missing_ok=True)
            for index in self.directory.glob("*.index"):
                index.unlink(missing_ok=True)
            for old in PartFile.leftovers(self.raw):
                old.unlink(missing_ok=True)
        for table in (self.table, *self.directory.glob("table-*")):
            shutil.rmtree(table, ignore_errors=True)
