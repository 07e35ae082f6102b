"""Exit codes: which error means which."""

from __future__ import annotations

from typing import Final

from amltui import errors

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
NOT_AUTHORISED: Final = 4
CONFLICT: Final = 5
UNREACHABLE: Final = 6
DAMAGED: Final = 7
REFUSED: Final = 8
DIFFERENT: Final = 1
"""What `diff` answers where it found a difference, as `diff` itself does."""
FAILED_DIFF: Final = 9
"""What is `FAILED` elsewhere, where 1 has another meaning."""
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
"""What a shell reports of a program that SIGPIPE ended."""


class FileNotThere(errors.LocalError):
    """A local file that was named is not there."""


class CheckFailed(errors.AmltuiError):
    """What was to be sent breaks a rule."""


_CODES: Final[tuple[tuple[type[BaseException], int], ...]] = (
    # The first that fits counts, so that a special case stands before its parent.
    (errors.UsageError, USAGE),
    (errors.ConfigError, USAGE),
    (errors.QueryError, USAGE),
    (errors.Rejected, USAGE),
    (errors.NotFound, NOT_FOUND),
    (FileNotThere, NOT_FOUND),
    (CheckFailed, REFUSED),
    (errors.Unauthorized, NOT_AUTHORISED),
    (errors.LinkExpired, NOT_AUTHORISED),
    (errors.NotPermitted, NOT_AUTHORISED),
    (errors.Conflict, CONFLICT),
    (errors.Exists, CONFLICT),
    (errors.Unreachable, UNREACHABLE),
    (errors.ServerFailed, UNREACHABLE),
    (errors.TooManyRequests, UNREACHABLE),
    (errors.TransferCut, UNREACHABLE),
    (errors.ContentError, DAMAGED),
    (errors.Unreadable, DAMAGED),
    (errors.UnsupportedDataType, DAMAGED),
    (errors.TooManyCells, DAMAGED),
    (errors.Cancelled, INTERRUPTED),
    (KeyboardInterrupt, INTERRUPTED),
    (BrokenPipeError, BROKEN_PIPE),
)

MEANINGS: Final = (
    (DONE, "done"),
    (FAILED, "failed: the reason is on standard error; of diff: the two differ"),
    (USAGE, "usage: the command, a setting, a query or a name makes no sense"),
    (NOT_FOUND, "not found: no such dataset, experiment, output or local file"),
    (NOT_AUTHORISED, "not authorised: the workspace id or token is wrong, or you may not do this"),
    (CONFLICT, "conflict: the name is taken, or the file is there (see --force)"),
    (UNREACHABLE, "no answer from the network or the server, or the server failed"),
    (DAMAGED, "data damaged, changed meanwhile, or not readable as its type"),
    (REFUSED, "a check said no: contents break a rule (see --fail-on)"),
    (FAILED_DIFF, "diff alone: failed, the reason is on standard error"),
    (INTERRUPTED, "interrupted (Ctrl-C)"),
    (BROKEN_PIPE, "whoever read the output closed it, as `head` does"),
)


def code_of(error: BaseException, command: str = "") -> int:
    """The exit code that an error of a command ends the program with."""
    failed = FAILED_DIFF if command == "diff" else FAILED
    return next((code for kind, code in _CODES if isinstance(error, kind)), failed)
