"""The entry point, and what ties a workspace to the shared loop."""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Self, TypeVar

from amltui.api.aio import AsyncWorkspace
from amltui.api.connecting import Address, Portable
from amltui.api.loop import LOOP
from amltui.api.sync.datasets import Datasets
from amltui.api.sync.experiments import Experiments

if TYPE_CHECKING:
    from amltui.workspaces.base import Workspace as Base

T = TypeVar("T")


class _Twin(AsyncWorkspace):
    """An async workspace at an address that was already given."""

    def __init__(self, address: Address) -> None:
        self._at(address)


class _Slot:
    """The async workspace of the present loop; made anew when that loop has gone."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._generation = -1
        self.present: AsyncWorkspace | None = None

    def workspace(self) -> AsyncWorkspace:
        with LOOP.alone():  # threads that come at the same time must find the same one
            if self.present is None or self._generation != LOOP.generation:
                self.present = _Twin(self._address)
                self._generation = LOOP.generation
                LOOP.adopt(self.present)
            return self.present

    def close(self) -> None:
        present, self.present = self.present, None
        LOOP.dismiss(present)


class Workspace(Portable):
    """A workspace: the entry point, as in the old client.

    Args:
        workspace_id: 32 hex digits.
        authorization_token: a token of the workspace.
        endpoint: the server's address.
        profile: a profile made with `amltui profile add`.

    What is left out comes from the environment (`AMLTUI_WORKSPACE_ID`, `AMLTUI_TOKEN`,
    `AMLTUI_ENDPOINT`), the profile in force or the old client's `~/.azureml/settings.json`; where
    nobody says anything it is the local workspace of this machine, whose server is started.

    Nothing is reached before it is needed. Use it with `with`, call `close()`, or leave it: what
    it holds is let go with it or when Python ends.

    >>> ws = Workspace()
    >>> [dataset.name for dataset in ws.example_datasets][:2]
    ['Adult Census Income Binary Classification dataset', 'Airport Codes Dataset']
    >>> ws.datasets["Iris"].to_dataframe().shape
    (150, 5)

    Raises:
        TypeError: an argument is empty.
    """

    def __init__(
        self,
        workspace_id: str | None = None,
        authorization_token: str | None = None,
        endpoint: str | None = None,
        *,
        profile: str | None = None,
    ) -> None:
        address = Address(workspace_id, authorization_token, endpoint, profile)

        self._address = address
        self._slot = _Slot(address)
        self._finalizer = weakref.finalize(self, self._slot.close)
        self._finalizer.atexit = False  # the loop closes everything then
        self.datasets = Datasets(self)
        self.user_datasets = Datasets(self, example_filter=False)
        self.example_datasets = Datasets(self, example_filter=True)
        self.experiments = Experiments(self)
        self.user_experiments = Experiments(self, example_filter=False)
        self.example_experiments = Experiments(self, example_filter=True)

    @classmethod
    def from_profile(cls, name: str) -> Self:
        """The workspace of a profile made with `amltui profile add`.

        Raises:
            TypeError: `name` is empty.
        """
        return cls(profile=name)

    def __repr__(self) -> str:
        return f"<Workspace {self._address}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections now. A workspace that is used again connects again."""
        self._slot.close()

    @property
    def workspace_id(self) -> str:
        """32 hex digits."""
        connection = self._address.written
        if connection is not None:
            return connection.workspace_id
        return self.run(_info_id)

    @property
    def authorization_token(self) -> str | None:
        """The token in use, a secret. None: that of this machine's local workspace."""
        connection = self._address.written
        return connection.token if connection is not None else None

    @property
    def api_endpoint(self) -> str | None:
        """The server's address as it was written. None: this machine's local workspace."""
        connection = self._address.written
        return connection.endpoint if connection is not None else None

    @property
    def management_endpoint(self) -> str:
        """Where the old client managed web services, as it was written. Nothing uses it."""
        return self._address.management_endpoint

    def run(self, func: Callable[[AsyncWorkspace], Awaitable[T]]) -> T:
        """The result of an async function of this workspace's async twin."""
        with LOOP.use():
            return LOOP.call(func, self._slot.workspace())

    def connecting(self) -> Callable[[], Awaitable[Base]]:
        """What reaches the workspace on the present loop."""
        return self._slot.workspace().connect


async def _info_id(workspace: AsyncWorkspace) -> str:
    return (await (await workspace.connect()).info()).workspace_id
