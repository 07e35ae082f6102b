"""The top line: which workspace, whether it answers, how full the cache is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from amltui.text import human_size, visible
from amltui.tui.theme import colour
from amltui.tui.widgets.dataset_list import fit

ConnectionState = Literal["connecting", "online", "offline", "refused", "failed"]
"""How the workspace answered last. `refused`: it does not take the token, or knows no such id."""

_SIGNS: Final[dict[ConnectionState, tuple[str, str, str]]] = {
    "connecting": ("◌", "foreground-muted", "connecting"),
    "online": ("●", "text-success", "online"),
    "offline": ("○", "text-error", "offline"),
    "refused": ("✗", "text-error", "not signed in"),
    "failed": ("✗", "text-error", "not answering as it should"),
}
"""Sign, its colour, words."""


@dataclass(frozen=True, slots=True)
class HeaderStatus:
    """What the header tells."""

    workspace: str = ""
    state: ConnectionState = "connecting"
    latency: float | None = None
    """Seconds that the last list took."""
    cache_used: int | None = None
    """Bytes."""
    cache_quota: int | None = None
    """Bytes."""
    listed: datetime | None = None
    """When a list was fetched that the workspace does not confirm now. None: it does."""


def _moment(moment: datetime) -> str:
    """A moment in local time, as short as it can be told from others.

    Not "5 minutes ago": that would be untrue a minute later, or be written again and again.
    """
    local = moment.astimezone()
    today = local.date() == datetime.now().astimezone().date()
    return f"{local:%H:%M}" if today else f"{local:%Y-%m-%d %H:%M}"


class Header(Widget):
    """One line at the top."""

    status: reactive[HeaderStatus] = reactive(HeaderStatus())

    def change(self, **fields: object) -> None:
        """Change some fields of the status."""
        self.status = replace(self.status, **fields)  # type: ignore[arg-type]  # names are HeaderStatus's

    def render(self) -> Text:
        """Workspace at the left, state at the right; the workspace's name gives way."""
        status = self.status
        right = Text(no_wrap=True)
        sign, shade, words = _SIGNS[status.state]
        right.append(sign, style=colour(self.app, shade))
        right.append(f" {words}")
        if status.state == "online" and status.latency is not None:
            right.append(f" {status.latency * 1000:.0f} ms")
        if status.listed is not None:
            right.append(
                f", list of {_moment(status.listed)}", style=colour(self.app, "foreground-muted")
            )
        if status.cache_used is not None and self.size.width >= 70:
            right.append(f"   cache {human_size(status.cache_used)}")
            if status.cache_quota:
                right.append(f" / {human_size(status.cache_quota)}")
        right.append(" ")
        left = Text(" amltui ", style=f"bold {colour(self.app, 'text-primary')}", no_wrap=True)
        room = self.size.width - 8 - cell_len(right.plain)
        name = fit(f"  {visible(status.workspace)}", max(room, 0))
        return Text.assemble(left, (name, colour(self.app, "foreground")), right, no_wrap=True)
