"""Every error that amltui raises, in one tree.

    AmltuiError                       (AzureMLError)
    ├── UsageError                    what was asked makes no sense
    ├── ConfigError                   a profile, a setting or a settings file is wrong
    ├── WorkspaceError                the workspace answered, and not with what was asked
    │   └── HttpError                 (AzureMLHttpError) it has a status code
    │       ├── Unauthorized          (AzureMLUnauthorizedError) 401, 403
    │       ├── NotFound              404
    │       │   └── DatasetGone       listed once, no longer there
    │       ├── Conflict              (AzureMLConflictHttpError) 409
    │       ├── Rejected              other 4xx: the request as such
    │       ├── NotSupportedByServer  404 or 405: this workspace cannot do that
    │       ├── TooManyRequests       429; `retry_after` in seconds
    │       └── ServerFailed          5xx
    ├── Unreachable                   no answer: DNS, connection, TLS, timeout
    ├── ContentError                  bytes did not come as promised
    │   ├── TransferCut               the connection dropped; `received` in bytes
    │   ├── LinkExpired               the signed link no longer works
    │   ├── ContentChanged            another content than the one begun
    │   ├── ContentLost               listed, and its bytes are gone from the server's store
    │   └── Damaged                   length or hash do not match
    ├── UnsupportedDataType           (UnsupportedDatasetTypeError) this type cannot do that
    ├── Unreadable                    the bytes are not what their type says
    │   └── Swollen                   compressed, and far larger than it should be
    ├── QueryError                    a filter or an SQL text is wrong; `position` where known
    ├── LocalError                    this disk: full, no permission, in the way
    │   ├── NotPermitted
    │   ├── DiskFull
    │   ├── InputCut                  standard input had more than there is room for
    │   └── Exists                    a file is there and was not to be overwritten
    ├── WebServicesGone               the old client's `services`: Studio was switched off
    └── Cancelled                     the user stopped it

In brackets: the name that the old `azureml` client had, kept as an alias. An error's text says
what happened and where; `hint` says what to do. Neither ever holds a token or a signed link.
"""

from __future__ import annotations


class AmltuiError(Exception):
    """Base of all errors here. `str(error)` says what and where, `error.hint` what to do."""

    hint: str = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint
        self._notes: list[str] = []

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]  # typeshed knows no property
        """What Python prints below an error that nobody caught: the hint first."""
        return [self.hint, *self._notes] if self.hint else list(self._notes)

    def add_note(self, note: str, /) -> None:
        """Add to what is printed below the error."""
        self._notes.append(note)


class UsageError(AmltuiError):
    """What was asked makes no sense: a wrong argument, an empty name."""


class ConfigError(AmltuiError):
    """A profile, an environment variable or a settings file is missing or wrong."""


class WorkspaceError(AmltuiError):
    """The workspace answered, and not with what was asked for."""


class HttpError(WorkspaceError):
    """An answer with a status code that is not a success."""

    def __init__(self, message: str, status_code: int, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status_code = status_code


class Unauthorized(HttpError):
    """401 or 403: the token or the workspace id is wrong, or the token may not do this."""

    hint = "Check the workspace id and the token, or ask an owner of the workspace for a new token."


class NotFound(HttpError):
    """404: no such dataset, experiment or output."""


class DatasetGone(NotFound):
    """A dataset that was listed before is no longer there."""

    hint = "Somebody deleted it. Refresh the list."


class Conflict(HttpError):
    """409: the name is taken, or the dataset changed meanwhile."""

    hint = "Choose another name, or update the existing dataset instead."


class Rejected(HttpError):
    """Another 4xx: the workspace refuses the request as such, for example a forbidden name."""


class NotSupportedByServer(HttpError):
    """This workspace cannot do that; `Workspace.capabilities` says so beforehand."""


class TooManyRequests(HttpError):
    """429. `retry_after` is in seconds; None when the server did not say."""

    def __init__(
        self, message: str, status_code: int = 429, *, retry_after: float | None = None
    ) -> None:
        super().__init__(message, status_code, hint="Wait a little and try again.")
        self.retry_after = retry_after


class ServerFailed(HttpError):
    """5xx: the workspace's server failed. `retry_after` in seconds where it said so."""

    hint = "Try again; if it stays, give the error id to whoever runs the server."

    def __init__(
        self,
        message: str,
        status_code: int,
        *,
        hint: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status_code, hint=hint)
        self.retry_after = retry_after


class Unreachable(AmltuiError):
    """No answer from the workspace: name lookup, connection, TLS or time-out."""

    hint = "Check the network and the endpoint; what is cached can still be used offline."
    sent: bool = True
    """Whether the request may have been carried out. False: it surely never left."""
    passing: bool = True
    """Whether the same may work a second later: not so for a certificate that is not trusted."""


class ContentError(AmltuiError):
    """A content's bytes did not come as promised."""


class TransferCut(ContentError):
    """The connection dropped before the content was whole."""

    hint = "Start it again: it goes on where it stopped."

    def __init__(self, message: str, *, received: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.received = received
        """Bytes that arrived in this answer before the cut."""


class LinkExpired(ContentError):
    """The signed link to a content is no longer accepted; a fresh one comes with the metadata."""

    hint = "Refresh the dataset to get a new link."


class ContentChanged(ContentError):
    """The content on the server is not the one this transfer began with."""

    hint = "Start the transfer again."


class ContentLost(ContentError):
    """The workspace lists it, but the server's store no longer has its bytes."""

    hint = (
        "Whoever runs the server can bring it back from a backup. "
        "Uploading a file of the same bytes does so, too."
    )


class Damaged(ContentError):
    """A length or a hash does not match: what arrived is not what was stored."""

    hint = "Fetch it again; if it stays damaged, tell whoever runs the server."


class UnsupportedDataType(AmltuiError):
    """This data type cannot do what was asked, for example a frame from a Zip file."""

    def __init__(self, data_type_id: str, *, hint: str | None = None) -> None:
        super().__init__(f'Dataset type "{data_type_id}" is not supported', hint=hint)
        self.data_type_id = data_type_id


class Unreadable(AmltuiError):
    """Bytes that are not what their data type says, beyond what can be shown row by row."""


class Swollen(Unreadable):
    """A compressed content that holds far more than one of its size should."""


class TooManyCells(AmltuiError):
    """A small content says so many cells that no table is made of them."""

    hint = "Its rows can be looked at. To ask about them, save the columns that matter as a file."


class QueryError(AmltuiError):
    """A filter, a regular expression or an SQL text is wrong."""

    def __init__(
        self, message: str, *, position: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.position = position
        """Character in the text where it went wrong (0-based), where known."""


class LocalError(AmltuiError):
    """Something on this machine's disk is in the way."""


class NotPermitted(LocalError):
    """This user may not read or write a file of this machine."""

    hint = "Check its owner and permissions."


class DiskFull(LocalError):
    """No space left where a file had to go."""

    hint = "Free some space, or choose another place."


class InputCut(LocalError):
    """Standard input has more than there is room for: only its first bytes are kept."""


class Exists(LocalError):
    """A file of that name is there, and nobody said that it may be overwritten."""

    hint = "Choose another name, or say that it may be overwritten."


class WebServicesGone(AmltuiError):
    """The old client's `services` published functions to Studio, which is no more."""

    hint = (
        "Call the function itself, or serve it with a web framework; "
        "its datasets can be read and written as before."
    )

    def __init__(self, name: str) -> None:
        super().__init__(
            f"`services.{name}` is gone: web services ran in Azure ML Studio (classic), "
            "which Microsoft switched off in 2024"
        )


class Cancelled(AmltuiError):
    """The user stopped it; nothing half done is left behind."""


AzureMLError = AmltuiError
AzureMLHttpError = HttpError
AzureMLConflictHttpError = Conflict
AzureMLUnauthorizedError = Unauthorized
UnsupportedDatasetTypeError = UnsupportedDataType


TOO_MUCH = (DiskFull, InputCut, Swollen)
"""What says that there is no room for all rows of a content, or that nobody should make it."""
