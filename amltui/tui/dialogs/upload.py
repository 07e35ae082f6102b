"""What is to be sent, and what the dataset is to be called."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from amltui.errors import AmltuiError
from amltui.models import DataTypeIds
from amltui.text import human_size, visible
from amltui.transfers.folder_files import folder_at
from amltui.tui.dialogs.dialect import drawn
from amltui.tui.dialogs.file_chooser import FileChooser, PathInput
from amltui.tui.dialogs.type_field import TYPES, TypeField
from amltui.tui.key_queue import KeyQueue
from amltui.tui.path_completion import file_problem, full_path, is_folder
from amltui.tui.widgets.choices import Choice, Choices
from amltui.tui.widgets.dialog import Dialog, beside
from amltui.tui.widgets.fields import Field

if TYPE_CHECKING:
    from amltui.formats.dialect import Dialect
    from amltui.services.conversion import Look

Guess = Callable[[Path], Awaitable[str]]
"""Says which data type a file seems to be."""
LookAt = Callable[[Path, str, bool], Awaitable["Look"]]
"""Says how a file would be read as a type, and whether it is going to be converted."""
Taken = Callable[[str], bool | None]
"""Says whether the dataset that has a name can get a version; None where nobody has it."""


@dataclass(frozen=True, slots=True)
class UploadChoice:
    """What to send."""

    path: Path
    name: str
    data_type_id: str
    """"": it is a folder."""
    description: str = ""
    convert: Dialect | None = None
    """What it is written in, where it is to be sent as UTF-8 with commas."""
    as_version: bool = False
    """Whether it is to be the next version of the dataset that has the name."""


class UploadScreen(Dialog[UploadChoice]):
    """Choose a file by typing or from the list, then edit what was guessed about it.

    Once it is chosen, its first rows stand there as they will be read.
    """

    FIRST = "#path"
    WIDTH: ClassVar[int] = 72
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave"),
        Binding("ctrl+s", "send", "send", priority=True),
        Binding("ctrl+t", "convert", "convert, or not", show=False, priority=True),
        Binding("ctrl+n", "as_version", "as a new version", show=False, priority=True),
    ]

    def __init__(
        self,
        guess: Guess,
        look_at: LookAt,
        *,
        taken: Taken = lambda _name: None,
        folders: Callable[[], bool] = lambda: False,
        title: str = "",
        name: str = "",
        data_type_id: str = "",
        description: str = "",
        path: Path | None = None,
        proposed: str = "",
    ) -> None:
        """Let a file be chosen.

        Args:
            guess: see `Guess`.
            look_at: see `LookAt`.
            taken: see `Taken`.
            folders: whether a folder with all its files can be chosen, too, as far as is known.
            title: what stands above.
            name: of the dataset that gets new contents; "": a new one, named as the file.
            data_type_id: of that dataset.
            description: what is to be edited.
            path: a file that is chosen already.
            proposed: what that is to be called; "": as the file is.
        """
        super().__init__()
        self._folders = folders
        self._guess = guess
        self._look_at = look_at
        self._taken = taken
        self._look: Look | None = None
        """What is known of the chosen file as the chosen type."""
        self._convert = False
        self._as_version = False
        self._title = title or ("Upload a file or a folder" if folders() else "Upload a file")
        self._fixed_name = name
        self._data_type_id = data_type_id
        self._description = description
        self._given = path
        self._proposed = proposed
        self._type = data_type_id or DataTypeIds.GenericCSV
        self._types = dict(TYPES)
        self._types.setdefault(self._type, "")
        self._warned = ""
        """The file and type that did not seem to fit, and were sent for the second time."""
        self._guessed = ""
        self._path = ""
        """The file or folder that name and type were last guessed for."""
        self._folder = False
        """Whether that is a folder, which has no type."""
        self._filling = asyncio.Lock()

    def compose(self) -> ComposeResult:
        """Path, list of files, then the fields."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "^s send · tab next · esc leave"
            yield FileChooser(
                "" if self._given is None else str(self._given), of_folder=self._of_folder
            )
            yield Choices(self._choices())
            with Horizontal(classes="field"):
                yield Label("name")
                yield Field(
                    self._fixed_name or self._proposed,
                    id="name",
                    compact=True,
                    placeholder="the file's name",
                )
            yield Static("", id="name-problem", classes="problem", markup=False)
            with Horizontal(classes="field"):
                yield Label("type")
                yield TypeField("", id="type", markup=False)
            yield Static("", id="type-problem", classes="problem", markup=False)
            with Horizontal(classes="field"):
                yield Label("description")
                yield Field(
                    self._description, id="description", compact=True, placeholder="optional"
                )
            yield Static("", id="first-rows", markup=False)

    def on_mount(self) -> None:
        """Show where the program was started."""
        self._set_type(self._type)
        if not self._data_type_id:
            self.query_one("#type", Static).update("as the file seems to be")
        for line in self.query(".problem").results():
            line.display = False
        self.query_one("#first-rows").display = False
        self.query_one(Choices).display = False
        self.query_one(Choices).can_focus = False
        if self._given is not None:
            self._say(self._name_problem(self._typed_name), "#name-problem")
            self._look_at_path(str(self._given))

    def _of_folder(self) -> str:
        may = self._folders()
        return "Choose a file in it; ^s takes the folder with all its files." if may else ""

    @on(PathInput.Blurred, "#path")
    def _path_left(self, event: PathInput.Blurred) -> None:
        self._look_at_path(event.value)

    @beside("choose")
    async def _look_at_path(self, typed: str) -> None:
        """Say what a file that was typed and not chosen is: its fields are seen next."""
        path = full_path(typed)
        # `send` tells a problem; the field may be left to look around.
        if not await asyncio.to_thread(file_problem, typed):
            await self._fill(path)

    @on(Input.Changed, "#name")
    def _name_typed(self) -> None:
        self._as_version = False
        self._say(self._name_problem(self._typed_name), "#name-problem")

    @property
    def _typed_name(self) -> str:
        """What is typed as the name."""
        return self.query_one("#name", Input).value.strip()

    def _may_be_version(self, name: str) -> bool | None:
        """See `Taken`."""
        return self._taken(name) if name and name != self._fixed_name else None

    def _name_problem(self, name: str) -> str:
        """Who has the name already: said while it is typed, not once the file is sent."""
        if (may := self._may_be_version(name)) is None:
            return ""
        instead = ", or ^n sends it as a new version" if may else ""
        return f"{name} is there already. Give another name{instead}."

    @on(Input.Submitted, "#name")
    @on(Input.Submitted, "#description")
    def _field_submitted(self) -> None:
        self.action_send()

    @on(FileChooser.Chosen)
    @beside("choose")
    async def _chosen(self, event: FileChooser.Chosen) -> None:
        await self._fill(event.path)
        self._focus("#name")

    async def _fill(self, path: Path) -> None:
        """Fill in what a chosen file tells, unless that is done or the person said otherwise."""
        async with self._filling:  # whoever sends waits for what is under way
            if str(path) == self._path:
                return
            guessed = await self._guess(path)
            if self._is_the_files(self._typed_name):
                self.query_one("#name", Input).value = path.name
            was_folder, self._folder = self._folder, False
            self._path, self._guessed = str(path), guessed
            if not self._data_type_id:
                self._set_type(guessed, guessed=True)
            elif was_folder:
                self._set_type(self._data_type_id)
            else:
                self._look_again()

    def _is_the_files(self, name: str) -> bool:
        """Whether a name is that of whichever file is chosen: nobody gave another."""
        return not self._fixed_name and name in {"", Path(self._path).name}

    async def _fill_folder(self, path: Path) -> None:
        """Fill in what a chosen folder tells: what is sent, before it is."""
        files = await asyncio.to_thread(folder_at, path)
        self._path, self._folder, self._look = str(path), bool(files.files), None
        self._convert = False
        name = self.query_one("#name", Input)
        if not self._fixed_name:
            name.value = path.name
        count = f"{len(files.files):,} file{'' if len(files.files) == 1 else 's'}"
        self.query_one("#type", Static).update(f"a folder of {count}, {human_size(files.size)}")
        self.query_one("#first-rows").display = False
        self.query_one(FileChooser).say("" if files.files else f"There are no files in {path}.")
        self._say("" if not files.files else "^s sends it as one dataset.", "#type-problem")
        self._focus("#name")

    def _choices(self) -> list[Choice]:
        return [Choice(key, "", key, about) for key, about in self._types.items()]

    def _set_type(self, data_type_id: str, *, guessed: bool = False) -> None:
        self._types.setdefault(data_type_id, "")
        self._type = data_type_id
        words = ", guessed" if guessed else ""
        self.query_one("#type", Static).update(
            f"{data_type_id}{words}: {self._types[data_type_id]}".removesuffix(": ")
        )
        types = self.query_one(Choices)
        types.show(self._choices())
        types.action_move(list(self._types).index(data_type_id))
        self._convert = False
        self._look_again()

    @beside("first rows")
    async def _look_again(self) -> None:
        await self._see()

    async def _see(self) -> None:
        """Show how the file will be read, and what its type does not say of it."""
        if not self._path or self._folder:
            return
        try:
            self._look = look = await self._look_at(Path(self._path), self._type, self._convert)
        except AmltuiError as error:
            self._look, told, rows = None, str(error), ""
        else:
            rows = "" if look.rows is None else await asyncio.to_thread(drawn, look.rows)
            told = self._doubt()
        if self.answer.done():
            return  # It was left meanwhile.
        self._say(told, "#type-problem")
        shown = self.query_one("#first-rows", Static)
        shown.display = True
        shown.update(rows or "No rows are read of this type.")

    def action_convert(self) -> None:
        """Send the file as UTF-8 with commas, or as it is."""
        look = self._look
        if look is None or look.dialect is None or not (look.problem or self._convert):
            self._say("There is nothing to convert.", "#type-problem")
            return
        self._convert = not self._convert
        self._look_again()

    def action_as_version(self) -> None:
        """Send the file as the next version of the dataset that has the name."""
        if self._may_be_version(self._typed_name):
            self._as_version = True
            self.action_send()

    @on(TypeField.Left)
    def _type_in_focus(self, event: TypeField.Left) -> None:
        self.query_one(Choices).display = event.here
        self.query_one(FileChooser).show_list(shown=not event.here)

    @on(TypeField.Stepped)
    def _type_stepped(self, event: TypeField.Stepped) -> None:
        if self._folder:
            return
        names = list(self._types)
        at = (names.index(self._type) + event.by) % len(names)
        self._set_type(names[at])

    @on(Choices.Chosen)
    def _type_chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        if not self._folder:
            self._set_type(event.choice.id)

    def _doubt(self) -> str:
        """What speaks against sending the file so; "" for nothing."""
        if self._convert:
            return "It is sent as UTF-8 with commas; ^t sends it as it is."
        if self._data_type_id and self._guessed != self._type:
            return (
                f"This looks like {self._guessed}, and would be read as {self._type}. "
                "Choose another type, or send it all the same with ^s."
            )
        if self._look is not None and self._look.problem:
            return (
                f"It looks {self._look.problem}, which other clients read otherwise: "
                "^t converts it, ^s sends it all the same."
            )
        return ""

    def action_send(self) -> None:
        """Check what the fields say now, and dismiss with it.

        Keys that are typed meanwhile are for what comes then.
        """
        app = self.app
        release = app.hold_keys() if isinstance(app, KeyQueue) else lambda: None
        name = "" if self._is_the_files(self._typed_name) else self._typed_name
        description = self.query_one("#description", Input).value
        self._check(name, description, as_version=self._as_version, release=release)

    @beside("send")
    async def _check(
        self, name: str, description: str, *, as_version: bool, release: Callable[[], None]
    ) -> None:
        """Dismiss with the fields, or say what speaks against it.

        Not ended by what looks at the chosen file meanwhile: nothing would say that it was.
        """
        try:
            found = await self._checked(name, as_version=as_version)
            if found is not None:
                self.dismiss(
                    dataclasses.replace(found, description=description, as_version=as_version)
                )
        finally:
            release()

    async def _checked(self, name: str, *, as_version: bool) -> UploadChoice | None:
        """What is to be sent as `name`, "" being the file's; None: it was said what is wrong."""
        chooser = self.query_one(FileChooser)
        typed = chooser.typed
        path = full_path(typed)
        if self._folders() and typed.strip() and await asyncio.to_thread(is_folder, path):
            return await self._checked_folder(path, name, as_version=as_version)
        problem = await asyncio.to_thread(file_problem, typed)
        if problem:
            chooser.say(problem)
            self._focus("#path")
            return None
        await self._fill(path)
        if self._refuses(name or path.name, as_version=as_version):
            return None
        await self._see()
        so = f"{self._path}\n{self._type}"
        if self._doubt() and not self._convert and self._warned != so:
            self._warned = so
            self._focus("#type")
            return None
        look = self._look
        convert = look.dialect if look is not None and self._convert else None
        return UploadChoice(path, name or path.name, self._type, convert=convert)

    async def _checked_folder(
        self, path: Path, name: str, *, as_version: bool
    ) -> UploadChoice | None:
        """Say what would be sent; the second time send it."""
        if str(path) != self._path or not self._folder:
            await self._fill_folder(path)
            return None
        if self._refuses(name or path.name, as_version=as_version):
            return None
        return UploadChoice(path, name or path.name, "")

    def _refuses(self, name: str, *, as_version: bool) -> bool:
        """Whether somebody has the name, which is then said."""
        problem = "" if as_version else self._name_problem(name)
        if problem:
            self._say(problem, "#name-problem")
            self._focus("#name")
        return bool(problem)

    def _focus(self, field: str) -> None:
        """Go to a field, unless the dialog was left meanwhile: the next key is for the panes.

        At once: `Widget.focus` comes later, perhaps when the dialog was left, and nothing has the
        focus then.
        """
        if not self.answer.done():
            self.screen.set_focus(self.query_one(field))

    def _say(self, problem: str, where: str) -> None:
        line = self.query_one(where, Static)
        line.display = bool(problem)
        line.update(visible(problem))


class GivenUploadScreen(UploadScreen):
    """The same, where the file is chosen already: first its name is asked for."""

    FIRST = "#name"
