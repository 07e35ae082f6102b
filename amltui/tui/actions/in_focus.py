"""The dataset in focus, for keys that need one or change it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from amltui.errors import UsageError
from amltui.text import visible
from amltui.tui.actions.host import ActionHost
from amltui.tui.keymap import key_of

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.workspaces.capabilities import Capabilities, Capability


def chosen(host: ActionHost) -> Dataset:
    """The dataset in focus.

    Raises:
        UsageError: there is none.
    """
    dataset = host.dataset
    if dataset is None:
        raise UsageError("No dataset is selected.", hint="Choose one in the list first.")
    return dataset


def own(
    host: ActionHost, wanted: Callable[[Capabilities], Capability] = lambda can: can.write
) -> Dataset:
    """The dataset in focus, which can be changed here.

    Raises:
        UsageError: there is none, it is an older version, or an example.
        NotSupportedByServer: see `need`.
    """
    dataset = chosen(host)
    need(host, wanted)
    if not dataset.is_latest:
        raise UsageError(
            "This is an older version, and versions never change.",
            hint=f"{key_of('versions')} restores it; {key_of('datasets_pane')} goes to the list, "
            "where the dataset itself can be changed.",
        )
    if dataset.is_example:
        raise UsageError(
            f"{visible(dataset.name)} is an example and cannot be changed.",
            hint=f"Download it with {key_of('download')} and upload it with {key_of('upload')} "
            "under a name of your own.",
        )
    return dataset


async def what_it_can(host: ActionHost) -> Capabilities:
    """What the workspace can do, for a dialog that depends on it; waits until it is reached.

    Raises:
        NotSupportedByServer: its datasets cannot be changed.
    """
    can = host.can
    if can is None:
        can = await (await (await host.session()).connect()).capabilities()
        can.write.require()
    return can


def need(host: ActionHost, wanted: Callable[[Capabilities], Capability]) -> None:
    """See before anything is asked for that the workspace can do it, as far as that is known.

    At once: a dialog that comes late would leave the keys that are typed for it to the panes.

    Raises:
        NotSupportedByServer: it cannot.
    """
    can = host.can
    if can is not None:
        for needed in (can.write, wanted(can)):
            needed.require()
