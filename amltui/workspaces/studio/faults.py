"""The one border: foreign exceptions and refusing answers become errors of `amltui.errors`.

No text that leaves here holds a token or the query of a link, whatever the server or a library
wrote into it, nor a character that a terminal acts on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Final
from urllib.parse import quote, urlsplit

import httpcore
import httpx
import msgspec

from amltui import errors
from amltui.text import visible
from amltui.wire import messages

_LONGEST: Final = 400
_QUERY: Final = re.compile(r"[?&][\w.~%-]+=[^\s\"'<>]*|(?<=[/\w])[?#][^\s\"'<>]+")
_SIGNATURE: Final = re.compile(r"(?i)\b(sig|signature|token|credential)=[^\s&\"'<>]+")
_USERINFO: Final = re.compile(r"(?i)(https?://)[^\s/@\"'<>]+@")
_TAGS: Final = re.compile(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>")
_TITLE: Final = re.compile(r"(?is)<title[^>]*>(.*?)</title>")


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` on one line, at most 400 characters, without `secrets` and without link queries."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[secret]").replace(quote(secret, safe=""), "[secret]")
    text = _USERINFO.sub(r"\1", text)
    text = _QUERY.sub("", text)
    text = _SIGNATURE.sub(r"\1=[secret]", text)
    text = visible(" ".join(text.split()))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def host_of(url: str) -> str:
    """Host and port of a link: all of it that an error may name."""
    try:
        host = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:  # no address at all
        host = ""
    return visible(host) or "the endpoint"


def _unsent(text: str) -> errors.AmltuiError:
    error = errors.Unreachable(text)
    error.sent = False
    if "CERTIFICATE" in text.upper() or "SSL" in text.upper():
        error.passing = False
        error.hint = (
            "The server's certificate is not trusted here. If it is a private one, "
            "let SSL_CERT_FILE name the file with its issuer."
        )
    return error


def _wrong_address(text: str) -> errors.AmltuiError:
    return errors.ConfigError(text, hint="Check the endpoint: https://host/ or http://host:port/")


FOREIGN: Final[dict[type[Exception], Callable[[str], errors.AmltuiError]]] = {
    httpx.ConnectError: _unsent,
    httpx.ConnectTimeout: _unsent,
    httpx.PoolTimeout: _unsent,
    httpx.ProxyError: _unsent,
    httpx.TimeoutException: errors.Unreachable,
    httpx.NetworkError: errors.Unreachable,
    httpx.RemoteProtocolError: errors.Unreachable,
    httpx.LocalProtocolError: errors.UsageError,
    httpx.ProtocolError: errors.Unreachable,
    httpx.UnsupportedProtocol: _wrong_address,
    httpx.InvalidURL: _wrong_address,
    httpx.TooManyRedirects: errors.WorkspaceError,
    httpx.DecodingError: errors.Damaged,
    httpx.HTTPStatusError: errors.WorkspaceError,
    httpx.StreamError: errors.UsageError,
    httpx.CookieConflict: errors.WorkspaceError,
    httpx.HTTPError: errors.Unreachable,
    httpcore.TimeoutException: errors.Unreachable,
    httpcore.NetworkError: errors.Unreachable,
    httpcore.ProtocolError: errors.Unreachable,
    msgspec.MsgspecError: errors.WorkspaceError,
    OSError: errors.Unreachable,
}
"""What each foreign exception means; the nearest base class counts."""


_NO_ANSWER: Final = (
    httpx.TransportError,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    OSError,
)


def translate(error: Exception, doing: str, url: str, secrets: Iterable[str]) -> errors.AmltuiError:
    """`error` as one of ours. `doing` says what was tried, in words that follow "While"."""
    for kind in type(error).__mro__:
        if kind in FOREIGN:
            break
    else:
        kind = httpx.HTTPError
    if isinstance(error, msgspec.MsgspecError):
        what = f"{host_of(url)} answered with something else than the protocol says"
    elif issubclass(kind, _NO_ANSWER) and kind is not httpx.LocalProtocolError:
        what = f"no answer from {host_of(url)}"
    else:
        what = f"the request to {host_of(url)} failed"
    detail = clean(str(error), secrets) or type(error).__name__
    return FOREIGN[kind](f"While {doing}: {what} ({detail})")


@contextmanager
def border(doing: str, url: str, secrets: Iterable[str]) -> Iterator[None]:
    """Let no foreign exception out of the block."""
    try:
        yield
    except tuple(FOREIGN) as error:
        # Not chained: a library's own text may hold a whole link, or a header's value.
        raise translate(error, doing, url, secrets) from None


def message_of(body: bytes, content_type: str, reason: str, secrets: Iterable[str]) -> str:
    """What an error's body says: JSON under either key, the words of a page, or the reason."""
    text = body[:20_000].decode("utf-8", "replace").strip()
    said = ""
    if text.startswith("{"):
        try:
            error = msgspec.json.decode(body, type=messages.Error, strict=False)
        except msgspec.MsgspecError:
            error = messages.Error()
        said = error.message or error.error_message or ""
        if said and error.id:
            said = f"{said} [error id {error.id}]"
    elif "html" in content_type or text.startswith("<"):
        title = _TITLE.search(text)
        said = unescape(title.group(1) if title else _TAGS.sub(" ", text))
    elif text.startswith('"'):
        said = text.strip('"')
    said = said or ("" if text.startswith(("<", "{")) else text)
    return clean(said, secrets) or clean(reason, secrets) or "no reason given"


def seconds_of(value: str | None) -> float | None:
    """Seconds to wait as a `Retry-After` header says; None when it says nothing usable."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def refusal(
    response: httpx.Response,
    doing: str,
    secrets: Iterable[str],
    *,
    missing: type[errors.NotFound] = errors.NotFound,
) -> errors.HttpError:
    """The error for an answer that is not a success; its body must have been read."""
    status = response.status_code
    content_type = response.headers.get("Content-Type", "")
    said = message_of(response.content, content_type, response.reason_phrase, secrets)
    text = f"While {doing}: {said} (status {status})"
    after = seconds_of(response.headers.get("Retry-After"))
    if status == 401:
        text = f"Unauthorized, please check your workspace ID and authorization token ({said})"
    if status == 403:
        return errors.Unauthorized(text, status, hint="This token may not do that.")
    if status == 429:
        return errors.TooManyRequests(text, status, retry_after=after)
    if status >= 500:
        return errors.ServerFailed(text, status, retry_after=after)
    kinds: dict[int, type[errors.HttpError]] = {
        401: errors.Unauthorized,
        404: missing,
        405: errors.NotSupportedByServer,
        409: errors.Conflict,
    }
    kind = kinds.get(status, errors.Rejected if status >= 400 else errors.HttpError)
    return kind(text, status)
