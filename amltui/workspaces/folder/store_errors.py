"""What object stores and their libraries raise, as errors of ours: the one border for it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any, Final

from amltui.errors import (
    AmltuiError,
    ConfigError,
    Conflict,
    ContentChanged,
    DatasetGone,
    NotFound,
    Rejected,
    ServerFailed,
    TooManyRequests,
    TransferCut,
    Unauthorized,
    Unreachable,
)
from amltui.redact import redacted
from amltui.text import visible

READ: Final = "read"
LIST: Final = "list"
WRITE: Final = "write"
DELETE: Final = "delete"

_PERMISSIONS: Final = {
    READ: "s3:GetObject, Storage Blob Data Reader or storage.objects.get",
    LIST: "s3:ListBucket, Storage Blob Data Reader or storage.objects.list",
    WRITE: "s3:PutObject or Storage Blob Data Contributor",
    DELETE: "s3:DeleteObject or Storage Blob Data Contributor",
}
"""What each way of using an object needs, in the words of S3, Azure and Google Cloud."""

_ENDED: Final = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "AuthenticationExpired"}
)
_REGION: Final = frozenset(
    {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint"}
)
_CLOCK: Final = frozenset({"RequestTimeTooSkewed"})
_THROTTLED: Final = frozenset({"SlowDown", "ServerBusy", "TooManyRequests"})
_NO_STORE: Final = frozenset({"NoSuchBucket", "ContainerNotFound"})

_STATUS: Final = re.compile(r"Server returned non-2xx status code: (\d{3})\b")
"""How obstore tells a status: `object_store`, client/retry.rs. Numbers elsewhere in its text are
parts of names, addresses, times and request ids."""
_CODE: Final = re.compile(r"<Code>(\w{1,100})</Code>")
"""The code in an answer of S3 or Azure."""
_NO_PLACE: Final = "Received redirect without LOCATION"
"""What obstore makes of S3's answer for a bucket of another region."""
_CUT: Final = "request or response body error"
"""What obstore says where a connection broke while bytes came."""


class OddName(NotFound):
    """A name that obstore cannot hold; one of them ends its list of all."""


@contextlib.contextmanager
def mapped(what: str, action: str = READ) -> Iterator[None]:
    """Turn what obstore raises into errors of ours; `action` is what was being done."""
    from obstore import exceptions

    try:
        yield
    except AmltuiError:
        raise
    except (exceptions.NotFoundError, FileNotFoundError):
        raise DatasetGone(f"There is no {visible(what)} in the store", 404) from None
    except exceptions.PreconditionError:
        raise ContentChanged(f"{visible(what)} was changed in the store meanwhile") from None
    except exceptions.AlreadyExistsError:
        raise Conflict(f"There is an object {visible(what)} already", 409) from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise by_text(what, str(error), action, status=403) from None
    except (exceptions.BaseError, OSError, ValueError) as error:
        if _CUT in str(error):
            cut = f"The connection broke while {visible(what)} came from the store"
            raise TransferCut(cut, received=0) from None
        raise by_text(what, str(error), action) from None
    except BaseException as error:
        # obstore is written in Rust: a bug there is a PanicException, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise ServerFailed(f"The store's answer on {visible(what)} cannot be read", 502) from None


def by_text(what: str, text: str, action: str = READ, *, status: int = 0) -> AmltuiError:
    """An error that tells the store's answer in its text only.

    Args:
        what: the object or prefix that was asked for.
        text: the text of the error.
        action: what was being done.
        status: the HTTP status, where the error's class tells it; 0: see the text.
    """
    shown = visible(what)
    # The first line: those below are the chain of causes, with addresses that may be signed.
    first = visible(redacted(text.strip().partition("\n")[0]))[:300]
    if "invalid path" in text or "parse path" in text or "empty path segment" in text:
        return OddName(f"{shown} holds a name that cannot be read here: {first}", 404)
    said = _STATUS.search(text)
    coded = _CODE.search(text, said.end() if said else 0)
    code = coded.group(1) if coded else ""
    if _NO_PLACE in text:
        code = "PermanentRedirect"
    if said:
        status = int(said.group(1))
    named = _by_code(shown, status, code, action)
    if named is not None:
        return named
    if status == 404 or code in _NO_STORE:
        return NotFound(f"There is no {shown} in the store", 404)
    if any(mark in text for mark in ("error sending request", "dns error", "timed out")):
        return Unreachable(f"No answer from the store of {shown}: {first}")
    return _of_settings(shown, text, first) or ServerFailed(
        f"The store failed at {shown}: {first}", 502
    )


def _of_settings(shown: str, text: str, first: str) -> ConfigError | None:
    """What is wrong on this side, before the store is asked. None: nothing that is known."""
    if "Missing SecretAccessKey" in text or "Missing AccessKeyId" in text:
        return ConfigError(
            "Half of the credentials for the store is missing",
            hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither of them.",
        )
    if ("Invalid" in text and "URL" in text) or "Unable to recognise" in text:
        return ConfigError(f"{shown} is no address of an object store: {first}")
    return None


def by_answer(
    what: str, status: int, code: str, action: str, *, retry_after: str | None = None
) -> AmltuiError:
    """An error that a store answered, by its status and its own code."""
    shown = visible(what)
    if status < 300 and not code:
        return ServerFailed(
            f"Something else than the store answered for {shown}",
            502,
            hint="A proxy or a login page may stand between.",
        )
    if code == "NoSuchUpload":
        return NotFound("The store no longer knows this upload", 404)
    if status == 429 or code in _THROTTLED:
        return throttled(retry_after)
    if status == 404:
        return DatasetGone(f"There is no {shown} in the store", 404)
    named = _by_code(shown, status, code, action)
    if named is None and status in {409, 412}:
        named = Conflict(f"{shown} exists in the store, or was changed there meanwhile", 409)
    if named is not None:
        return named
    said = f"{shown}: {status} {visible(code)[:80]}"
    refused = status < 500
    return (
        Rejected(f"The store refused {said}", status)
        if refused
        else ServerFailed(f"The store failed at {said}", status)
    )


def throttled(retry_after: str | None) -> TooManyRequests:
    """The store asks to be asked less often; `retry_after` is its header, in seconds."""
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    return TooManyRequests("The store asks to be asked less often", retry_after=seconds)


def _by_code(shown: str, status: int, code: str, action: str) -> AmltuiError | None:
    """The error that a status and a store's code name; None: none that is known."""
    if code in _ENDED:
        return Unauthorized(
            "The sign-in to the store has ended",
            401,
            hint="Sign in again as usual, for example: aws sso login, or az login.",
        )
    if code in _REGION:
        return ConfigError(
            f"{shown} lies in another region than the one that was asked",
            hint="Set AWS_REGION to the bucket's region.",
        )
    if code in _CLOCK:
        return Unauthorized(
            "The store refuses requests because this machine's clock is wrong",
            403,
            hint="Set the clock: more than 15 minutes of difference are not accepted.",
        )
    if status == 429 or code in _THROTTLED:
        return throttled(None)
    if status in {401, 403} or code == "AccessDenied":
        return Unauthorized(
            f"The store does not let these credentials {action} {shown}",
            403,
            hint=f"It takes the permission {_PERMISSIONS[action]}. "
            "See `amltui help folders` for where credentials come from.",
        )
    return None


@contextlib.contextmanager
def aws_mapped(what: str, action: str) -> Iterator[None]:
    """Turn what botocore raises into errors of ours."""
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        answer: dict[str, Any] = error.response
        about = answer.get("ResponseMetadata", {})
        raise by_answer(
            what,
            int(about.get("HTTPStatusCode") or 500),
            str(answer.get("Error", {}).get("Code", "")),
            action,
            retry_after=about.get("HTTPHeaders", {}).get("retry-after"),
        ) from None
    except (exceptions.NoCredentialsError, exceptions.CredentialRetrievalError):
        raise Unauthorized(
            "There are no credentials for this bucket",
            401,
            hint="Sign in as usual, for example: aws sso login. See `amltui help folders`.",
        ) from None
    except (exceptions.SSOError, exceptions.TokenRetrievalError):
        raise Unauthorized(
            "The sign-in to AWS has ended", 401, hint="Sign in again: aws sso login"
        ) from None
    except (exceptions.ConnectionError, exceptions.HTTPClientError):
        raise Unreachable(f"No answer from the store of {visible(what)}") from None
    except exceptions.BotoCoreError as error:
        first = visible(redacted(str(error).partition("\n")[0]))[:300]
        raise ConfigError(f"The settings for AWS cannot be used: {first}") from None
