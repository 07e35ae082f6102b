"""httpx alone, without the command line that comes with it.

`import httpx` brings click, pygments and half of rich for a command of its own, wherever they are
installed: more than half of the processor time of that import. Where they are not, httpx goes
without, and `httpx.main` says so; None in `sys.modules` is a module that is not found. Whoever
imported httpx before has all of it.
"""

from __future__ import annotations

import sys
from typing import Any

_MAIN = "httpx._main"
_modules: dict[str, Any] = sys.modules
_first = "httpx" not in _modules
if _first:
    _modules[_MAIN] = None
try:
    import httpx
finally:
    if _first:
        _modules.pop(_MAIN, None)

__all__ = ["httpx"]
