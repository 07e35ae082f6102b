"""Access tokens of Azure: from the environment, the Azure CLI, a managed identity or the library.

Tried in this order, the first that gives one stays in use:

    client secret       AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET
    certificate         AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_CERTIFICATE_PATH
    workload identity   AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE
    managed identity    IDENTITY_ENDPOINT on App Service, MSI_ENDPOINT on compute of Azure ML
                        and in the Cloud Shell
    Azure CLI           `az login`
    managed identity    of a virtual machine, where there is no Azure CLI
    device code         or browser, where azure-identity is installed and a person is there

Tokens are kept in memory only, and renewed some minutes before they end.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import textwrap
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
from amltui.workspaces.person import teller

EARLY: Final = 300.0
"""Seconds before its end at which a token is renewed."""
_UNKNOWN: Final = 600.0
"""Seconds for which a token is used that does not say when it ends."""
_CLI_SECONDS: Final = 60.0
_CLI_WORDS: Final = 240
"""Characters of what the Azure CLI says that are shown."""
_NO_NETWORK: Final = re.compile(
    r"NameResolutionError|NewConnectionError|ConnectTimeout|Max retries exceeded"
    r"|Failed to resolve|Network is unreachable|Connection refused|Connection aborted"
)
"""What it says where nothing answers, in the words of the library that it asks with."""
_MACHINE: Final = "http://169.254.169.254"
_MACHINE_SECONDS: Final = 2.0
"""How long the address is waited for that only machines in Azure have."""
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

    def __init__(self, cloud: Cloud, *, subscription: str = "") -> None:
        """Take a cloud; `subscription` tells the Azure CLI which of several accounts is meant."""
        self._cloud = cloud
        self._subscription = subscription
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
            self._by_certificate,
            self._by_workload,
            self._by_host,
            self._by_compute,
            self._by_cli,
            self._by_machine,
            self._by_person,
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

    async def _by_certificate(self, scope: str) -> Token:
        _said("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_PATH")
        try:
            return await self._by_library(scope)
        except _Missing:
            raise ConfigError(
                "Signing in with a certificate needs the package azure-identity",
                hint="pip install 'amltui[azure-login]'",
            ) from None

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
        query = _identity(scope, "2019-08-01", "client_id")
        return await _managed(endpoint, query, {"X-IDENTITY-HEADER": header})

    async def _by_compute(self, scope: str) -> Token:
        (endpoint,) = _said("MSI_ENDPOINT")
        if secret := os.environ.get("MSI_SECRET"):
            remember(secret)
            return await _managed(
                endpoint, _identity(scope, "2017-09-01", "clientid"), {"secret": secret}
            )
        form = urlencode({"resource": _resource(scope)}).encode()
        return await _managed(endpoint, {}, {"Metadata": "true", **_FORM}, form)

    async def _by_machine(self, scope: str) -> Token:
        if shutil.which("az"):
            raise _Missing
        host = os.environ.get("AZURE_POD_IDENTITY_AUTHORITY_HOST") or _MACHINE
        place = f"{host.rstrip('/')}/metadata/identity/oauth2/token"
        query = _identity(scope, "2018-02-01", "client_id")
        with anyio.move_on_after(_MACHINE_SECONDS) as limit:
            try:
                return await _managed(place, query, {"Metadata": "true"})
            except AmltuiError:
                raise _Missing from None
        assert limit.cancelled_caught
        raise _Missing

    async def _by_cli(self, scope: str) -> Token:
        program = shutil.which("az")
        if program is None:
            raise _Missing
        command = [program, "account", "get-access-token", "--scope", scope, "--output", "json"]
        chosen = ["--subscription", self._subscription] if self._subscription else []
        done = await _run([*command, *chosen])
        if done.returncode and chosen and b"subscription" in done.stderr.lower():
            done = await _run(command)  # one that this account does not list may still be open
        if done.returncode:
            raise _cli_error(done.stderr.decode("utf-8", "replace"))
        return _token(done.stdout)

    async def _by_person(self, scope: str) -> Token:
        if teller() is None:
            raise _Missing
        return await self._by_library(scope)

    async def _by_library(self, scope: str) -> Token:
        def ask() -> Token:
            try:
                from amltui.workspaces.azureml import library
            except ImportError:
                raise _Missing from None
            if self._library is None:
                self._library = library.credential(self._cloud)
            return Token(*library.token(self._library, scope))

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


async def _managed(
    place: str, query: dict[str, str], headers: dict[str, str], form: bytes | None = None
) -> Token:
    """The token that a machine's own identity gets from an address on that machine."""
    base, slash, path = place.partition("//")
    host, _, rest = path.partition("/")
    if query:
        rest += f"{'&' if '?' in rest else '?'}{urlencode(query)}"
    async with _client(f"{base}{slash}{host}/") as client:
        try:
            answer = await client.request(
                "GET" if form is None else "POST",
                rest,
                operation="asking for the managed identity",
                content=form,
                headers=headers,
            )
        except Unreachable:
            raise
        except AmltuiError as error:
            hint = "Give the machine an identity; AZURE_CLIENT_ID names one of several."
            raise Unauthorized(str(error), 401, hint=hint) from None
    return _token(answer.content)


def _identity(scope: str, version: str, client: str) -> dict[str, str]:
    query = {"api-version": version, "resource": _resource(scope)}
    if client_id := os.environ.get("AZURE_CLIENT_ID"):
        query[client] = client_id
    return query


async def _run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        with anyio.fail_after(_CLI_SECONDS):
            return await anyio.run_process(command, check=False, stdin=subprocess.DEVNULL)
    except TimeoutError:
        raise Unreachable(
            f"The Azure CLI did not answer in {_CLI_SECONDS:g} s", hint=SIGN_IN
        ) from None


def _cli_error(said: str) -> AmltuiError:
    """Why the Azure CLI gave no token: its first sentence, and the command that it asks for."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if _NO_NETWORK.search(said):
        return Unreachable(
            "The Azure CLI does not reach Azure's sign-in",
            hint="`az account get-access-token` shows what it says.",
        )
    wanted = next((line for line in lines if line.startswith("az login")), "")
    hint = f"Sign in with `{visible(wanted)}`." if wanted else SIGN_IN
    if any(line.startswith("Traceback") for line in lines):
        lines = lines[-1:]
    first = next((line for line in lines if line.startswith("ERROR")), lines[0] if lines else "")
    # One sentence of it: what follows are numbers of the request, for Microsoft's support.
    first = re.split(r"(?<=\.)\s", first.removeprefix("ERROR:").strip())[0]
    told = textwrap.shorten(visible(redacted(first)), _CLI_WORDS, placeholder=" …")
    return Unauthorized(f"The Azure CLI is not signed in: {told}", 401, hint=redacted(hint))


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
