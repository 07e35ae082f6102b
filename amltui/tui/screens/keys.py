"""The keys of the main screen: those of a pane stand beside the pane."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

KEYS: Final[list[BindingType]] = [
    Binding("1", "pane(1)", "datasets pane", show=False),
    Binding("2", "pane(2)", "preview pane", show=False),
    Binding("3", "pane(3)", "details pane", show=False),
    Binding("4", "pane(4)", "transfers pane", show=False),
    Binding("tab", "cycle(1)", "next pane", show=False),
    Binding("shift+tab", "cycle(-1)", "previous pane", show=False),
    Binding("plus", "zoom", "zoom the pane", show=False),
    Binding("question_mark,f1", "help", "help"),
    Binding("d", "run('download')", "download"),
    Binding("u", "run('upload')", "upload"),
    Binding("r,f2", "run('rename')", "rename"),
    Binding("y", "run('copy')", "copy"),
    Binding("U", "run('update')", "update contents", show=False),
    Binding("e", "run('describe')", "edit the description", show=False),
    Binding("D", "run('delete')", "delete", show=False),
    Binding("V", "run('versions')", "versions: show, restore, compare", show=False),
    Binding("P", "run('prompt')", "Python with df, ds and ws", show=False),
    Binding("z", "run('undo')", "undo the last change to a dataset", show=False),
    Binding("R", "run('refresh')", "refresh the list", show=False),
    Binding("S", "run('sign_in')", "sign in with another token", show=False),
    Binding("W", "run('workspaces')", "another workspace", show=False),
    Binding("right_curly_bracket", "run('next')", "next open workspace", show=False),
    Binding("left_curly_bracket", "run('before')", "open workspace before", show=False),
    Binding("Q", "run('close')", "close this workspace", show=False),
    Binding(
        "O", "run('settings')", "settings: colours, cache, downloads, default profile", show=False
    ),
    Binding("colon,ctrl+p", "palette", "commands"),
    Binding("i", "details", "details"),
    Binding("w", "transfers", "transfers"),
    Binding("escape", "back", "step back", show=False),
    Binding(
        "s,I,C,m,n,N,c,o,E,F,X,ampersand,f,minus,underscore,left_square_bracket,right_square_bracket",
        "elsewhere('preview', '2')",
        show=False,
    ),
    Binding("x,p", "elsewhere('transfers', 'w')", show=False),
    Binding("q", "quit", "quit"),
]
