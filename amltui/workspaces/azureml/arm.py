"""Azure Resource Manager: one workspace's assets and datastores as it lists and keeps them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from amltui.config.azure import AzureWorkspaceId, Cloud
from amltui.errors import HttpError, NotFound, Rejected, Unauthorized, WorkspaceError
from amltui.workspaces.azureml import messages
from amltui.workspaces.azureml.tokens import SIGN_IN, Bearer, Tokens
from amltui.workspaces.http.api_answers import ApiAnswer
from amltui.workspaces.http.client import ApiClient
from amltui.workspaces.http.retries import Retry

VERSION: Final = "2023-10-01"
_SUBSCRIPTIONS: Final = "2022-12-01"
_ACTION: Final = re.compile(r"Microsoft\.[\w./]+/(?:read|write|delete|action)", re.IGNORECASE)
_PAGES: Final = 10_000
"""Pages of a list: more are a list that goes in circles."""
_NOT_AZURE: Final = "This is no answer of Azure: a proxy or a firewall between may have refused it."
M = TypeVar("M", bound=messages.Message)


@dataclass(frozen=True, slots=True)
class Entries(Generic[M]):
    """One page of a list."""

    found: list[M]
    unreadable: int
    """How many beside them could not be read."""
    more: bool
    """Whether another page follows."""


class ResourceManager:
    """Requests to Azure Resource Manager. Close it."""

    def __init__(self, cloud: Cloud, tokens: Tokens, retry: Retry | None = None) -> None:
        self.cloud = cloud
        self.client = _Client(cloud.manager, Bearer(tokens, cloud.scope), retry or Retry())

    async def close(self) -> None:
        """Close all connections."""
        await self.client.close()

    async def get(self, path: str, kind: type[M], *, operation: str, **query: str) -> M:
        """One resource.

        Raises:
            NotFound: there is none.
        """
        return await self._decoded("GET", path, kind, operation, query)

    async def put(
        self, path: str, body: dict[str, Any], kind: type[M], *, operation: str, repeat: bool
    ) -> M:
        """Make or change one resource; `repeat`: doing it twice is the same as doing it once."""
        content = msgspec.json.encode(body)
        return await self._decoded("PUT", path, kind, operation, {}, content, repeat=repeat)

    async def post(self, path: str, kind: type[M], *, operation: str) -> M:
        """Ask for something that is no resource, such as secrets."""
        return await self._decoded("POST", path, kind, operation, {}, b"{}")

    async def pages(
        self, path: str, kind: type[M], *, operation: str, version: str = VERSION, **query: str
    ) -> AsyncIterator[Entries[M]]:
        """A list page by page, each asked for when it is wanted.

        Raises:
            WorkspaceError: the next page is said to be elsewhere, or there is no end.
        """
        following = f"{path}?{_query(query, version)}"
        seen: set[str] = set()
        for _ in range(_PAGES):
            seen.add(following)
            answer = await self.client.request("GET", following, operation=operation)
            page = self._read(answer, messages.Page, operation)
            found: list[M] = []
            unreadable = 0
            for entry in page.value:
                try:
                    found.append(msgspec.json.decode(entry, type=kind))
                except msgspec.MsgspecError:
                    unreadable += 1
            yield Entries(found, unreadable, more=bool(page.next_link))
            if not page.next_link:
                return
            following = self._inside(page.next_link, operation)
            if following in seen:
                break
        raise WorkspaceError(f"While {operation}: the list has no end")

    def _inside(self, link: str, operation: str) -> str:
        """A link as a path below the manager's address: the token goes nowhere else."""
        base = self.cloud.manager
        if not link.lower().startswith(base.lower()):
            raise WorkspaceError(
                f"While {operation}: the next page is said to be on another host",
                hint="A proxy may have changed the answer.",
            )
        return link[len(base) :]

    async def _decoded(
        self,
        method: str,
        path: str,
        kind: type[M],
        operation: str,
        query: dict[str, str],
        content: bytes | None = None,
        *,
        repeat: bool = True,
    ) -> M:
        answer = await self.client.request(
            method,
            f"{path}?{_query(query, VERSION)}",
            operation=operation,
            content=content,
            idempotent=repeat,
        )
        return self._read(answer, kind, operation)

    def _read(self, answer: ApiAnswer, kind: type[M], operation: str) -> M:
        with self.client.mapped(operation, self.cloud.manager):
            return msgspec.json.decode(answer.content, type=kind)


class _Client(ApiClient):
    """As any client, with what Azure's refusals mean."""

    def _error_from(
        self, answer: ApiAnswer, operation: str, *, not_found: type[NotFound] = NotFound
    ) -> HttpError:
        error = super()._error_from(answer, operation, not_found=not_found)
        if answer.status_code == 401:
            return Unauthorized(
                f"While {operation}: Azure accepts the sign-in no longer", 401, hint=SIGN_IN
            )
        if isinstance(error, Unauthorized):
            said = _code(answer.content)
            error.hint = _role(answer.content, operation) if said else _NOT_AZURE
        elif isinstance(error, Rejected) and _code(answer.content) == "UserError":
            error.hint = "Azure ML does not accept what was asked for."
        return error


def _code(body: bytes) -> str:
    try:
        code = msgspec.json.decode(body)["error"]["code"]
    except (msgspec.MsgspecError, LookupError, TypeError):
        return ""
    return code if isinstance(code, str) else ""


def _role(body: bytes, operation: str) -> str:
    """Which role lets one do what was refused."""
    match = _ACTION.search(body[:20_000].decode("utf-8", "replace"))
    action = match[0] if match else ""
    reads = action.lower().endswith("/read") or (not action and operation.startswith("listing"))
    role = "Reader or AzureML Data Scientist" if reads else "AzureML Data Scientist"
    needs = f" (it needs {action})" if action else ""
    return f"Ask the workspace's owner for the role {role}{needs}."


def _query(query: dict[str, str], version: str) -> str:
    return urlencode({"api-version": version, **query}, safe="$", quote_via=quote)


async def visible_workspaces(
    cloud: Cloud, retry: Retry | None = None
) -> AsyncIterator[tuple[AzureWorkspaceId, messages.ManagedWorkspace]]:
    """All workspaces that the account can see, subscription by subscription."""
    from amltui.config.azure import azure_workspace

    manager = ResourceManager(cloud, Tokens(cloud), retry)
    operation = "listing the workspaces of the account"
    try:
        async for subscriptions in manager.pages(
            "subscriptions", messages.Subscription, operation=operation, version=_SUBSCRIPTIONS
        ):
            for one in subscriptions.found:
                place = (
                    f"subscriptions/{quote(one.subscription_id, safe='')}"
                    "/providers/Microsoft.MachineLearningServices/workspaces"
                )
                async for page in manager.pages(
                    place, messages.ManagedWorkspace, operation=operation
                ):
                    for workspace in page.found:
                        yield azure_workspace(workspace.id, source="Azure"), workspace
    finally:
        await manager.close()


def host_of(address: str) -> str:
    """The host of an address, in lower case; "" when it has none."""
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
