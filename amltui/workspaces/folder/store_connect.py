"""Reaching an object store with the credentials that its ecosystem keeps.

Nothing of them is copied into files of ours. S3: the environment, or what `aws` itself would use
(profiles, SSO, roles), by botocore. Azure: the environment, a connection string, the Azure CLI,
or a managed identity. Google: application default credentials. A bucket for which there are no
credentials is asked without.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from amltui.errors import ConfigError, NotSupportedByServer
from amltui.redact import remember
from amltui.text import visible
from amltui.workspaces.folder.store_errors import LIST, aws_mapped, mapped
from amltui.workspaces.folder.store_writing import S3Writer, Writer

_RETRY: Final[Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
_CLIENT: Final[Any] = {
    "connect_timeout": timedelta(seconds=10),
    "timeout": timedelta(minutes=5),
}
_S3: Final = frozenset({"s3", "s3a"})
_REFRESH: Final = timedelta(minutes=5)
"""How long credentials are used before they are asked for again; they may be longer valid."""
_AZURE_SAID: Final = (
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_CLIENT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "IDENTITY_ENDPOINT",
)


def connected(url: str) -> Any:
    """Obstore's store at `scheme://bucket/prefix`.

    Raises:
        ConfigError: obstore is not installed, or the address is none.
    """
    try:
        from obstore.store import from_url
    except ImportError:
        raise ConfigError(
            "Object stores need the package obstore", hint="pip install 'amltui[cloud]'"
        ) from None
    more: dict[str, Any] = {}
    if is_s3(url):
        more = _s3_options()
    elif is_google(url):
        more = _google_options()
    else:
        more = _azure_options()
    options = _CLIENT | {"allow_http": _http_allowed()}
    with mapped(url):
        return from_url(url, client_options=options, retry_config=_RETRY, **more)


def is_s3(url: str) -> bool:
    """Whether an address is a bucket of S3."""
    return urlsplit(url).scheme in _S3


def is_google(url: str) -> bool:
    """Whether an address is a bucket of Google Cloud Storage."""
    return urlsplit(url).scheme == "gs"


def writer_of(url: str) -> Writer:
    """What writes objects of this store.

    Raises:
        NotSupportedByServer: nothing here does.
        ConfigError: a package is not installed, or nothing says how to sign in.
    """
    if is_s3(url):
        return S3Writer(s3_client())
    if is_google(url):
        raise NotSupportedByServer("Google Cloud Storage can only be read here", 405)
    client = azure_client(url)
    from amltui.workspaces.folder.store_azure import AzureWriter

    return AzureWriter(client)


def raw_pages(url: str, container: str, prefix: str) -> Iterator[list[dict[str, Any]]]:
    """All objects whose keys begin with `prefix`, in obstore's terms, by the cloud's own client.

    Slower than obstore, and with every name that the store allows.

    Raises:
        NotSupportedByServer: there is no such client.
    """
    if is_google(url):
        raise NotSupportedByServer(
            f"{visible(url)} holds names that cannot be read here; open a folder below it", 405
        )
    if is_s3(url):
        pages = s3_client().get_paginator("list_objects_v2")
        with aws_mapped(url, LIST):
            for page in pages.paginate(Bucket=container, Prefix=prefix):
                yield [
                    {
                        "path": one["Key"],
                        "size": one["Size"],
                        "e_tag": one["ETag"],
                        "last_modified": one["LastModified"],
                    }
                    for one in page.get("Contents", ())
                ]
        return
    client = azure_client(url)
    from amltui.workspaces.folder.store_azure import pages_of

    yield from pages_of(client, container, prefix)


def s3_client() -> Any:
    """Botocore's client for S3, with the same credentials, endpoint and region.

    Raises:
        ConfigError: botocore is not installed, or its settings are wrong.
    """
    try:
        from botocore.config import Config
        from botocore.session import get_session
    except ImportError:
        raise ConfigError(
            "Writing to S3 needs the package botocore", hint="pip install 'amltui[cloud]'"
        ) from None
    endpoint = os.environ.get("AWS_ENDPOINT")  # botocore knows AWS_ENDPOINT_URL by itself
    settings = Config(
        connect_timeout=10,
        read_timeout=60,
        retries={"total_max_attempts": 2, "mode": "standard"},
        # Checksums in trailers are not known to every S3; Content-MD5 is.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"} if endpoint else None,
    )
    with aws_mapped("the bucket", LIST):
        session = get_session()
        region = _region() or session.get_config_variable("region") or "us-east-1"
        return session.create_client("s3", region, endpoint_url=endpoint, config=settings)


def _s3_options() -> dict[str, Any]:
    """What obstore is told beyond the environment, which it reads itself."""
    if os.environ.get("AWS_ACCESS_KEY_ID") or os.environ.get("AWS_SKIP_SIGNATURE"):
        return {}
    try:
        from botocore.session import get_session
    except ImportError:
        return {}
    with aws_mapped("the bucket", LIST):
        session = get_session()
        found = session.get_credentials()
        region = None if _region() else session.get_config_variable("region")
    options: dict[str, Any] = {"region": region} if region else {}
    if found is None:
        return options | {"skip_signature": True}

    def give() -> dict[str, Any]:
        with aws_mapped("the bucket", LIST):
            now = found.get_frozen_credentials()
        remember(now.secret_key)
        return {
            "access_key_id": now.access_key,
            "secret_access_key": now.secret_key,
            "token": now.token,
            "expires_at": datetime.now(UTC) + _REFRESH,
        }

    give()  # a sign-in that has ended is said here, in our words
    return options | {"credential_provider": give}


def azure_client(url: str) -> Any:
    """Azure's client of the storage account, with the same credentials.

    Raises:
        ConfigError: its package is not installed, or nothing says how to sign in.
    """
    try:
        from azure.storage.blob import BlobServiceClient
    except ImportError:
        raise ConfigError(
            "Writing to Azure needs the package azure-storage-blob",
            hint="pip install 'amltui[cloud]'",
        ) from None
    limits: dict[str, Any] = {"retry_total": 1, "connection_timeout": 10, "read_timeout": 120}
    limits |= {"initial_backoff": 1, "random_jitter_range": 0}  # else it waits 15 s before that
    text = os.environ.get("AZURE_STORAGE_CONNECTION_STRING", "")
    if text:
        return BlobServiceClient.from_connection_string(text, **limits)
    # abfss://container@account.dfs.core.windows.net/prefix names the account, az:// does not.
    account = urlsplit(url).netloc.partition("@")[2].partition(".")[0]
    account = account or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME", "")
    endpoint = os.environ.get("AZURE_STORAGE_ENDPOINT")
    credential: Any = _first_said(
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_ACCESS_KEY",
        "AZURE_STORAGE_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_STORAGE_SAS_KEY",
    )
    if credential is None and not _anonymous_azure():
        try:
            from azure.identity import DefaultAzureCredential
        except ImportError:
            raise ConfigError(
                "Nothing says how to sign in to Azure for writing",
                hint="Set AZURE_STORAGE_ACCOUNT_KEY, or: pip install azure-identity",
            ) from None
        credential = DefaultAzureCredential()
    elif account and credential and not credential.startswith(("?", "sv=")):
        credential = {"account_name": account, "account_key": credential}
    address = endpoint or f"https://{account}.blob.core.windows.net"
    return BlobServiceClient(address, credential=credential, **limits)


def _anonymous_azure() -> bool:
    """Whether obstore was told to ask without credentials, in its words."""
    said = os.environ.get("AZURE_SKIP_SIGNATURE", "").lower()
    return said in {"1", "true", "on", "yes", "y"}


def _first_said(*names: str) -> str | None:
    return next((value for name in names if (value := os.environ.get(name))), None)


def _region() -> str | None:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def _azure_options() -> dict[str, Any]:
    text = os.environ.get("AZURE_STORAGE_CONNECTION_STRING", "")
    if text:
        pairs = (part.partition("=") for part in text.split(";"))
        said = {key.strip().lower(): value for key, _, value in pairs}
        names = {
            "account_name": "accountname",
            "account_key": "accountkey",
            "sas_key": "sharedaccesssignature",
            "endpoint": "blobendpoint",
        }
        for key in ("accountkey", "sharedaccesssignature"):
            if key in said:
                remember(said[key])
        return {ours: said[theirs] for ours, theirs in names.items() if said.get(theirs)}
    if (
        not any(os.environ.get(name) for name in _AZURE_SAID)
        and Path.home().joinpath(".azure/azureProfile.json").exists()
    ):
        return {"use_azure_cli": True}
    return {}


def _google_options() -> dict[str, Any]:
    """The emulator that Google's own clients would ask, too; it knows no credentials."""
    address = _google_emulator()
    return {"base_url": address, "skip_signature": True} if address else {}


def _google_emulator() -> str:
    host = os.environ.get("STORAGE_EMULATOR_HOST", "").rstrip("/")
    return f"http://{host}" if host and "://" not in host else host


def _http_allowed() -> bool:
    """Whether an address without TLS was asked for, as for an emulator on this machine."""
    endpoints = ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
    addresses = [os.environ.get(name, "") for name in (*endpoints, "AZURE_STORAGE_ENDPOINT")]
    addresses.append(_google_emulator())
    addresses += [
        part.partition("=")[2]
        for part in os.environ.get("AZURE_STORAGE_CONNECTION_STRING", "").split(";")
        if part.lower().startswith("blobendpoint=")
    ]
    return any(urlsplit(address).scheme == "http" for address in addresses)
