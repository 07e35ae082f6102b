"""What one does with a workspace: the three front ends call this and add presentation only.

The old client had `services` too: web services, which ended with Studio. Its names are here and
say so when they are called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

_WEB_SERVICES: Final = frozenset(
    {
        "attach",
        "deserializer",
        "publish",
        "published",
        "returns",
        "serializer",
        "service",
        "service_id",
        "types",
    }
)
"""What `azureml.services` offered."""


def __getattr__(name: str) -> Any:
    if name in _WEB_SERVICES:
        return _gone(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)


def _gone(name: str) -> Callable[..., NoReturn]:
    def gone(*_: object, **__: object) -> NoReturn:
        from amltui.errors import WebServicesGone

        raise WebServicesGone(name)

    gone.__name__ = gone.__qualname__ = name
    gone.__doc__ = "Raises `WebServicesGone`: Studio, which ran web services, was switched off."
    return gone
