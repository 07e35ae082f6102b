"""The workspace's list: shown from this disk, asked for, and kept true while the program runs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from amltui.errors import AmltuiError, ConfigError, Unauthorized, Unreachable, UsageError
from amltui.tui.actions.host import ListHost
from amltui.tui.keymap import key_of
from amltui.tui.widgets.header import ConnectionState

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.catalog import Snapshot
    from amltui.services.session import Session
    from amltui.workspaces.capabilities import Capabilities

POLL: float = 30.0
"""Seconds between two looks at a workspace that answers; an unchanged list is a small answer."""
SHARE: float = 20.0
"""A look that took long is followed by as many times its length without one."""
ARRIVING: float = 1.0
"""Seconds between two looks while contents of this disk still come: it says when they are whole."""
RETRY: float = 5.0
"""Seconds between two tries to reach one that does not."""


def _instead_of_list(state: ConnectionState, *, elsewhere: bool) -> str:
    """What stands in place of a list that was never there.

    Args:
        state: why not.
        elsewhere: whether a sign-in is made elsewhere.
    """
    if elsewhere:
        return (
            "Nobody is signed in, or the workspace refused it.\n\n"
            f"Once that is done, {key_of('sign_in')} tries again."
        )
    return {
        "offline": "The workspace does not answer.\n\nIt is tried again every few seconds.",
        "refused": "The workspace refused the token or does not know the workspace id.\n\n"
        f"{key_of('sign_in')} asks for another token.",
        "failed": f"The workspace failed to list its datasets.\n\n{key_of('refresh')} tries again.",
    }[state]


class _Growing:
    """Puts pages together and hands them on, less and less often as they become many."""

    def __init__(self, take: Callable[[list[Dataset]], None]) -> None:
        self._take = take
        self._found: list[Dataset] = []
        self._next = 1
        self.pages = 0

    def __call__(self, page: tuple[Dataset, ...]) -> None:
        """Take a page."""
        self.pages += 1
        self._found += page
        if len(self._found) >= self._next:
            self._next = len(self._found) * 3 // 2
            self._take(self._found)


class ListActions:
    """The datasets of the workspace, and whether it answers."""

    def __init__(
        self,
        host: ListHost,
        show: Callable[[Snapshot, str | None], None],
        answers: Callable[[], None],
    ) -> None:
        """Begin.

        Args:
            host: the screen.
            show: shows a list, with the dataset of a key under the cursor.
            answers: called when the workspace answers that did not, or refused the sign-in.
        """
        self._host = host
        self._show = show
        self._answers = answers
        self._shown: Snapshot | None = None
        self._took = 0.0
        """Seconds that the last look took."""
        self._session: Session | None = None
        self.can: Capabilities | None = None
        """What the workspace can do. None: it was not reached yet."""
        self._looking = asyncio.Lock()
        self._looked_at: set[str] = set()
        """The ids of datasets of which few requests tell no more than is known."""
        self._turn = asyncio.Lock()
        """One question at a time: an old answer must not take the place of a newer one."""
        self._lost = asyncio.Event()
        """Set when the workspace did not answer: it is not looked at as seldom as one that does."""

    @property
    def listed(self) -> Sequence[Dataset]:
        """The datasets as they were listed last."""
        return self._shown.datasets if self._shown is not None else ()

    async def learn(self, dataset: Dataset) -> Dataset:
        """Ask what the list does not say of a dataset, and show it there."""
        session = await self.open()
        whole = await session.whole(dataset)
        if not whole.is_brief:
            self._learnt(whole)
        return whole

    async def glance(self, in_view: Callable[[], Sequence[Dataset]]) -> None:
        """Show of what is in view what few requests tell that the list did not; asked once of each.

        One look at a time: whoever goes on meanwhile is looked at next, where the cursor rests.
        """
        session = await self.open()
        async with self._looking:
            new = [one for one in in_view() if one.is_brief and one.id not in self._looked_at]
            found = await session.glance(new) if new else ()
            self._looked_at.update(one.id for one in new)
            if found:
                self._learnt(*found)

    def _learnt(self, *datasets: Dataset) -> None:
        if self._shown is None:
            return
        known = {one.id: one for one in datasets}
        found = tuple(known.get(one.id, one) for one in self._shown.datasets)
        self._shown = replace(self._shown, datasets=found)
        self.show_again()

    async def remember(self) -> None:
        """Show what this disk remembers."""
        session = await self.open()
        self._host.header.change(workspace=session.name)
        cached = await session.cached_list()
        if cached is not None:
            self._take(cached, None)

    async def begin(self) -> None:
        """Show what the workspace says."""
        try:
            await self.reload()
        except Unauthorized:
            if self._shown is not None or self._signs_in_elsewhere:
                raise  # of a sign-in elsewhere the pane does not say what stopped it
            # The pane says it, in place of the list: not a second time in a note.

    async def reload(self, *, select: str | None = None) -> None:
        """Ask the workspace for its list; the old one stays when it does not answer."""
        session = await self.open()
        async with self._turn:
            before = self._host.header.status.state
            try:
                await session.connect()
                began = time.monotonic()
                growing = _Growing(self._take_some)
                snapshot = await session.catalog.refresh(growing)
                self.can = can = await (await session.connect()).capabilities()
            except AmltuiError as error:
                self._failed(error)
                raise
            self._took = time.monotonic() - began
            latency = self._took / (growing.pages or 1)
        header = self._host.header
        if before != "online":
            session.signed_in()
            self._answers()
        if header.status.state == "online":
            # Only what a person would call another speed is worth writing to the terminal.
            known = header.status.latency or 0.0
            latency = latency if max(latency, known) > 2 * min(latency, known) + 0.05 else known
        header.change(state="online", latency=latency, listed=None)
        upload = f"Press {key_of('upload')} to upload a file."
        self._host.datasets.nothing = f"No datasets.\n\n{can.write.missing or upload}"
        self._take(snapshot, select)

    async def watch(self) -> None:
        """Look again and again, so that neither the list nor what is said of it grows old."""
        header = self._host.header
        while True:
            before = header.status.state
            self._lost.clear()
            seldom = before != "offline"
            pause = max(POLL, SHARE * self._took) if seldom else RETRY
            if any(one.arriving for one in self.listed):
                pause = ARRIVING
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._lost.wait()
                if seldom:
                    continue
            arriving = any(one.arriving for one in self.listed)
            try:
                await self.reload()
            except Unreachable:
                pass  # the header says it
            except AmltuiError as error:
                if header.status.state != before:
                    self._host.report(error)
            if arriving and not any(one.arriving for one in self.listed):
                self._host.redraw()  # the program that piped it in may have written over the screen

    async def sign_in(self) -> None:
        """`S`: go on with another token for the same workspace."""
        from amltui.config.connection_values import token_of
        from amltui.tui.dialogs.prompts import AskLine

        session = await self.open()
        connection = session.connection
        if connection is None:
            raise UsageError("The local workspace needs no token.")
        if not connection.token:  # the sign-in is made elsewhere, by `az login` for example
            await self.reload()
            self._host.say("The workspace accepts the sign-in.")
            return

        def check(text: str) -> str:
            try:
                token_of(text, source="this line")
            except ConfigError as error:
                return f"{error}."
            return ""

        typed = await self._host.ask(
            AskLine(
                "Sign in",
                f"A token for workspace {connection.workspace_id}\nat {connection.endpoint}\n"
                "It is used until the program ends; `amltui profile add` keeps one.",
                accept="sign in",
                check=check,
                secret=True,
            )
        )
        if typed is not None:
            token = token_of(typed, source="this line")
            await session.sign_in(replace(connection, token=token))
            await self.reload()

    async def open(self) -> Session:
        """The session; the panes say so where it cannot be opened."""
        try:
            session = await self._host.session()
        except Exception:  # whatever it is, it is raised again; the panes must not seem to wait
            self._host.header.change(state="failed")
            self._host.datasets.say("The workspace could not be opened.")
            raise
        self._session = session
        return session

    def _failed(self, error: AmltuiError) -> None:
        state: ConnectionState = "failed"
        if isinstance(error, Unreachable):
            state = "offline"
            self._lost.set()
        elif isinstance(error, Unauthorized):
            state = "refused"
        listed = self._shown.fetched if self._shown is not None else None
        self._host.header.change(state=state, latency=None, listed=listed)
        elsewhere = state == "refused" and self._signs_in_elsewhere
        self._host.datasets.say(_instead_of_list(state, elsewhere=elsewhere))

    @property
    def _signs_in_elsewhere(self) -> bool:
        """Whether the sign-in is not by a token of ours, but by `az login` for example."""
        connection = self._session.connection if self._session is not None else None
        return connection is not None and not connection.token

    def _take_some(self, found: list[Dataset]) -> None:
        """Show how far a first, long list has come; a list that is there already stays."""
        before = self._shown
        if before is None or (before.more and len(before.datasets) < len(found)):
            from amltui.services.catalog import Snapshot, in_order

            self._host.header.change(state="online", listed=None)
            now = datetime.now(UTC)
            self._take(Snapshot(in_order(found), now, cached=False, more=True), None)

    def _take(self, snapshot: Snapshot, select: str | None) -> None:
        before, self._shown = self._shown, snapshot
        if snapshot.gap and (before is None or before.gap != snapshot.gap):
            self._host.say(snapshot.gap, warning=True)
        if snapshot.cached:
            self._host.header.change(listed=snapshot.fetched)
        if (
            before is None
            or select is not None
            or (before.datasets, before.more)
            != (
                snapshot.datasets,
                snapshot.more,
            )
        ):
            self.show_again(select)

    def show_again(self, select: str | None = None) -> None:
        """Show what is known, without what is about to be deleted."""
        session, snapshot = self._session, self._shown
        if session is None or snapshot is None:
            return
        leaving = {change.before.key for change in session.edits.waiting}
        kept = tuple(one for one in snapshot.datasets if one.key not in leaving)
        self._show(replace(snapshot, datasets=kept), select)
