"""Datasets as files of fsspec: `amltui://PROFILE/NAME`, for reading.

pandas, pyarrow, DuckDB and others open a dataset by such an address, in ranges: of a Parquet file
they fetch what they need. `local` is the embedded workspace. A `/` in a dataset's name makes
folders.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from amltui.api.sync import Workspace
from amltui.errors import NotFound, UsageError
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.api.aio import AsyncWorkspace
    from amltui.models import Dataset
    from amltui.workspaces.base import Workspace as Base

T = TypeVar("T")

_BLOCK: Final = 4 << 20
"""Bytes that are read ahead by default."""


class DatasetFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """The datasets of all profiles; see the module's words."""

    protocol = "amltui"
    root_marker = ""
    cachable = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._workspaces: dict[str, Workspace] = {}

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:  # noqa: FBT001, FBT002
        """What lies directly below a profile, or below a folder in it."""
        path = self._strip_protocol(path).strip("/")
        profile, _slash, prefix = path.partition("/")
        if not profile:
            raise UsageError(
                "Name a profile", hint="amltui://PROFILE/NAME; local is the embedded one"
            )
        found: dict[str, dict[str, Any]] = {}
        for dataset in self._ask(profile, _all):
            if dataset.name == prefix:
                return [_about(profile, dataset)] if detail else [path]
            if prefix and not dataset.name.startswith(f"{prefix}/"):
                continue
            head, deeper, _rest = dataset.name[len(prefix) + bool(prefix) :].partition("/")
            name = f"{path}/{head}"
            about = {"name": name, "size": 0, "type": "directory"}
            found.setdefault(name, about if deeper else _about(profile, dataset))
        if prefix and not found:
            raise FileNotFoundError(path)
        return list(found.values()) if detail else sorted(found)

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """What is known of a dataset, or that it is a folder."""
        path = self._strip_protocol(path).strip("/")
        profile, _slash, name = path.partition("/")
        if name and (dataset := self._named(profile, name)) is not None:
            return _about(profile, dataset)
        self.ls(path)  # raises FileNotFoundError
        return {"name": path, "size": 0, "type": "directory"}

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        """Some bytes of a dataset; places below 0 count from its end."""
        profile, dataset, size = self._sized(path)
        first, stop, _step = slice(start, end).indices(size)
        return self.fetch(profile, dataset, first, stop)

    def ukey(self, path: str) -> str:
        """The id of the dataset's present version: it changes with the contents."""
        _profile, dataset, _size = self._sized(path)
        return dataset.id

    def modified(self, path: str) -> Any:
        """When this version was made."""
        return self._sized(path)[1].created_date

    def fetch(self, profile: str, dataset: Dataset, start: int, stop: int) -> bytes:
        """Bytes from `start` to before `stop` of one version."""
        if start >= stop:
            return b""

        async def read(workspace: Base) -> bytes:
            async with workspace.read(dataset, start=start, stop=stop) as content:
                skip = start - content.info.start  # a host without ranges begins at byte 0
                data = bytearray()
                async for chunk in content:
                    data += chunk
                    if len(data) >= skip + stop - start:
                        break
                return bytes(data[skip : skip + stop - start])

        return self._ask(profile, read)

    def _open(
        self, path: str, mode: str = "rb", block_size: int | str | None = None, **options: Any
    ) -> Any:
        if mode != "rb":
            raise UsageError("amltui:// can only be read", hint="To upload: amltui put FILE")
        profile, dataset, size = self._sized(path)
        block = _BLOCK if block_size in {None, "default"} else block_size
        options.pop("autocommit", None)
        return _File(self, path, profile, dataset, size, block_size=block, **options)

    def _sized(self, path: str) -> tuple[str, Dataset, int]:
        path = self._strip_protocol(path).strip("/")
        profile, _slash, name = path.partition("/")
        dataset = self._named(profile, name) if name else None
        if dataset is None:
            raise FileNotFoundError(f"No dataset is named {visible(path)}")
        size = dataset.size if dataset.size is not None else self._ask(profile, _size(dataset))
        return profile, dataset, size

    def _named(self, profile: str, name: str) -> Dataset | None:
        async def ask(workspace: Base) -> Dataset | None:
            try:
                found = await workspace.named(name)
                return None if found is None else await workspace.dataset(found.id)
            except NotFound:
                return None

        return self._ask(profile, ask)

    def _ask(self, profile: str, func: Callable[[Base], Awaitable[T]]) -> T:
        """The result of an async function of a profile's workspace."""
        if profile not in self._workspaces:
            self._workspaces[profile] = Workspace.from_profile(profile)

        async def work(workspace: AsyncWorkspace) -> T:
            return await func(await workspace.connect())

        return self._workspaces[profile].run(work)


class _File(AbstractBufferedFile):  # type: ignore[misc]  # fsspec ships no types
    """One version of a dataset, open for reading."""

    def __init__(
        self,
        fs: DatasetFileSystem,
        path: str,
        profile: str,
        dataset: Dataset,
        size: int,
        **options: Any,
    ) -> None:
        self._version = profile, dataset
        super().__init__(fs, path, "rb", size=size, **options)

    def _fetch_range(self, start: int, end: int) -> bytes:
        profile, dataset = self._version
        found: bytes = self.fs.fetch(profile, dataset, start, end)
        return found


async def _all(workspace: Base) -> list[Dataset]:
    return [one async for page in workspace.pages() for one in page]


def _size(dataset: Dataset) -> Any:
    async def ask(workspace: Base) -> int:
        async with workspace.read(dataset, start=0, stop=1) as content:
            if content.info.size is None:
                raise UsageError(f"The workspace does not say how large {visible(dataset.name)} is")
            return content.info.size

    return ask


def _about(profile: str, dataset: Dataset) -> dict[str, Any]:
    return {
        "name": f"{profile}/{dataset.name}",
        "size": dataset.size,
        "type": "file",
        "created": dataset.created_date,
        "id": dataset.id,
        "data_type_id": dataset.data_type_id,
        "description": dataset.description,
    }
