"""What an asset's address means: a path in a datastore, in a storage account, or on the web."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from amltui.config.azure import AzureWorkspaceId
from amltui.errors import NotSupportedByServer
from amltui.text import visible

_DATASTORE: Final = re.compile(
    r"azureml:/{2,3}"
    r"(?:subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)/)?"
    r"(?:(?:providers/Microsoft\.MachineLearningServices/)?workspaces/(?P<workspace>[^/]+)/)?"
    r"datastores/(?P<datastore>[^/]+)(?:/paths(?:/(?P<path>.*))?)?/?",
    re.IGNORECASE | re.DOTALL,
)
_ACCOUNT: Final = re.compile(r"[a-z0-9]{3,24}")


@dataclass(frozen=True, slots=True)
class InDatastore:
    """A path below a datastore's root."""

    datastore: str
    path: str
    workspace: AzureWorkspaceId | None = None
    """None: of the workspace that is open."""


@dataclass(frozen=True, slots=True)
class InAccount:
    """A path in a container of a storage account."""

    account: str
    endpoint: str
    """What the account's host ends in: `core.windows.net`."""
    container: str
    path: str


@dataclass(frozen=True, slots=True)
class OnTheWeb:
    """A file at an https address."""

    origin: str
    path: str


Place = InDatastore | InAccount | OnTheWeb


def place_of(uri: str) -> Place:
    """Where `uri` says that the data are.

    Raises:
        NotSupportedByServer: addresses of this kind cannot be read here.
    """
    if (match := _DATASTORE.fullmatch(uri)) is not None:
        whole = all(match[name] for name in ("subscription", "group", "workspace"))
        other = None
        if whole:
            other = AzureWorkspaceId(match["subscription"], match["group"], match["workspace"])
        return InDatastore(match["datastore"], (match["path"] or "").strip("/"), other)
    try:
        parts = urlsplit(uri)
        host, user = (parts.hostname or "").lower(), parts.username
    except ValueError:
        raise _unknown(uri) from None
    path = unquote(parts.path).lstrip("/")
    account, _, rest = host.partition(".")
    service, _, endpoint = rest.partition(".")
    known = service in {"blob", "dfs"} and _ACCOUNT.fullmatch(account) and endpoint
    if parts.scheme in {"wasbs", "abfss"} and known and user:
        return InAccount(account, endpoint, user, path)
    if parts.scheme == "https" and not user and host:
        if known and parts.port is None and not parts.query and "/" in path:
            container, _, rest = path.partition("/")
            return InAccount(account, endpoint, container, rest)
        if not parts.query:
            return OnTheWeb(f"https://{parts.netloc}", path)
    raise _unknown(uri)


def _unknown(uri: str) -> NotSupportedByServer:
    # Not the whole: a signature may stand in it.
    scheme = visible(uri.partition(":")[0][:20])
    return NotSupportedByServer(
        f"This asset points at an address that cannot be read here ({scheme}:)",
        405,
        hint="azureml:, https:, abfss: and wasbs: addresses can be, without a signature in them.",
    )
