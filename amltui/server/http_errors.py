"""Errors that the client is answered with: a status each, and a message.

The message of an `HTTPError` is sent to clients: it never holds a secret, a path or SQL. Every
other exception is a fault of this program: the client gets an id, the log the id and the cause.
"""

from __future__ import annotations


class HTTPError(Exception):
    """An answer with a status of 400 or more. `str(error)` is sent to the client."""

    status = 400

    def __init__(self, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = headers or {}


class BadRequest(HTTPError):
    """400: the request is malformed."""


class Unauthorized(HTTPError):
    """401: token or workspace; the answer does not say which."""

    status = 401

    def __init__(self) -> None:
        super().__init__("The workspace id or the authorization token is wrong.")


class Forbidden(HTTPError):
    """403: a valid token that may not do this."""

    status = 403


class NotFound(HTTPError):
    """404."""

    status = 404


class MethodNotAllowed(HTTPError):
    """405."""

    status = 405


class RequestTimeout(HTTPError):
    """408: the rest of a body did not come."""

    status = 408

    def __init__(self) -> None:
        super().__init__("The rest of the request did not come.", headers={"Connection": "close"})


class LengthRequired(HTTPError):
    """411: a body of unknown length; nothing would show that it broke off."""

    status = 411

    def __init__(self) -> None:
        super().__init__("Send the body with a Content-Length.")


class NameTaken(HTTPError):
    """409: a dataset of that name, or of one that looks the same, is listed."""

    status = 409

    def __init__(self, name: str, *, alike: bool = False) -> None:
        more = " The two names look the same: use that one, or another." if alike else ""
        super().__init__(f'A data set named "{name}" already exists.{more}')


class Conflict(HTTPError):
    """409: the present state does not allow this."""

    status = 409


class ContentLost(HTTPError):
    """410: the store has lost the bytes of a content; repeating does not help."""

    status = 410


class ContentTooLarge(HTTPError):
    """413: above the limit for one upload."""

    status = 413


class RangeNotSatisfiable(HTTPError):
    """416: the range lies outside of the content."""

    status = 416


class TooManyRequests(HTTPError):
    """429: too many failed logins from one address."""

    status = 429


class InternalError(HTTPError):
    """500: a fault of this program."""

    status = 500


class ServiceUnavailable(HTTPError):
    """503: database or store cannot be reached now; repeating may help."""

    status = 503

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"Retry-After": "5"})


class InsufficientStorage(HTTPError):
    """507: no room, by quota or on the disk."""

    status = 507


class StartError(Exception):
    """The server cannot start, or a command cannot work on this data; the text says why."""
