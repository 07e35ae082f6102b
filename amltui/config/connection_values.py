"""What an endpoint, a workspace id, a token and a profile's name may look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from amltui.disk import expanded
from amltui.errors import ConfigError
from amltui.redact import remember
from amltui.text import visible

AZURE: Final = "azureml"
"""The scheme of the addresses of Azure ML workspaces."""
DEFAULT_ENDPOINT = "https://studioapi.azureml.net/"
"""What the old client asked when nobody said otherwise. Its owner switched it off in 2024."""

LOCAL = "local"
"""The profile that is always there: the embedded workspace."""

STORES = frozenset({"s3", "s3a", "az", "abfs", "abfss", "gs"})
"""Schemes of addresses of object stores."""

WEB = frozenset({"http", "https"})
"""Schemes of web folders. Among endpoints they have `web+` before them: those of servers too begin
with `https`."""

_SEVERAL = "several:?"
"""With what the address begins of several places that are looked at as one workspace."""

_INPUT = "stdin://"
"""With what the address begins of the file that standard input is kept in."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


def endpoint_of(text: str, *, source: object) -> str:
    """`text` as a base address that ends in a slash, so that joining keeps its path.

    Raises:
        ConfigError: it is no http or https address, or holds a user name or a query.
    """
    hint = "An endpoint looks like https://studio.example.org/."
    address = text.strip()
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise ConfigError(f"The endpoint from {source} is no address: {error}", hint=hint) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or _odd(address):
        raise ConfigError(f"The endpoint from {source} is no http or https address", hint=hint)
    if parts.username or parts.password or parts.query or parts.fragment:
        # Not repeated in the text: a password may stand in it.
        raise ConfigError(
            f"The endpoint from {source} holds a user name, a query or a fragment", hint=hint
        )
    return address.rstrip("/") + "/"


def is_address(text: str) -> bool:
    """Whether a text is a path or an address, and no profile's name: those have no slash."""
    return "/" in text or text in {".", "..", "~"}


def folder_address(text: str) -> str:
    """The address of a folder, a file or an object store; a path is made absolute.

    Raises:
        ConfigError: it is an address of something else.
    """
    if text.startswith(_INPUT):
        return text
    if text.startswith(_SEVERAL):
        return several_address([one for _, one in parse_qsl(text.removeprefix(_SEVERAL))])
    scheme, separator, rest = text.partition("://")
    if separator and scheme in STORES:
        parts = urlsplit(text)
        # abfss://container@account.dfs.core.windows.net/prefix names the container so.
        user = parts.password if scheme in {"abfs", "abfss"} else parts.username
        if not parts.netloc or user or parts.query or parts.fragment:
            # Not repeated: a key may stand in it.
            raise ConfigError(
                f"An address of an object store is {scheme}://bucket/prefix and nothing more",
                hint="Credentials come from the cloud's usual environment variables.",
            )
        return text.rstrip("/")
    if separator and scheme.removeprefix("web+") in WEB:
        return _web_address(text.removeprefix("web+"))
    if separator and scheme != "file":
        raise ConfigError(
            f"{visible(scheme)}:// is not an address of a folder that can be opened",
            hint="Give a directory or a file of this disk, or s3://, az://, gs:// or https://.",
        )
    return expanded(unquote(rest) if separator else text).absolute().as_uri()


def several_address(texts: Sequence[str]) -> str:
    """The address of several folders, files and object stores that are looked at as one workspace.

    Raises:
        ConfigError: one is an address of something else.
    """
    addresses = dict.fromkeys(map(folder_address, texts))
    return _SEVERAL + urlencode([("at", one) for one in addresses], safe=":/")


def places_of(address: str) -> tuple[str, ...]:
    """The addresses of the places in what `several_address` gave; () for any other address."""
    if not address.startswith(_SEVERAL):
        return ()
    return tuple(one for _, one in parse_qsl(address.removeprefix(_SEVERAL)))


def address_name(address: str) -> str:
    """What a person calls an endpoint; not made safe to show."""
    if places := places_of(address):
        return f"{len(places)} places"
    if input_path(address) is not None:
        return "standard input"
    return unquote(address.removeprefix("file://").removeprefix("web+"))


def input_address(path: Path) -> str:
    """The address of the file that standard input is kept in, in a directory of its own."""
    return f"{_INPUT}{quote(str(path))}"


def input_path(address: str) -> Path | None:
    """The file that standard input is kept in, of its address or of that of several places."""
    for one in (address, *places_of(address)):
        if one.startswith(_INPUT):
            return Path(unquote(one.removeprefix(_INPUT)))
    return None


def workspace_id_of(text: str, *, source: object) -> str:
    """`text` as a workspace id: usually 32 hex digits, one path component in any case.

    Raises:
        ConfigError: it is empty or holds what no id holds.
    """
    value = text.strip()
    if not value or _odd(value) or not re.fullmatch(r"[\w.~-]+", value, re.ASCII):
        raise ConfigError(
            f"The workspace id from {source} is not one",
            hint="It is 32 hex digits; Studio showed it under Settings.",
        )
    return value


def token_of(text: str, *, source: object) -> str:
    """`text` as an authorization token, without the line end that a file or a pipe adds.

    From now on it is taken out of whatever is said or logged.

    Raises:
        ConfigError: it is empty or holds what no header can carry. The text is not repeated.
    """
    value = text.strip()
    if not value or _odd(value) or not value.isascii():
        raise ConfigError(
            f"The token from {source} is empty or holds characters that no token has",
            hint="Copy it again, as one word.",
        )
    remember(value)
    return value


def profile_name_of(text: str) -> str:
    """`text` as the name of a profile: a letter or digit, then also `.`, `-` and `_`.

    Raises:
        ConfigError: it is no such name.
    """
    if not _NAME.fullmatch(text):
        raise ConfigError(
            "A profile's name has 1 to 64 letters, digits, '.', '-' or '_'",
            hint="Choose another name.",
        )
    return text


def _odd(text: str) -> bool:
    return any(char <= " " or char == "\x7f" for char in text)


def is_azure(endpoint: str) -> bool:
    """Whether an endpoint is the `address` of an Azure ML workspace."""
    return endpoint.startswith(f"{AZURE}:")


def is_folder(endpoint: str) -> bool:
    """Whether an endpoint is what `folder_address` gives, and not a workspace server's."""
    return endpoint.partition(":")[0] in {
        "file",
        "several",
        "stdin",
        *STORES,
        *(f"web+{one}" for one in WEB),
    }


def _web_address(text: str) -> str:
    """The endpoint of a web folder or of one file there; a `/` at its end tells them apart."""
    hint = "Give https://host/folder/ with a / at its end, or a file's address."
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise ConfigError(f"That is no address: {error}", hint=hint) from None
    if not parts.hostname or parts.username or parts.query or parts.fragment or _odd(text):
        # Not repeated: a key may stand in it.
        raise ConfigError(
            "An address of a web folder has a host and a path and nothing more", hint=hint
        )
    return f"web+{text}" if parts.path else f"web+{text}/"
