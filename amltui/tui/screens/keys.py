"""The keys of the main screen: those of a pane stand beside the pane."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

from amltui.tui.keymap import bound

_OF_PREVIEW: Final = [
    "sql",
    "profile",
    "profile_all",
    "columns",
    "malformed",
    "find_next",
    "find_previous",
    "record",
    "export",
    "fetch_all",
    "dialect",
    "filter_rows",
    "freeze",
    "hide_column",
    "show_columns",
    "sort_ascending",
    "sort_descending",
]
"""What is asked for in other panes, too, and answered with where it is done."""

KEYS: Final[list[BindingType]] = [
    bound("datasets_pane", "pane(1)", "datasets pane"),
    bound("preview_pane", "pane(2)", "preview pane"),
    bound("details_pane", "pane(3)", "details pane"),
    bound("transfers_pane", "pane(4)", "transfers pane"),
    bound("next_pane", "cycle(1)", "next pane"),
    bound("pane_before", "cycle(-1)", "previous pane"),
    bound("zoom", "zoom", "zoom the pane"),
    bound("help", "help", "help", show=True),
    bound("download", "run('download')", "download", show=True),
    bound("upload", "run('upload')", "upload", show=True),
    bound("rename", "run('rename')", "rename", show=True),
    bound("copy", "run('copy')", "copy", show=True),
    bound("update", "run('update')", "update contents"),
    bound("describe", "run('describe')", "edit the description"),
    bound("delete", "run('delete')", "delete"),
    bound("versions", "run('versions')", "versions: show, restore, compare"),
    bound("python", "run('prompt')", "Python with df, ds and ws"),
    bound("undo", "run('undo')", "undo the last change to a dataset"),
    bound("refresh", "run('refresh')", "refresh the list"),
    bound("sign_in", "run('sign_in')", "sign in with another token"),
    bound("workspaces", "run('workspaces')", "another workspace"),
    bound("next_workspace", "run('next')", "next open workspace"),
    bound("workspace_before", "run('before')", "open workspace before"),
    bound("close_workspace", "run('close')", "close this workspace"),
    bound("settings", "run('settings')", "settings: colours, cache, downloads, default profile"),
    bound("commands", "palette", "commands", show=True),
    bound("details", "details", "details", show=True),
    bound("transfers", "transfers", "transfers", show=True),
    Binding("escape", "back", "step back", show=False),
    *(bound(name, "elsewhere('preview', 'preview_pane')") for name in _OF_PREVIEW),
    *(bound(name, "elsewhere('transfers', 'transfers')") for name in ("cancel", "pause")),
    bound("quit", "quit", "quit", show=True),
]
