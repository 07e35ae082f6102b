"""Signing in through azure-identity, an extra: with a certificate, a device code or a browser.

Everything here blocks. Importing this raises ImportError where the library is not installed.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime
from typing import Any, Final

import azure.identity
from azure.core.exceptions import AzureError, ClientAuthenticationError

from amltui.config.azure import CLOUDS, Cloud
from amltui.errors import Cancelled, ConfigError, Unauthorized, Unreachable
from amltui.redact import redacted
from amltui.text import visible
from amltui.workspaces.person import teller

# What it logs by itself it also raises; without a handler it would be printed, too.
logging.getLogger("azure").addHandler(logging.NullHandler())
_HINT: Final = "`amltui help azureml` names all ways to sign in."


def credential(cloud: Cloud) -> Any:
    """What gives tokens: by the certificate that the environment names, or by asking a person.

    Raises:
        ConfigError: there is no such certificate.
    """
    authority = (os.environ.get("AZURE_AUTHORITY_HOST") or cloud.authority).rstrip("/")
    known = {one.authority.rstrip("/") for one in CLOUDS.values()}
    options: dict[str, Any] = {"authority": authority.removeprefix("https://")}
    if authority not in known:  # else it asks the public cloud about an authority of one's own
        options["disable_instance_discovery"] = True
    if os.environ.get("AZURE_CLIENT_CERTIFICATE_PATH"):
        try:
            return azure.identity.EnvironmentCredential(**options)
        except (OSError, ValueError):
            raise ConfigError(
                "The certificate that AZURE_CLIENT_CERTIFICATE_PATH names cannot be used",
                hint="It is a PEM or PKCS12 file with its private key; "
                "AZURE_CLIENT_CERTIFICATE_PASSWORD opens one that has a password.",
            ) from None
    if tenant := os.environ.get("AZURE_TENANT_ID"):
        options["tenant_id"] = tenant
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return azure.identity.InteractiveBrowserCredential(**options)
    return azure.identity.DeviceCodeCredential(prompt_callback=_prompt, **options)


def token(credential: Any, scope: str) -> tuple[str, float]:
    """A token, and when it ends in seconds since 1970.

    Raises:
        Unauthorized: the sign-in was refused, or nobody completed it.
        Unreachable: nothing answers.
    """
    try:
        found = credential.get_token(scope)
    except ClientAuthenticationError as error:
        first = visible(redacted(str(error).partition("\n")[0]))[:300]
        raise Unauthorized(f"Azure refused the sign-in: {first}", 401, hint=_HINT) from None
    except AzureError as error:
        name = type(error).__name__
        raise Unreachable(f"The sign-in to Azure was not reached ({name})", hint=_HINT) from None
    return str(found.token), float(found.expires_on)


def _prompt(address: str, code: str, ends: datetime) -> None:
    tell = teller()
    if tell is None:
        raise Cancelled("Nobody is there to sign in to Azure")
    until = f"{ends.astimezone():%H:%M}"
    tell(f"Sign in to Azure: open {visible(address)} and type {visible(code)}, until {until}.")
