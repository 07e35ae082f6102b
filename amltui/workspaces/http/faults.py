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
from urllib.parse import urlsplit

import httpcore
import msgspec

from amltui import errors
from amltui.redact import redacted
from amltui.text import visible
from amltui.wire import messages
from amltui.workspaces.http.api_answers import ApiAnswer, TooLarge, TooSlow
from amltui.workspaces.http.httpx_alone import httpx
from amltui.workspaces.http.proxies import Proxy, proxy_for

_LONGEST: Final = 400
_READ: Final = 20_000
"""Characters of an error's body that are looked at."""
_TAG: Final = re.compile(r"<[^<>]*>")
_ERRNO: Final = re.compile(r"\[(?:Errno|WinError) -?\d+\]\s*|\s*\(_ssl\.c:\d+\)")


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` on one line, at most 400 characters, without `secrets` and without link queries."""
    text = visible(" ".join(redacted(text[:_READ], secrets).split()))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def host_of(url: str) -> str:
    """Host and port of a link: all of it that an error may name."""
    try:
        return visible(urlsplit(url).netloc.rpartition("@")[2]) or "the endpoint"
    except ValueError:  # a bracket that is not closed
        return "the host"


_ENCRYPTION: Final = (
    ("expired", "The server's certificate has expired: whoever runs the server must renew it."),
    ("not yet valid", "The certificate is not valid yet: is this machine's clock right?"),
    (
        "mismatch",
        "The certificate is for another host: is the endpoint spelled as its owner gave it?",
    ),
    ("not valid for", "The certificate is for another host or address."),
    (
        "certificate",
        (
            "The server's certificate is not trusted here. If it is a private one, "
            "let SSL_CERT_FILE name the file with its issuer."
        ),
    ),
    (
        "wrong version number",
        "The server does not speak TLS at this port: should the endpoint begin with http://?",
    ),
    ("instead of encrypting", "Does the server speak TLS at this port? If not, write http://."),
    ("record layer", "The server does not speak TLS: should the endpoint begin with http://?"),
    ("ssl", "The encryption could not be agreed on."),
)
"""What to do, by the first word that the failure of an encrypted connection is told with."""
PLAIN_TO_TLS: Final = "The server speaks TLS at this port: let the endpoint begin with https://."
_TLS_WORDS: Final = ("speaks tls", "https port", "http request to an https", "https server")


def _unsent(text: str) -> errors.AmltuiError:
    error = errors.Unreachable(text)
    error.sent = False
    said = text.lower().replace("_", " ")
    if "certificate" in said or "ssl" in said or "tls" in said:
        error.passing = False
    error.hint = next((hint for word, hint in _ENCRYPTION if word in said), error.hint)
    return error


def _too_slow(text: str) -> errors.AmltuiError:
    error = errors.Unreachable(text, hint="Try again when the server or the network is faster.")
    error.passing = False
    return error


def _too_large(text: str) -> errors.AmltuiError:
    return errors.WorkspaceError(text, hint="Is this the address of a workspace's server?")


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
    httpcore.ConnectError: _unsent,
    httpcore.ConnectTimeout: _unsent,
    httpcore.PoolTimeout: _unsent,
    httpcore.ProxyError: _unsent,
    httpcore.LocalProtocolError: errors.UsageError,
    httpcore.UnsupportedProtocol: _wrong_address,
    TooSlow: _too_slow,
    TooLarge: _too_large,
    msgspec.MsgspecError: errors.WorkspaceError,
    RecursionError: errors.WorkspaceError,
    UnicodeDecodeError: errors.WorkspaceError,
    OSError: errors.Unreachable,
}
"""What each foreign exception means; the nearest base class counts."""


_NO_ANSWER: Final = (
    httpx.TransportError,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    OSError,
)
_NOT_THE_PROTOCOL: Final = (
    msgspec.MsgspecError,
    RecursionError,
    UnicodeDecodeError,
    httpx.DecodingError,
)


def translate(
    error: Exception, operation: str, url: str, secrets: Iterable[str]
) -> errors.AmltuiError:
    """`error` as one of ours. `operation` says what was tried, in words that follow "While"."""
    for kind in type(error).__mro__:
        if kind in FOREIGN:
            break
    else:
        kind = httpx.HTTPError
    proxy = None
    if isinstance(error, _NOT_THE_PROTOCOL):
        what = f"{host_of(url)} answered with something else than the protocol says"
    elif issubclass(kind, _NO_ANSWER) and not issubclass(kind, _OUR_FAULT):
        proxy = _proxy(url)
        what = f"no answer from {host_of(url)}{f' through the proxy {proxy}' if proxy else ''}"
    else:
        what = f"the request to {host_of(url)} failed"
    # A parser's own words quote what it parsed, and mean nothing to who reads this.
    unsaid = isinstance(error, RecursionError | UnicodeDecodeError)
    detail = "" if unsaid else _ERRNO.sub("", str(error))
    detail = clean(detail, secrets) or _NAMED.get(type(error).__name__, type(error).__name__)
    made = FOREIGN[kind](f"While {operation}: {what} ({detail})")
    if url.lower().startswith("http://") and any(word in detail.lower() for word in _TLS_WORDS):
        made.hint = PLAIN_TO_TLS
    elif proxy is not None and isinstance(made, errors.Unreachable) and made.passing:
        made.hint = f"Check {proxy.source}; NO_PROXY names hosts that are reached without a proxy."
    elif url.lower().startswith("http://") and "disconnected" in detail.lower():
        made.hint += " If the server speaks TLS, let the endpoint begin with https://."
    return made


_OUR_FAULT: Final = (httpx.LocalProtocolError, httpcore.LocalProtocolError)
_NAMED: Final = {
    "RecursionError": "it is nested too deeply",
    "UnicodeDecodeError": "it is no text in UTF-8",
    "ReadTimeout": "nothing came in time",
    "WriteTimeout": "nothing was taken in time",
    "ConnectTimeout": "no connection in time",
    "PoolTimeout": "too many connections at once",
}


def _proxy(url: str) -> Proxy | None:
    try:
        return proxy_for(url)
    except (errors.ConfigError, ValueError):
        return None


@contextmanager
def map_exceptions(operation: str, url: str, secrets: Iterable[str]) -> Iterator[None]:
    """Let no foreign exception out of the block."""
    try:
        yield
    except tuple(FOREIGN) as error:
        # Not chained: a library's own text may hold a whole link, or a header's value.
        raise translate(error, operation, url, secrets) from None


def message_of(body: bytes, content_type: str, reason: str, secrets: Iterable[str]) -> str:
    """What an error's body says: JSON under either key, the words of a page, or the reason."""
    text = body[:_READ].decode("utf-8", "replace").strip()
    said = ""
    if text.startswith("{"):
        try:
            error = msgspec.json.decode(body, type=messages.Error, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            error = messages.Error()
        said = error.message or error.error_message or _inner_message(body)
        if said and error.id:
            said = f"{said} [error id {error.id}]"
    elif "html" in content_type or text.startswith("<"):
        said = unescape(_words_of_page(text))
    elif text.startswith('"'):
        said = text.strip('"')
    said = said or ("" if text.startswith(("<", "{")) else text)
    return clean(said, secrets) or clean(reason, secrets) or "no reason given"


def _inner_message(body: bytes) -> str:
    """What Azure says: `error.message`, or of a sign-in `error_description`; "" for neither."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    inner = document.get("error")
    said = inner.get("message") if isinstance(inner, dict) else document.get("error_description")
    return said if isinstance(said, str) else ""


def _words_of_page(text: str) -> str:
    """A page's title, or else its text. Reads it once from front to end, whatever it holds."""
    lower = text.lower()
    title = lower.find("<title")
    start = lower.find(">", title) if title >= 0 else -1
    end = lower.find("</title", start) if start >= 0 else -1
    if end >= 0:
        return text[start + 1 : end]
    kept, at = [], 0
    for opening in re.finditer(r"<(script|style)\b", lower):
        if opening.start() < at:
            continue
        kept.append(text[at : opening.start()])
        at = lower.find(f"</{opening[1]}", opening.end())
        if at < 0:
            at = len(text)
            break
    return _TAG.sub(" ", " ".join([*kept, text[at:]]))


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
    except (ValueError, OverflowError, TypeError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def error_from(
    answer: ApiAnswer,
    operation: str,
    secrets: Iterable[str],
    *,
    not_found: type[errors.NotFound] = errors.NotFound,
) -> errors.HttpError:
    """The error for an answer that is not a success."""
    status = answer.status_code
    content_type = answer.headers.get("Content-Type", "")
    said = message_of(answer.content, content_type, answer.reason, secrets)
    text = f"While {operation}: {said} (status {status})"
    after = seconds_of(answer.headers.get("Retry-After"))
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
        404: not_found,
        405: errors.NotSupportedByServer,
        409: errors.Conflict,
    }
    kind = kinds.get(status, errors.Rejected if status >= 400 else errors.HttpError)
    error = kind(text, status)
    if any(word in said.lower() for word in _TLS_WORDS):
        error.hint = PLAIN_TO_TLS
    return error
