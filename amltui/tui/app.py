"""The terminal program: it opens the session in the background and paints before that is done."""

from __future__ import annotations

import logging
import os
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from textual._compositor import CompositorUpdate  # what `_display` gets; see there
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.events import Resize
from textual.screen import Screen

from amltui.config import look
from amltui.config.keymap import keymap
from amltui.errors import AmltuiError, Unauthorized, Unreachable
from amltui.redact import redacted
from amltui.text import visible_lines
from amltui.tui import keymap as keys
from amltui.tui import theme as themes
from amltui.tui.idle_gc import IDLE_SECONDS, IdleCollector
from amltui.tui.key_queue import KeyQueue
from amltui.tui.notifications import ANY, Notifications, Severity, from_workspace
from amltui.tui.pace import PACE
from amltui.tui.plain_glyphs import key_in_ascii, only_ascii
from amltui.tui.screen_diff import Changes, ScreenMemory
from amltui.tui.screens.main import MainScreen
from amltui.tui.screens.pane_layout import too_small
from amltui.tui.screens.too_small import TooSmallScreen
from amltui.tui.session_loader import SessionLoader
from amltui.tui.sighup import end_with_terminal
from amltui.tui.style_rules import StyleRules
from amltui.tui.tabs import Tabs
from amltui.tui.terminal_background import is_light
from amltui.tui.widgets.dataset_list import DatasetList
from amltui.workspaces.person import tell_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from amltui.formats.lens import Lens
    from amltui.transfers import Options

_log = logging.getLogger(__name__)


class AmltuiApp(KeyQueue[int]):
    """amltui on the whole terminal."""

    TITLE = "amltui"
    # Here, where it is parsed once: style sheets of a screen make Textual parse all anew.
    CSS_PATH: ClassVar[list[str | PurePath]] = [
        "screens/main.tcss",
        "dialogs/dialog.tcss",
        "dialogs/upload.tcss",
        "dialogs/dialect.tcss",
    ]
    LIST: ClassVar[type[DatasetList]] = DatasetList
    """What lists the datasets, with what enter does there."""
    SEVERAL: ClassVar[bool] = True
    """Whether other workspaces can be opened beside the first."""
    ENABLE_COMMAND_PALETTE = False  # The main screen has its own, which knows rows and keys.
    BINDINGS: ClassVar[list[BindingType]] = [
        keys.bound("suspend", "suspend_process", "suspend the program"),
        Binding("ctrl+q", "quit", "Quit", show=False, system=True),
        keys.bound("redraw", "redraw", "draw the screen anew"),
    ]

    def __init__(
        self,
        profile: str | None = None,
        *,
        options: Options | None = None,
        reading: Callable[[Lens], Lens] | None = None,
    ) -> None:
        """Make the program.

        Args:
            profile: whose workspace it shows, or a folder.
            options: of transfers.
            reading: see `open_session`.
        """
        # Without colours the terminal's own: else Textual would draw in shades of grey.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.notes = Notifications()
        self._collector = IdleCollector()
        self.tabs = Tabs(
            self,
            SessionLoader(profile, options, reading, self._collector),
            self._main_screen,
            self.report,
            several=self.SEVERAL,
        )
        self.memory = ScreenMemory(plain=only_ascii())
        """What the terminal shows."""
        self.stylesheet = StyleRules(variables=self.get_css_variables())
        for theme in themes.ALL:
            self.register_theme(theme)
        self.theme = (themes.ANSI_DARK if self.no_color else themes.DARK).name
        self._wrong_settings: list[AmltuiError] = []

    def look_at_settings(self) -> None:
        """Take keys and looks of the settings; before the program runs: the terminal is asked."""
        try:
            self.set_keymap(keys.take(keymap()))
        except AmltuiError as error:
            self._wrong(error)
            self.set_keymap(keys.take({}))
        try:
            PACE.low = look.low_traffic()
        except AmltuiError as error:
            self._wrong(error)
        try:
            setting = look.theme()
        except AmltuiError as error:
            self._wrong(error)
            setting = None
        if not self.no_color:
            self.theme = themes.named(setting, self.console.color_system, is_light).name

    def _wrong(self, error: AmltuiError) -> None:
        if str(error) not in map(str, self._wrong_settings):
            self._wrong_settings.append(error)

    def get_default_screen(self) -> Screen[Any]:
        """Begin with the workspace of the start; its screen does not wait for the session.

        One that is pushed waits, and draws its first frame twice: Textual shows nothing until the
        program is mounted, and an empty screen below it.
        """
        return self.tabs.begin()

    def on_mount(self) -> None:
        """Paint first; the session opens beside it."""
        tell_by(partial(self.call_from_thread, self._tell))
        self.app_resume_signal.subscribe(self, lambda _app: self.action_redraw())
        for error in self._wrong_settings:
            self.report(error)
        self.set_interval(IDLE_SECONDS, self._collector.collect_in_quiet)

    def _main_screen(self, loader: SessionLoader) -> MainScreen:
        return MainScreen(loader, self.notes, self.report, self.tabs, rows=self.LIST)

    async def on_unmount(self) -> None:
        """End the sessions, and with them an embedded workspace, in order."""
        tell_by(None)
        self._collector.end()
        await self.tabs.end()

    def key_taken(self) -> None:
        """Let what nobody waits for leave the loop to the key, and to those after it."""
        self._collector.key_taken()
        PACE.key_taken()
        self.tabs.give_way()

    def on_resize(self, event: Resize) -> None:
        """Cover the screens while the terminal is too small for them."""
        self.memory.forget()  # a terminal may move its text when it gets another size
        small = too_small(*event.size)
        covered = isinstance(self.screen, TooSmallScreen)
        if small and not covered:
            self.push_screen(TooSmallScreen())
        elif covered and not small:
            self.pop_screen()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: Severity = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Tell the person something, in the line of the keys and not in a box over the panes."""
        del markup  # A note is never read as markup.
        self.notes.say(visible_lines(from_workspace(title, message)), severity, timeout)

    def _tell(self, text: str) -> None:
        """Show what a workspace waits for; a sign-in takes a person some minutes."""
        self.notes.say(visible_lines(text), "warning", 300, line=ANY)

    def get_key_display(self, binding: Binding) -> str:
        """A key as a person reads it, on a terminal that may know ASCII only."""
        shown = super().get_key_display(binding)
        return key_in_ascii(shown) if self.memory.plain else shown

    def report(self, error: Exception, *, line: object = None, where: str = "") -> None:
        """Say what went wrong and what to do about it.

        Args:
            error: what it was.
            line: what stands for the workspace, where it is about reaching one.
            where: the workspace's name, where it is not the one that is seen.
        """
        if isinstance(error, AmltuiError):
            # A refusal says already that token and workspace id are to be checked.
            hint = (
                f"{keys.key_of('sign_in')} signs in with another token."
                if _not_signed_in(error)
                else error.hint
            )
            text = redacted(f"{error}\n{hint}" if hint else str(error))
            if not isinstance(error, Unreachable | Unauthorized):
                line = None
            self.notes.say(visible_lines(from_workspace(where, text)), "error", line=line)
            return
        # Only the kind of error is shown and logged: its text may hold what must stay secret.
        _log.error("unexpected %s", type(error).__name__)
        self.notify(
            f"Something unexpected failed ({type(error).__name__}). Nothing was lost; "
            "please tell whoever maintains amltui what you did.",
            title=where,
            severity="error",
        )

    def update_styles(self, node: DOMNode, animate: bool = True) -> None:  # noqa: FBT001, FBT002
        """Find the styles of a widget anew; one that is still being made gets its first ones later.

        Textual finds them for each class that a widget's constructor gives it, and parses for that.
        """
        if node.parent is not None or node is self:
            super().update_styles(node, animate)

    def _display(self, screen: Screen[object], renderable: Any) -> None:
        """Write only what changed of an update.

        Textual has no public place between making an update and writing it, so this extends its
        private method.
        """
        if isinstance(renderable, CompositorUpdate):
            renderable = Changes(self.memory, renderable)
            self.tabs.drawn.set()
        super()._display(screen, renderable)

    def action_redraw(self) -> None:
        """Write every cell again: something else has written to the terminal."""
        self.memory.forget()
        self.screen.refresh()

    def _fatal_error(self) -> None:
        """Leave with a traceback of a bug, without local variables: they may hold a token.

        Textual shows them and has no setting for it, so this replaces its private method.
        """
        from rich.segment import Segments
        from rich.traceback import Traceback

        traceback = Traceback(show_locals=False, width=None)
        for stack in traceback.trace.stacks:
            stack.exc_value = redacted(stack.exc_value)
        rendered = self.console.render(traceback, self.console.options)
        self._exit_renderables.append(Segments(rendered))
        self._close_messages_no_wait()

    def action_tab(self, at: int) -> None:
        """Show one of the open workspaces."""
        self.tabs.go_to(at)

    def action_help_quit(self) -> None:
        """Ctrl-C does not quit, for it is pressed to copy; say what does."""
        self.notify(f"Press {keys.key_of('quit')} to quit.")


def _not_signed_in(error: AmltuiError) -> bool:
    return isinstance(error, Unauthorized) and error.hint == Unauthorized.hint


def run(profile: str | None = None, reading: Callable[[Lens], Lens] | None = None) -> int:
    """Run the terminal program until it is left; the exit code. Arguments as `AmltuiApp`'s."""
    end_with_terminal()
    app = AmltuiApp(profile, reading=reading)
    app.look_at_settings()
    return app.run() or app.return_code or 0
