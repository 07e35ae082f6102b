"""Making, changing and deleting the objects of a store. Everything here blocks."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self

from amltui.errors import (
    AmltuiError,
    Conflict,
    ContentChanged,
    NotFound,
    Rejected,
    ServerFailed,
    Unauthorized,
)
from amltui.formats import data_type_of_name
from amltui.models import Dataset
from amltui.text import visible
from amltui.workspaces.capabilities import CAN, Capability
from amltui.workspaces.folder.directory import overtaken
from amltui.workspaces.folder.notes import Note
from amltui.workspaces.folder.store_connect import writer_of
from amltui.workspaces.folder.store_errors import DELETE, WRITE, mapped
from amltui.workspaces.folder.store_listing import HIDDEN
from amltui.workspaces.folder.store_objects import StoreObjects
from amltui.workspaces.folder.store_writing import Known, ObjectPlace, Writer

_NOT_KNOWN: Final = 501
"""What a store answers that does not know the request."""
_LOG: Final = logging.getLogger(__name__)
_NO_GUARD: Final = Capability(
    "This store ignores conditions: of two who write one name at the same moment, the later one "
    "silently wins."
)


@dataclass(frozen=True, slots=True)
class BegunUpload:
    """An upload that was begun, as its id keeps it."""

    name: str
    token: str
    upload: str
    """What the store calls it."""
    etag: str | None
    """The version that was there when it was begun. None: there was none."""

    @property
    def text(self) -> str:
        """The id."""
        return json.dumps([self.name, self.token, self.upload, self.etag])

    @classmethod
    def of(cls, text: str) -> Self:
        """The upload of an id.

        Raises:
            NotFound: it is no id of one.
        """
        try:
            return cls(*json.loads(text))
        except (ValueError, TypeError):
            raise NotFound("There is no such upload", 404) from None


def note_of(name: str, description: str, data_type_id: str) -> Note:
    """What is noted of an object: its description, and its type where the name does not say it."""
    return Note(description, "" if data_type_id == data_type_of_name(name) else data_type_id)


def _told(begun: Callable[[str], None], name: str) -> Callable[[str], None]:
    """What takes the store's name of an upload of `name`, and tells its id."""
    return lambda upload: begun(BegunUpload(name, "", upload, None).text)


@dataclass(frozen=True, slots=True)
class Probed:
    """What one small object showed of a store."""

    write: Capability
    """Whether objects can be made."""
    exclusive: Capability = CAN
    """Whether the store honours conditions."""
    changes: StoreChanges | None = None
    """What makes and changes objects."""
    versioned: bool = False
    """Whether the object became a version. False: it did not, or the store does not say."""


def probed(objects: StoreObjects) -> Probed:
    """See what can be written: one small object is made for that, and deleted.

    Where the store keeps versions no version of it stays, unless those cannot be deleted.
    """
    import obstore

    store, key = objects.store, f"{HIDDEN}-probe-{secrets.token_hex(8)}"
    versions: list[str] = []

    def put(mode: Any) -> None:
        with mapped(key, WRITE):
            version = obstore.put(store, key, b"", mode=mode).get("version")
        if version:
            versions.append(version)

    try:
        writer = writer_of(objects.url)
        put("create")
    except AmltuiError as error:
        return Probed(Capability(f"{error}."))
    honoured = 0
    modes: tuple[Any, Any] = ("create", {"e_tag": '"00000000000000000000000000000000"'})
    for mode in modes:
        try:
            put(mode)
        except (Conflict, ContentChanged):
            honoured += 1
        except AmltuiError:
            pass
    erased = False
    if versions:
        # Who may delete objects need not be allowed to delete versions.
        with contextlib.suppress(AmltuiError):
            writer.erase(objects.place(key), versions)
            erased = True
    if not erased:
        with contextlib.suppress(AmltuiError), mapped(key, DELETE):
            obstore.delete(store, key)
    guarded = honoured == len(modes)
    return Probed(
        CAN,
        CAN if guarded else _NO_GUARD,
        StoreChanges(objects, writer, guarded=guarded),
        versioned=bool(versions),
    )


class StoreChanges:
    """Changes objects by `writer`; `guarded`: the store itself honours conditions."""

    def __init__(self, objects: StoreObjects, writer: Writer, *, guarded: bool) -> None:
        self._objects = objects
        self._writer = writer
        self._guarded = guarded
        self._beginning: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        """By name: held while the store begins an upload."""

    def begin(self, name: str, replaces: str | None) -> BegunUpload:
        """Begin an upload of the object `name`."""
        token = secrets.token_hex(16)
        with self._beginning[name]:
            # Without a key to replace, this one: an upload of an earlier version did not say it.
            there = self._objects.etag(name if replaces is None else replaces)
            upload = self._writer.begin(self._objects.place(name), token)
        return BegunUpload(name, token, upload, there)

    def send(self, begun: BegunUpload, index: int, data: bytes) -> None:
        """Send part `index` (0-based)."""
        self._writer.send(self._objects.place(begun.name), begun.upload, index, data)

    def commit(self, begun: BegunUpload, note: Note, replaces: str | None) -> str:
        """Make the object of its parts; its id as a dataset. See `Workspace.commit`."""
        name, condition = begun.name, None
        if replaces is not None:
            there = self._objects.head(replaces).etag
            # Asked here too: not every store minds the condition at the end of an upload.
            if begun.etag not in {None, there}:
                raise overtaken(replaces)
            condition = there if replaces == name else None
        else:
            self._check_free(name)
        self._writer.complete(self._objects.place(name), begun.upload, begun.token, etag=condition)
        self._objects.notes.write(name, note)
        if replaces is not None and replaces != name:
            self._delete(replaces)
        return self._objects.head(name).dataset.id

    def abort(self, begun: BegunUpload) -> None:
        """Give the parts up."""
        with contextlib.suppress(NotFound):
            self._writer.abort(self._objects.place(begun.name), begun.upload)

    def abort_unnamed(self, name: str, since: datetime, known: Known) -> None:
        """See `Workspace.abort_unnamed`; a store that does not list uploads is left as it is."""

        def uploads() -> set[str]:
            found = set()
            for text in known():
                with contextlib.suppress(NotFound):
                    found.add(BegunUpload.of(text).upload)
            return found

        with self._beginning[name]:  # the thread of one that was cancelled asks the store still
            try:
                self._writer.abort_unnamed(self._objects.place(name), since, uploads)
            except (Unauthorized, Rejected, NotFound, ServerFailed) as error:
                if isinstance(error, ServerFailed) and error.status_code != _NOT_KNOWN:
                    raise
                _LOG.info("an upload of %s may be left in the store: %s", visible(name), error)

    def copy(
        self,
        source: ObjectPlace,
        dataset: Dataset,
        name: str,
        begun: Callable[[str], None],
        go_on: Callable[[int], None],
    ) -> str:
        """Copy the version of `dataset`, which lies at `source`; the id of the copy.

        `begun` is told the id of the upload, where it is one; `go_on` see `Writer.copy`.

        Raises:
            Conflict: the name is taken.
        """
        self._check_free(name)
        etag, place = dataset.id.rpartition("@")[2], self._objects.place(name)
        self._writer.copy(source, etag, place, _told(begun, name), go_on)
        note = note_of(name, dataset.description, dataset.data_type_id)
        self._objects.notes.write(name, note)
        return self._objects.head(name).dataset.id

    def edit(
        self,
        key: str,
        name: str | None,
        description: str | None,
        begun: Callable[[str], None],
    ) -> str:
        """Give an object another name or description; its key then. `begun` as of `copy`."""
        objects = self._objects
        note, etag = objects.notes.of(key), objects.head(key).etag
        if description is not None:
            note = replace(note, description=description)
        if name is None or name == key:
            objects.notes.write(key, note)
            return key
        self._writer.copy(objects.place(key), etag, objects.place(name), _told(begun, name))
        objects.notes.write(name, note)
        if objects.head(key).etag != etag:
            raise ContentChanged(
                f"{visible(key)} was changed while it was renamed",
                hint=f"Both are kept: {visible(name)} is what it was before.",
            )
        self._delete(key)
        return name

    def delete(self, key: str) -> None:
        """Delete an object, and what is noted of it.

        Raises:
            NotFound: there is none.
        """
        self._objects.head(key)
        self._delete(key)

    def _delete(self, key: str) -> None:
        import obstore

        with mapped(key, DELETE):
            obstore.delete(self._objects.store, key)
        self._objects.notes.write(key, Note())

    def _check_free(self, name: str) -> None:
        """See that nobody has a name, where the store itself does not at the end."""
        if not self._guarded and self._objects.etag(name) is not None:
            raise Conflict(f"There is an object {visible(name)} already", 409)
