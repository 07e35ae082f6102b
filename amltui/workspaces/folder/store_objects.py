"""Objects below one prefix by their keys, with what is noted of them. Everything here blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

from amltui.errors import ContentChanged, NotFound, ServerFailed
from amltui.models import Dataset, Level
from amltui.text import visible
from amltui.workspaces.folder.notes import Note
from amltui.workspaces.folder.store_errors import LIST, READ, mapped
from amltui.workspaces.folder.store_listing import Object, container_of, is_hidden, object_of
from amltui.workspaces.folder.store_notes import StoreNotes
from amltui.workspaces.folder.store_versions import VersionId
from amltui.workspaces.folder.store_writing import ObjectPlace
from amltui.workspaces.joining import MOST

_PIECE: Final = 1 << 20


class StoreObjects:
    """What a store has below the prefix of `url`; `store` is obstore's."""

    def __init__(self, url: str, store: Any) -> None:
        self.url = url
        self.store = store
        self.notes = StoreNotes(store)

    def place(self, key: str) -> ObjectPlace:
        """An object in the terms of the store itself."""
        container, prefix = container_of(self.url)
        return ObjectPlace(container, f"{prefix}/{key}" if prefix else key)

    def head(self, key: str) -> Object:
        """An object as it is now.

        Raises:
            NotFound: there is none.
        """
        import obstore

        with mapped(key, READ):
            return object_of(obstore.head(self.store, key))

    def etag(self, key: str) -> str | None:
        """The version of an object; None: there is none."""
        try:
            return self.head(key).etag
        except NotFound:
            return None

    def present(self, key: str) -> Dataset:
        """An object as it is now, with what is noted of it; asked for together."""
        with ThreadPoolExecutor(1) as pool:
            note = pool.submit(self.notes.of, key)
            found = self.head(key).dataset
            return _with_note(found, note.result())

    def noted(self, dataset: Dataset) -> Dataset:
        """A dataset with what is noted of it."""
        return _with_note(dataset, self.notes.of(dataset.key))

    def shown(self, objects: Iterable[Object]) -> tuple[Dataset, ...]:
        """What people see of a page: without our own objects, with what is known of notes."""
        return tuple(
            _with_note(one.dataset, self.notes.known(one.key))
            for one in objects
            if not is_hidden(one.key)
        )

    def level(self, prefix: str) -> Level:
        """One folder; see `Workspace.level`."""
        import obstore

        with mapped(prefix or self.url, LIST):
            # By its path, which has no slash at its end.
            found = obstore.list_with_delimiter(self.store, prefix.strip("/") or None)
        self.notes.refresh(prefix)
        objects = [object_of(meta) for meta in found["objects"]]
        folders = tuple(f"{one}/" for one in found["common_prefixes"])
        marks = {one.removesuffix("/") for one in folders} | {prefix.rstrip("/")}
        return Level(
            folders,
            tuple(
                self.noted(one.dataset)
                for one in objects
                if not is_hidden(one.key) and (one.dataset.size or one.key not in marks)
            ),
        )

    def below(self, folder: str) -> list[Dataset]:
        """The files of a folder, at most one page more than are put together."""
        import obstore

        found: list[Dataset] = []
        with mapped(folder, READ):
            prefix = folder.rstrip("/") or None
            for chunk in obstore.list(self.store, prefix=prefix, chunk_size=1_000):
                objects = (object_of(meta) for meta in chunk)
                found += [
                    one.dataset
                    for one in objects
                    if one.key.startswith(folder) and not is_hidden(one.key)
                ]
                if len(found) > MOST:
                    break
        return found

    def chunks(self, version: VersionId, wanted: tuple[int, int]) -> Iterator[Any]:
        """The bytes of a version from the first of `wanted` to before the second, as they come.

        Raises:
            ContentChanged: the object is another version now.
        """
        import obstore

        key = version.key
        options: Any = {"range": wanted, "if_match": f'"{version.etag}"'}
        if version.version:
            options["version"] = version.version
        with mapped(key, READ):
            result = obstore.get(self.store, key, options=options)
            given = tuple(result.range)
            if given != wanted:
                raise ServerFailed(
                    f"Bytes {given[0]} to {given[1]} of {visible(key)} came, "
                    f"not {wanted[0]} to {wanted[1]}",
                    502,
                )
            # Not every store minds the condition.
            if object_of(result.meta).etag != version.etag:
                raise ContentChanged(f"{visible(key)} was changed in the store meanwhile")
            return iter(result.stream(min_chunk_size=_PIECE))


def _with_note(dataset: Dataset, note: Note) -> Dataset:
    if note == Note():
        return dataset
    kind = note.type or dataset.data_type_id
    return replace(dataset, description=note.description, data_type_id=kind, typed=bool(note.type))
