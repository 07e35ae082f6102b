"""Sending files and folders of this disk: as new datasets, or as new contents of one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from amltui.disk import disk_errors
from amltui.errors import AmltuiError
from amltui.models import Dataset
from amltui.text import visible
from amltui.tui.actions.host import ActionHost
from amltui.tui.actions.in_focus import need, own
from amltui.tui.actions.transfers import TransferActions
from amltui.tui.dialogs.changes import ChangesScreen
from amltui.tui.dialogs.upload import GivenUploadScreen, Taken, UploadChoice, UploadScreen

if TYPE_CHECKING:
    from amltui.services.conversion import Look
    from amltui.services.session import Session
    from amltui.tables.rules import Rules
    from amltui.transfers import Transfer

_LARGE: Final = 64 << 20
"""Bytes above which contents are compared only when somebody asks for it."""


class FileUploads:
    """The keys that send a file, and the dialog that they open."""

    def __init__(self, host: ActionHost, transfers: TransferActions) -> None:
        self._host = host
        self._transfers = transfers

    async def upload(self) -> None:
        """`u`: send a file, or a folder where that can be a dataset, as a new dataset."""
        need(self._host, lambda can: can.write)
        there = self._there()

        def taken(name: str) -> bool | None:
            found = there.get(name)
            return None if found is None else not found.is_example

        request = await self._host.ask(
            UploadScreen(_guess, _look_at, taken=taken, folders=self._folders)
        )
        if request is not None:
            await self._upload(request, there[request.name] if request.as_version else None)

    def dialog_for(self, taken: Taken, *, title: str, path: Path, name: str) -> UploadScreen:
        """The dialog for a file that is chosen already."""
        return GivenUploadScreen(
            _guess, _look_at, taken=taken, title=title, path=path, proposed=name
        )

    async def update(self) -> None:
        """`U`: send a file or a folder as the new contents of the dataset."""
        dataset = own(self._host)
        there = self._there()

        def taken(name: str) -> bool | None:
            return False if name in there else None

        request = await self._host.ask(
            UploadScreen(
                _guess,
                _look_at,
                taken=taken,
                folders=self._folders,
                title=f"New contents for {visible(dataset.name)}",
                name=dataset.name,
                data_type_id=dataset.data_type_id,
                description=dataset.description,
            )
        )
        if request is not None:
            await self._upload(request, dataset)

    async def _upload(self, request: UploadChoice, replaced: Dataset | None) -> None:
        """Send a file, as a new dataset or in place of one."""
        session = await self._host.session()

        def begun(transfer: Transfer) -> None:
            if replaced is not None:
                self._transfers.updating(transfer, replaced)

        await self.send(session, request, replaced, begun)

    async def send(
        self,
        session: Session,
        request: UploadChoice,
        replaced: Dataset | None,
        begun: Callable[[Transfer], None] = lambda _transfer: None,
    ) -> Transfer | None:
        """Begin to send a file to a workspace; converted first where that was said.

        None: what it changes of `replaced` was not agreed to.
        """
        from amltui.formats import format_of
        from amltui.services.checking import rules_for
        from amltui.services.conversion import converted

        if not request.data_type_id:
            transfer = await self._upload_folder(session, request, replaced)
            begun(transfer)
            return transfer
        queue = await session.transfers()
        with ExitStack() as stack:
            path, data_type_id = request.path, request.data_type_id
            if request.convert is not None:
                self._host.say(f"Converting {visible(path.name)} first.")
                copy = converted(path, format_of(data_type_id), request.convert)
                path, data_type_id = await asyncio.to_thread(stack.enter_context, copy)
            if replaced is not None:
                rules = await rules_for(session, replaced, request.path)
                if not await self._agreed(session, replaced, path, data_type_id, rules):
                    return None
            transfer = queue.upload(
                path,
                name=request.name,
                data_type_id=data_type_id,
                description=request.description,
                replaces=replaced.key if replaced is not None else None,
            )
            begun(transfer)
            if request.convert is not None:
                with suppress(AmltuiError):  # told where transfers are watched
                    await queue.finished(transfer.id)
        return transfer

    async def _agreed(
        self,
        session: Session,
        dataset: Dataset,
        path: Path,
        data_type_id: str,
        rules: Rules | None,
    ) -> bool:
        """Whether somebody who has seen what new contents change wants them to be sent."""
        from amltui.services.checking import check_update

        check = partial(check_update, session, dataset, path, data_type_id=data_type_id)
        with disk_errors(path, "read"):
            size = (await asyncio.to_thread(path.stat)).st_size
        small = max(size, dataset.size or 0) <= _LARGE
        dialog = ChangesScreen(
            dataset.name,
            check if rules is None else partial(check, rules),
            must=rules is not None,
            at_once=small,
        )
        return await self._host.ask(dialog) is True

    async def _upload_folder(
        self, session: Session, request: UploadChoice, replaced: Dataset | None
    ) -> Transfer:
        from amltui.services.folders import begin_folder

        return await begin_folder(
            session,
            request.path,
            name=request.name,
            description=request.description,
            replaces=replaced,
        )

    def _folders(self) -> bool:
        """Whether a folder can become a dataset, as far as that is known."""
        return self._host.can is not None and bool(self._host.can.folders)

    def _there(self) -> dict[str, Dataset]:
        """The datasets as they were listed last, by their names."""
        return {one.name: one for one in self._host.listed}


async def _guess(path: Path) -> str:
    from amltui.formats import guess_data_type

    return await asyncio.to_thread(guess_data_type, path)


async def _look_at(path: Path, data_type_id: str, convert: bool) -> Look:  # noqa: FBT001  as `LookAt` has it
    from amltui.services.conversion import look_at

    return await asyncio.to_thread(look_at, path, data_type_id, convert=convert)
