"""The entry point, and the lists that it asked for last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from amltui.api.aio.datasets import AsyncDatasets
from amltui.api.aio.experiments import AsyncExperiments
from amltui.api.connecting import Address, Connector, Portable
from amltui.api.metadata import Listed
from amltui.models import Dataset, Experiment

if TYPE_CHECKING:
    from amltui.workspaces.base import Workspace as Base


class AsyncWorkspace(Portable):
    """A workspace, for asyncio.

    Connects when something first needs it; close it with `async with` or `aclose()`.

    Args:
        workspace_id: 32 hex digits.
        authorization_token: a token of the workspace.
        endpoint: the server's address.
        profile: a profile made with `amltui profile add`.

    What is left out comes from the environment, the profile in force or the old client's
    `~/.azureml/settings.json`; where nobody says anything it is the local workspace of this
    machine, whose server is started.

        async with AsyncWorkspace() as ws:
            async for dataset in ws.datasets:
                print(dataset.name)
            iris = await ws.datasets.get("Iris")
            frame = await iris.to_dataframe()

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
        self._at(Address(workspace_id, authorization_token, endpoint, profile))

    @classmethod
    def from_profile(cls, name: str) -> Self:
        """The workspace of a profile made with `amltui profile add`."""
        return cls(profile=name)

    def _at(self, address: Address) -> None:
        self._address = address
        self._connector = Connector(address)
        self._listing: tuple[str | None, Listed[Dataset]] | None = None
        self.datasets = AsyncDatasets(self)
        self.user_datasets = AsyncDatasets(self, examples=False)
        self.example_datasets = AsyncDatasets(self, examples=True)
        self.experiments = AsyncExperiments(self)
        self.user_experiments = AsyncExperiments(self, examples=False)
        self.example_experiments = AsyncExperiments(self, examples=True)

    def __repr__(self) -> str:
        return f"<AsyncWorkspace {self._address}>"

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close connections; safe to call twice."""
        await self._connector.aclose()

    async def connect(self) -> Base:
        """The workspace below, for what this class does not offer."""
        return await self._connector.connect()

    async def listed_datasets(self) -> Listed[Dataset]:
        """The present list; an unchanged one costs one small answer."""
        workspace = await self.connect()
        known = self._listing
        listing = await workspace.datasets(etag=known[0] if known else None)
        if listing is None:
            assert known is not None  # an etag is only sent with a list
            return known[1]
        listed = Listed(Dataset, listing.datasets)
        self._listing = (listing.etag, listed) if listing.etag else None
        return listed

    async def listed_experiments(self) -> Listed[Experiment]:
        """The present list of experiments."""
        return Listed(Experiment, await (await self.connect()).experiments())
