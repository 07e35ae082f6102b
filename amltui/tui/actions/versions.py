"""Versions of a dataset: shown, restored, compared with each other and with other datasets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from amltui.errors import UsageError
from amltui.models import Dataset
from amltui.text import visible
from amltui.tui.actions.host import PreviewHost
from amltui.tui.actions.query_stack import Query
from amltui.tui.dialogs.show import ShowText
from amltui.tui.dialogs.versions import VersionsScreen
from amltui.tui.keymap import undoes

if TYPE_CHECKING:
    from amltui.services.versions import Version
    from amltui.tables import Table
    from amltui.tables.queries import Answer, View
    from amltui.tui.actions.previews import PreviewActions


class VersionActions:
    """The key `V`, and comparing."""

    def __init__(
        self,
        host: PreviewHost,
        previews: PreviewActions,
        choose: Callable[[str, Callable[[Dataset], None]], None],
    ) -> None:
        """Begin.

        Args:
            host: the screen.
            previews: what is shown there.
            choose: lets a person choose another dataset, under a title.
        """
        self._host = host
        self._previews = previews
        self._choose = choose

    async def versions(self) -> None:
        """`V`: the versions of the dataset."""
        from amltui.services.versions import VersionList

        dataset = self._dataset()
        if self._host.can is not None:
            self._host.can.versions.require()
        session = await self._host.session()
        found = VersionList(await session.connect(), dataset.key)
        await found.read()
        shown = self._previews.dataset
        choice = await self._host.ask(
            VersionsScreen(dataset.name, found, shown=shown.id if shown is not None else "")
        )
        if choice is None:
            return
        if choice.what == "show":
            self._host.show_dataset(choice.version.dataset)
        elif choice.what == "restore":
            await self._restore(choice.version)
        elif choice.other is not None:
            old, new = sorted((choice.version, choice.other), key=lambda one: one.number)
            await self._compare(old.dataset, new.dataset, f"version {old.label} → {new.label}")

    async def compare(self) -> None:
        """Compare two marked datasets, or the dataset with one that is chosen by its name."""
        marked = self._host.marked
        if len(marked) == 2:
            old, new = marked
            await self._compare(old, new, f"{visible(old.name)} → {visible(new.name)}")
            return
        if len(marked) > 2:
            raise UsageError(
                f"{len(marked):,} datasets are marked, and two are compared.",
                hint="space takes a mark away, esc all.",
            )
        dataset = self._dataset()

        def chosen(other: Dataset) -> None:
            async def work() -> None:
                await self._compare(other, dataset, f"{visible(other.name)} → this")

            self._host.work(work)

        self._choose(f"Compare {visible(dataset.name)} with", chosen)

    async def _restore(self, version: Version) -> None:
        if self._host.can is not None:
            self._host.can.restore.require()
        session = await self._host.session()
        made = await session.edits.restore(version.dataset)
        self._host.say(
            f"Version {version.label} of {visible(made.name)} is the latest again. {undoes()}."
        )
        await self._host.reload(select=made.key)

    async def _compare(self, old: Dataset, new: Dataset, title: str) -> None:
        """Show how `new` differs from `old`; esc stops it as it stops any query."""
        self._host.show_dataset(new)
        await self._previews.opened(new)
        self._host.work(partial(self._differences, old, title), group="query", exclusive=True)

    async def _differences(self, old: Dataset, title: str) -> None:
        """Say how what is shown differs from `old`, then show these rows in the grid."""
        from amltui.services.comparing import counts, told
        from amltui.services.whole_tables import dataset_table
        from amltui.tables.queries import compare, difference_table, in_thread

        session = await self._host.session()
        stack = self._previews.queries.stack
        right = await stack.whole_table()
        with stack.working("comparing"):
            async with dataset_table(session, old, fetch=False) as left:
                found = await in_thread(compare, left, right, limit=0)
        text = "\n".join(told(found))
        if not (found.added or found.removed or found.changed):
            self._tell(title, text)
            return

        async def ask(_rows: Table | View) -> Answer:
            async with dataset_table(session, old, fetch=False) as left:
                return (await in_thread(difference_table, left, stack.table))[1]

        by = f" by {', '.join(map(visible, found.key))}" if found.key else ""
        await stack.run("comparing", Query("compare", f"{title}: {counts(found)}{by}", ask))
        self._tell(title, f"{text}\n\nesc shows the rows that differ.")

    def _tell(self, title: str, text: str) -> None:
        """Show words, of which no query's end waits: the next escape is for its result."""

        async def show() -> None:
            await self._host.ask(ShowText(title, text))

        self._host.work(show)

    def _dataset(self) -> Dataset:
        dataset = self._host.dataset
        if dataset is None:
            raise UsageError("No dataset is selected.", hint="Choose one in the list first.")
        return dataset
