"""What goes wrong while answering, as the status and the words that the client gets.

A message of a `Problem` is shown to clients: it never holds a secret, a path or SQL. Everything
that is no `Problem` is our own failure: the client gets an id, the log gets id and cause.
"""

from __future__ import annotations


class Problem(Exception):
    """An answer other than the one asked for. `str(problem)` is for the client."""

    status = 400

    def __init__(self, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = headers or {}


class BadRequest(Problem):
    """400: the request as such."""


class Unknown(Problem):
    """401: token or workspace; which of the two is not told."""

    status = 401

    def __init__(self) -> None:
        super().__init__("The workspace id or the authorization token is wrong.")


class Forbidden(Problem):
    """403: a valid token that may not do this."""

    status = 403


class Missing(Problem):
    """404."""

    status = 404


class NotAllowed(Problem):
    """405."""

    status = 405


class Stalled(Problem):
    """408: the rest of a body did not come."""

    status = 408

    def __init__(self) -> None:
        super().__init__("The rest of the request did not come.", headers={"Connection": "close"})


class LengthRequired(Problem):
    """411: a body of unknown length, which cannot be told from one that broke off."""

    status = 411

    def __init__(self) -> None:
        super().__init__("Send the body with a Content-Length.")


class NameTaken(Problem):
    """409: a dataset of that name is listed."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(f'A data set named "{name}" already exists.')


class Clash(Problem):
    """409: this cannot be done to what is there."""

    status = 409


class TooLarge(Problem):
    """413: above the limit for one upload."""

    status = 413


class Unsatisfiable(Problem):
    """416: no byte of the content is in the range asked for."""

    status = 416


class TooMany(Problem):
    """429: too many failed logins from one address."""

    status = 429


class OwnFailure(Problem):
    """500: a fault of this program."""

    status = 500


class Unavailable(Problem):
    """503: database or store cannot be reached now; repeating may help."""

    status = 503

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"Retry-After": "5"})


class Full(Problem):
    """507: no room, by quota or on the disk."""

    status = 507


class StartError(Exception):
    """The server cannot start, or a command cannot work on this data; the text says why."""
