"""What lies over the panes: one dialog at a time, and the palette.

Not screens of their own: Textual draws all of a new screen, and all of the one below when it comes
back, which is 60 KB each. A widget on a layer of its own draws no more than itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial, update_wrapper
from typing import Any, ClassVar, Concatenate, Final, Generic, ParamSpec, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.css.query import NoMatches
from textual.events import DescendantBlur, Key
from textual.widget import Widget

from amltui.tui.key_queue import KeyQueue

T = TypeVar("T")
P = ParamSpec("P")
W = TypeVar("W", bound=Widget)

_TURNS: Final = 12
"""Turns of the event loop in which what was asked for has reached every widget.

Each carries a message from one to the next. The longest way: the widget that gets the focus, those
around it, the screen, the line of keys, which is drawn by the screen.
"""


class Modal(Container, can_focus=True):
    """Keeps keys that are of no use here from the panes behind."""

    WIDTH: ClassVar[int] = 56
    """Cells wide, where there is room: not wider than the preview of a terminal of 120 columns,
    for each border that it crosses costs forty bytes a line when it goes."""

    def on_key(self, event: Key) -> None:
        """Stop what no binding in here is for."""
        active = self.screen.active_bindings.get(event.key)
        if active is None or self not in active.node.ancestors_with_self:
            event.stop()


class Dialog(Modal, Generic[T]):
    """Asks for a value; None: it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "step(1)", "next field", show=False),
        Binding("shift+tab", "step(-1)", "previous field", show=False),
    ]
    FIRST: ClassVar[str] = ""
    """Selector of what has the focus at first; "": the first that can have it."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self.left: Callable[[], None] = lambda: None
        """Called at once when it ends: the next key is for what lies behind."""

    def dismiss(self, result: T | None = None) -> None:
        """End with a value."""
        if not self.answer.done():
            self.answer.set_result(result)
            self.workers.cancel_node(self)
            self.left()

    def report(self, error: Exception) -> None:
        """Say what went wrong."""
        layer = self.parent
        assert isinstance(layer, DialogLayer)
        layer.report(error)

    def action_dismiss(self, result: T | None = None) -> None:
        """End with a value."""
        self.dismiss(result)

    def focus_first(self) -> None:
        """Give the focus to what is to be filled in first, unless it was left already."""
        if self.answer.done():
            return
        wanted = self.query(self.FIRST or "*").results(Widget)
        self.screen.set_focus(next((each for each in wanted if each.focusable), self))

    def action_step(self, by: int) -> None:
        """Go to the next field, or the one before."""
        fields = [each for each in self.query("*").results(Widget) if each.focusable]
        if fields:
            focused = self.screen.focused
            at = fields.index(focused) if focused in fields else -by
            self.screen.set_focus(fields[(at + by) % len(fields)])

    def on_descendant_blur(self, _event: DescendantBlur) -> None:
        """Keep the focus when something behind was clicked."""
        focused = self.screen.focused
        if focused is None or self in focused.ancestors_with_self or self.answer.done():
            return
        self.focus_first()


def beside(
    group: str,
) -> Callable[[Callable[Concatenate[W, P], Awaitable[None]]], Callable[Concatenate[W, P], None]]:
    """Make a method of a dialog, or of a part of it, work beside the screen.

    One of its `group` in the dialog at a time.

    A dialog may be left at any moment: what is still at work then ends without a word, and what
    fails before is told.
    """

    def of(
        method: Callable[Concatenate[W, P], Awaitable[None]],
    ) -> Callable[Concatenate[W, P], None]:
        def begin(self: W, /, *args: P.args, **kwargs: P.kwargs) -> None:
            over = (each for each in self.ancestors_with_self if isinstance(each, Dialog))
            if (dialog := next(over, None)) is None:
                return  # it was left

            async def guarded() -> None:
                if dialog.answer.done():
                    return
                try:
                    await method(self, *args, **kwargs)
                except NoMatches:
                    pass  # it was left, or the program ends: its fields are gone
                except Exception as error:  # noqa: BLE001  the last border before the person
                    if not dialog.answer.done():
                        dialog.report(error)

            begun: Callable[[], Any] = guarded
            dialog.run_worker(begun, group=group, exclusive=True)

        update_wrapper(begin, method)
        return begin

    return of


def _after_turns(turns: int, then: Callable[[], None]) -> None:
    if turns:
        asyncio.get_running_loop().call_soon(_after_turns, turns - 1, then)
    else:
        then()


class DialogLayer(Container):
    """Where they lie. As large as what it holds: it covers no more."""

    def __init__(
        self,
        *children: Widget,
        report: Callable[[Exception], None],
        id: str | None = None,  # noqa: A002  Textual's own name for it
    ) -> None:
        """Begin without a dialog; `report` tells what goes wrong in one."""
        super().__init__(*children, id=id)
        self.report = report
        self._turn = asyncio.Lock()
        self._behind: Widget | None = None
        """What had the focus before something came over it."""

    def on_mount(self) -> None:
        """Be as wide as the palette."""
        self.fit()

    @property
    def shown(self) -> Dialog[Any] | None:
        """The dialog that waits for an answer."""
        found = self.query(Dialog).results()
        return next((each for each in found if not each.answer.done()), None)

    def fit(self) -> None:
        """Be as wide as what is shown wants and the terminal allows."""
        dialog = next(iter(self.query(Dialog).results()), None)
        wide = Modal.WIDTH if dialog is None else dialog.WIDTH
        self.styles.width = min(wide, self.screen.size.width - 2)

    @contextmanager
    def one_frame(self) -> Iterator[None]:
        """Draw what changes in here once, and not at each step of the layout."""
        held = ExitStack()
        held.callback(self.screen.check_idle)  # it draws when it has nothing else to do
        held.enter_context(self.app.batch_update())
        try:
            yield
        finally:
            _after_turns(_TURNS, held.close)

    async def ask(self, dialog: Dialog[T]) -> T | None:
        """Show a dialog and wait for its answer; a second one waits until the first is gone."""
        with ExitStack() as coming:
            self._let_keys_wait(coming)
            async with self._turn:
                try:
                    await self._open(dialog)
                    coming.close()
                    return await dialog.answer
                finally:
                    await self._close(dialog)

    def _let_keys_wait(self, coming: ExitStack) -> None:
        """Let keys that wait for a dialog do so until it has come, however busy the machine is."""
        app = self.app
        if isinstance(app, KeyQueue):
            if self.shown is None:  # else they are for that one
                app.dialog_comes()
            coming.callback(app.release_keys)

    async def _open(self, dialog: Dialog[Any]) -> None:
        dialog.left = partial(self._leave, dialog)
        self.comes_over()
        with self.one_frame():
            self.styles.width = min(dialog.WIDTH, self.screen.size.width - 2)
            await self.mount(dialog)
            dialog.focus_first()

    def comes_over(self) -> None:
        """Note what has the focus behind: something comes over it."""
        focused = self.screen.focused
        if focused is None or self not in focused.ancestors:
            self._behind = focused

    def focus_behind(self) -> None:
        """Give the focus back to what had it before something came over it."""
        if self._behind is None or self._behind.is_attached:
            self.screen.set_focus(self._behind)

    def _leave(self, dialog: Dialog[Any]) -> None:
        if not self.is_attached:
            return  # the program ends
        with self.one_frame():
            dialog.display = False
            self.focus_behind()

    async def _close(self, dialog: Dialog[T]) -> None:
        if not self.is_attached:
            return
        if dialog.display:  # nobody waits for its answer any more
            dialog.left()
        await dialog.remove()
        self.fit()
