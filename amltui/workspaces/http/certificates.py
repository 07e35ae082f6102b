"""Whom to trust: the variables that name certificates, else the list that comes with certifi."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from typing import Final

from amltui.disk import expanded
from amltui.errors import ConfigError

VARIABLES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""The first of these that is set decides. The last two are those of `requests`, which the old
client used."""


def trusted() -> ssl.SSLContext:
    """A context that trusts what the environment says.

    Raises:
        ConfigError: the variable names what is not there or holds no certificate.
    """
    for variable in VARIABLES:
        if path := os.environ.get(variable):
            return _trusting(variable, path)
    return _trusting(None, None)


@lru_cache(maxsize=4)
def _trusting(variable: str | None, path: str | None) -> ssl.SSLContext:
    """20 ms, so once for each setting."""
    if variable is None or path is None:
        import certifi

        return ssl.create_default_context(cafile=certifi.where())
    hint = f"Correct {variable}, or unset it to trust the usual authorities."
    place = expanded(path)
    if not place.exists():
        raise ConfigError(f"{variable} names {path}, which is not there", hint=hint)
    try:
        if place.is_dir():
            return ssl.create_default_context(capath=str(place))
        return ssl.create_default_context(cafile=str(place))
    except ssl.SSLError:
        raise ConfigError(
            f"{variable} names {path}, which holds no certificate", hint=hint
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{variable} names {path}, which cannot be read: {error.strerror}", hint=hint
        ) from None
