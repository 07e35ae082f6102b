"""The top line: which workspace, whether it answers, how full the cache is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from amltui.text import human_size, visible
from amltui.tui.theme import colour
from amltui.tui.widgets.dataset_list import fit


@dataclass(frozen=True, slots=True)
class Status:
    """What the header tells."""

    workspace: str = ""
    online: bool | None = None
    """None: not known yet."""
    latency: float | None = None
    """Seconds that the last list took."""
    cache_used: int | None = None
    """Bytes."""
    cache_quota: int | None = None
    """Bytes."""
    age: str = ""
    """How old a list from this disk is; "" when it came from the workspace."""


class Header(Widget):
    """One line at the top."""

    status: reactive[Status] = reactive(Status())

    def change(self, **fields: object) -> None:
        """Change some fields of the status."""
        self.status = replace(self.status, **fields)  # type: ignore[arg-type]  # names are Status's

    def render(self) -> Text:
        """Workspace at the left, state at the right; the workspace's name gives way."""
        status = self.status
        right = Text(no_wrap=True)
        if status.online is None:
            right.append("◌ connecting", style=colour(self.app, "foreground-muted"))
        elif status.online:
            took = "" if status.latency is None else f" {status.latency * 1000:.0f} ms"
            right.append("●", style=colour(self.app, "text-success"))
            right.append(f" online{took}")
        else:
            right.append("○", style=colour(self.app, "text-error"))
            right.append(" offline")
        if status.age:
            right.append(f", list of {status.age}", style=colour(self.app, "foreground-muted"))
        if status.cache_used is not None and self.size.width >= 70:
            right.append(f"   cache {human_size(status.cache_used)}")
            if status.cache_quota:
                right.append(f" / {human_size(status.cache_quota)}")
        right.append(" ")
        left = Text(" amltui ", style=f"bold {colour(self.app, 'text-primary')}", no_wrap=True)
        room = self.size.width - 8 - cell_len(right.plain)
        name = fit(f"  {visible(status.workspace)}", max(room, 0))
        return Text.assemble(left, (name, colour(self.app, "foreground")), right, no_wrap=True)
