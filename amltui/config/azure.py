"""Which Azure Machine Learning workspace is meant, and in which cloud it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from amltui.config.connection_values import AZURE
from amltui.errors import ConfigError

_ID: Final = re.compile(
    r"(?:azureml:/)?/subscriptions/(?P<subscription>[\w-]+)"
    r"/resourcegroups/(?P<group>[\w.()-]+)"
    r"(?:/providers/Microsoft\.MachineLearningServices)?"
    r"/workspaces/(?P<workspace>[\w.-]+)/?",
    re.IGNORECASE | re.ASCII,
)
_PART: Final = re.compile(r"[\w.()-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cloud:
    """The addresses of one Azure cloud."""

    name: str
    manager: str
    """Of Azure Resource Manager; ends in a slash."""
    authority: str
    """Where tokens are made; ends in a slash."""
    storage: str
    """What the hosts of its storage accounts end in."""

    @property
    def scope(self) -> str:
        """What a token for Azure Resource Manager is asked for."""
        return f"{self.manager}.default"


CLOUDS: Final = {
    "public": Cloud(
        "public",
        "https://management.azure.com/",
        "https://login.microsoftonline.com/",
        "core.windows.net",
    ),
    "china": Cloud(
        "china",
        "https://management.chinacloudapi.cn/",
        "https://login.chinacloudapi.cn/",
        "core.chinacloudapi.cn",
    ),
    "usgov": Cloud(
        "usgov",
        "https://management.usgovcloudapi.net/",
        "https://login.microsoftonline.us/",
        "core.usgovcloudapi.net",
    ),
}
STORAGE_SCOPE: Final = "https://storage.azure.com/.default"
"""What a token for storage accounts is asked for, in every cloud."""


@dataclass(frozen=True, slots=True)
class AzureWorkspaceId:
    """The three names of a workspace."""

    subscription: str
    group: str
    workspace: str

    @property
    def path(self) -> str:
        """Its resource id, without the slash at its beginning."""
        return (
            f"subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace}"
        )

    @property
    def address(self) -> str:
        """As Azure ML writes it in its own addresses; what names it in profiles and caches."""
        return (
            f"{AZURE}://subscriptions/{self.subscription}"
            f"/resourcegroups/{self.group}/workspaces/{self.workspace}"
        )


def azure_workspace(text: str, *, source: object) -> AzureWorkspaceId:
    """The workspace of a resource id or an `azureml://` address.

    Raises:
        ConfigError: it is neither.
    """
    match = _ID.fullmatch(text.strip())
    if match is None:
        raise ConfigError(
            f"The Azure ML workspace from {source} is no resource id",
            hint="It looks like /subscriptions/ID/resourceGroups/GROUP/providers/"
            "Microsoft.MachineLearningServices/workspaces/NAME; "
            "`amltui azure workspaces` lists them.",
        )
    return AzureWorkspaceId(match["subscription"], match["group"], match["workspace"])


def named_workspace(subscription: str, group: str, workspace: str) -> AzureWorkspaceId:
    """The workspace of three names.

    Raises:
        ConfigError: one of them holds what no such name holds.
    """
    for what, value in (
        ("subscription", subscription),
        ("resource group", group),
        ("workspace", workspace),
    ):
        if not _PART.fullmatch(value):
            raise ConfigError(f"The {what} is no name that Azure gives", hint="Copy it again.")
    return AzureWorkspaceId(subscription, group, workspace)


def cloud_of(text: str, *, source: object) -> Cloud:
    """A cloud by its name, or a custom one by the address of its Azure Resource Manager.

    A custom one makes tokens where AZURE_AUTHORITY_HOST says, and its storage accounts are where
    their datastores say.

    Raises:
        ConfigError: it is neither.
    """
    if not text:
        return CLOUDS["public"]
    if text in CLOUDS:
        return CLOUDS[text]
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query:
        raise ConfigError(
            f"The cloud from {source} is none",
            hint=f"It is one of {', '.join(CLOUDS)}, or the https address of a Resource Manager.",
        )
    return Cloud(text, text.rstrip("/") + "/", CLOUDS["public"].authority, "")


def downloaded_settings(start: Path) -> tuple[AzureWorkspaceId, Path] | None:
    """What the nearest `config.json` says, as Azure gives it for download, and where it lies.

    `start` is that file, or a folder. It is looked for as Azure's own client does: in the folder,
    its `.azureml`, then upwards.

    Raises:
        ConfigError: there is one that cannot be read.
    """
    start = start.absolute()
    if start.is_file():
        return _settings(start), start
    for folder in (start, *start.parents):
        for path in (folder / "config.json", folder / ".azureml" / "config.json"):
            if path.is_file():
                return _settings(path), path
    return None


def _settings(path: Path) -> AzureWorkspaceId:
    hint = "Download it again from the workspace's page in Azure."
    try:
        values = json.loads(path.read_text("utf-8"))
        names = [values[key] for key in ("subscription_id", "resource_group", "workspace_name")]
    except (OSError, ValueError, LookupError, TypeError):
        raise ConfigError(f"{path} is no settings file of a workspace", hint=hint) from None
    if not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{path} is no settings file of a workspace", hint=hint)
    return named_workspace(*names)
