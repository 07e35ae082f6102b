"""Access tokens of Azure: from the environment, the Azure CLI, a managed identity or the library.

Tried in this order, the first that gives one stays in use:

    client secret       AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET
    workload identity   AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE
    managed identity    IDENTITY_ENDPOINT, on App Service and compute instances
    Azure CLI           `az login`
    managed identity    of a virtual machine, where there is no Azure CLI
    azure-identity      certificates, device code and browser, where it is installed

Tokens are kept in memory only, and renewed some minutes before they end.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import anyio
import anyio.to_thread

from amltui.config.azure import Cloud
from amltui.errors import AmltuiError, ConfigError, Unauthorized, Unreachable
from amltui.redact import redacted, remember
from amltui.text import visible
from amltui.workspaces.http.client import ApiClient
from amltui.workspaces.http.retries import Retry

EARLY: Final = 300.0
"""Seconds before its end at which a token is renewed."""
_UNKNOWN: Final = 600.0
"""Seconds for which a token is used that does not say when it ends."""
_CLI_SECONDS: Final = 60.0
_MACHINE: Final = "http://169.254.169.254/"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
SIGN_IN: Final = "Sign in with `az login`; `amltui help azureml` names all ways."


@dataclass(frozen=True, slots=True)
class Token:
    """A token and when it ends."""

    value: str = field(repr=False)
    ends: float
    """Seconds since 1970."""


class _Missing(Exception):
    """This way of signing in is not there."""


class _NoCredential:
    """For requests that are their own credential."""

    secrets = ()

    async def headers(self) -> Mapping[str, str]:
        return {}

    async def renew(self) -> bool:
        return False


class Tokens:
    """The tokens of one person or program, for any number of scopes."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._kept: dict[str, Token] = {}
        self._way: Callable[[str], Awaitable[Token]] | None = None
        self._turn = anyio.Lock()
        self._library: Any = None

    async def get(self, scope: str, *, fresh: bool = False) -> Token:
        """A token for a scope; `fresh`: not the one that was kept.

        Raises:
            Unauthorized: nobody is signed in, or the sign-in was refused.
        """
        async with self._turn:
            kept = self._kept.get(scope)
            if fresh or kept is None or kept.ends - EARLY < time.time():
                kept = self._kept[scope] = await self._ask(scope)
                remember(kept.value)
            return kept

    async def _ask(self, scope: str) -> Token:
        if self._way is not None:
            return await self._way(scope)
        for way in (
            self._by_secret,
            self._by_workload,
            self._by_host,
            self._by_cli,
            self._by_machine,
            self._by_library,
        ):
            try:
                token = await way(scope)
            except _Missing:
                continue
            self._way = way
            return token
        raise Unauthorized("Nobody is signed in to Azure here", 401, hint=SIGN_IN)

    async def _by_secret(self, scope: str) -> Token:
        tenant, client, secret = _said("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
        remember(secret)
        return await self._granted(tenant, scope, client_id=client, client_secret=secret)

    async def _by_workload(self, scope: str) -> Token:
        tenant, client, place = _said(
            "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"
        )
        try:
            told = await anyio.to_thread.run_sync(Path(place).read_text, "utf-8")
        except (OSError, ValueError):
            raise ConfigError(
                "The file that AZURE_FEDERATED_TOKEN_FILE names cannot be read"
            ) from None
        remember(told.strip())
        return await self._granted(
            tenant,
            scope,
            client_id=client,
            client_assertion=told.strip(),
            client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )

    async def _granted(self, tenant: str, scope: str, **fields: str) -> Token:
        authority = os.environ.get("AZURE_AUTHORITY_HOST") or self._cloud.authority
        return await granted(authority, tenant, scope, **fields)

    async def _by_host(self, scope: str) -> Token:
        endpoint, header = _said("IDENTITY_ENDPOINT", "IDENTITY_HEADER")
        remember(header)
        query = {"api-version": "2019-08-01", "resource": _resource(scope)}
        return await self._managed(endpoint, query, {"X-IDENTITY-HEADER": header})

    async def _by_machine(self, scope: str) -> Token:
        if shutil.which("az"):
            raise _Missing
        with anyio.move_on_after(2) as limit:
            try:
                query = {"api-version": "2018-02-01", "resource": _resource(scope)}
                place = f"{_MACHINE}metadata/identity/oauth2/token"
                return await self._managed(place, query, {"Metadata": "true"})
            except AmltuiError:
                raise _Missing from None
        assert limit.cancelled_caught
        raise _Missing

    async def _managed(self, place: str, query: dict[str, str], headers: dict[str, str]) -> Token:
        if client_id := os.environ.get("AZURE_CLIENT_ID"):
            query["client_id"] = client_id
        base, slash, path = place.partition("//")
        host, _, rest = path.partition("/")
        async with _client(f"{base}{slash}{host}/") as client:
            answer = await client.request(
                "GET",
                f"{rest}?{urlencode(query)}",
                operation="asking for the managed identity",
                headers=headers,
            )
        return _token(answer.content)

    async def _by_cli(self, scope: str) -> Token:
        program = shutil.which("az")
        if program is None:
            raise _Missing
        command = [program, "account", "get-access-token", "--scope", scope, "--output", "json"]
        try:
            with anyio.fail_after(_CLI_SECONDS):
                done = await anyio.run_process(command, check=False, stdin=subprocess.DEVNULL)
        except TimeoutError:
            raise Unreachable(
                f"The Azure CLI did not answer in {_CLI_SECONDS:g} s", hint=SIGN_IN
            ) from None
        if done.returncode:
            said = visible(redacted(done.stderr.decode("utf-8", "replace").strip()))[-300:]
            raise Unauthorized(f"The Azure CLI gave no token: {said}", 401, hint=SIGN_IN)
        return _token(done.stdout)

    async def _by_library(self, scope: str) -> Token:
        def ask() -> Token:
            try:
                import azure.identity as library
                from azure.core.exceptions import ClientAuthenticationError
            except ImportError:
                raise _Missing from None
            if self._library is None:
                self._library = _interactive(library, self._cloud)
            try:
                got = self._library.get_token(scope)
            except ClientAuthenticationError as error:
                first = visible(redacted(str(error).partition("\n")[0]))[:300]
                raise Unauthorized(f"Azure refused the sign-in: {first}", 401) from None
            return Token(str(got.token), float(got.expires_on))

        return await anyio.to_thread.run_sync(ask)


class Bearer:
    """A token for one scope as the credential of requests; see `http.client.Credential`."""

    def __init__(self, tokens: Tokens, scope: str) -> None:
        self._tokens = tokens
        self._scope = scope
        self._given = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token that was sent."""
        return (self._given,)

    async def headers(self) -> Mapping[str, str]:
        """The one header of OAuth."""
        self._given = (await self._tokens.get(self._scope)).value
        return {"Authorization": f"Bearer {self._given}"}

    async def renew(self) -> bool:
        """Ask for another token, unless somebody did meanwhile."""
        before = self._given
        now = await self._tokens.get(self._scope)
        if now.value == before:
            now = await self._tokens.get(self._scope, fresh=True)
        return now.value != before


class _client:  # noqa: N801 - used like a function
    """An HTTP client without a credential, closed at the end of the block."""

    def __init__(self, endpoint: str) -> None:
        self._client = ApiClient(endpoint, _NoCredential(), Retry(attempts=2))

    async def __aenter__(self) -> ApiClient:
        return self._client

    async def __aexit__(self, *exc: object) -> None:
        await self._client.close()


async def granted(authority: str, tenant: str, scope: str, **fields: str) -> Token:
    """The token that a tenant gives a program, which says by `fields` who it is.

    Raises:
        Unauthorized: it gives none.
    """
    if "://" not in authority:
        authority = f"https://{authority}"
    form = {"grant_type": "client_credentials", "scope": scope, **fields}
    async with _client(authority.rstrip("/") + "/") as client:
        try:
            answer = await client.request(
                "POST",
                f"{quote(tenant, safe='')}/oauth2/v2.0/token",
                operation="signing in to Azure",
                content=urlencode(form).encode(),
                headers=_FORM,
            )
        except Unreachable:
            raise
        except AmltuiError as error:
            hint = "Check the tenant, the client id and its secret."
            raise Unauthorized(str(error), 401, hint=hint) from None
    return _token(answer.content)


def _interactive(library: Any, cloud: Cloud) -> Any:
    """What asks a person, or takes the certificate that the environment names."""
    authority = cloud.authority.removeprefix("https://").rstrip("/")
    if os.environ.get("AZURE_CLIENT_CERTIFICATE_PATH"):
        return library.EnvironmentCredential(authority=authority)
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return library.InteractiveBrowserCredential(authority=authority)
    return library.DeviceCodeCredential(authority=authority)


def _said(*names: str) -> tuple[str, ...]:
    values = tuple(os.environ.get(name, "") for name in names)
    if not all(values):
        raise _Missing
    return values


def _resource(scope: str) -> str:
    return scope.removesuffix(".default")


def _token(body: bytes) -> Token:
    """What any of them answers.

    Raises:
        Unauthorized: it holds no token.
    """
    try:
        answer = json.loads(body)
        value = answer.get("access_token") or answer.get("accessToken")
        ends = answer.get("expires_on") or answer.get("expiresOn")
        lasts = answer.get("expires_in")
    except (ValueError, AttributeError):
        value = ends = lasts = None
    if not isinstance(value, str) or not value:
        raise Unauthorized("The answer to the sign-in holds no token", 401, hint=SIGN_IN)
    return Token(value, _moment(ends, lasts))


def _moment(ends: Any, lasts: Any) -> float:
    for value, add in ((ends, 0.0), (lasts, time.time())):
        try:
            return float(value) + add
        except (TypeError, ValueError):
            continue
    try:  # older CLIs give local time in words
        return datetime.fromisoformat(str(ends)).astimezone(UTC).timestamp()
    except ValueError:
        return time.time() + EARLY + _UNKNOWN
