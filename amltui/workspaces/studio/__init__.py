"""A Studio (classic) workspace over its REST protocol.

`workspace` is what the rest of the program sees; requests go through `workspaces.http`, `contents`
streams bytes.
"""

from amltui.workspaces.http.retries import Retry
from amltui.workspaces.studio.workspace import StudioWorkspace

__all__ = ["Retry", "StudioWorkspace"]
