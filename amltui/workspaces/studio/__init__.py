"""A Studio (classic) workspace over its REST protocol.

`workspace` is what the rest of the program sees; `client` sends requests, over `transport` and
`network`, `answers` bounds what comes back, `contents` streams bytes, `faults` is the one border
at which foreign exceptions and refusals become errors of ours. httpx is imported when a workspace
is entered, not before.
"""

from amltui.workspaces.studio.retries import Retry
from amltui.workspaces.studio.workspace import StudioWorkspace

__all__ = ["Retry", "StudioWorkspace"]
