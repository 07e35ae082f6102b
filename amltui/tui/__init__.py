"""The terminal program: screens and widgets. The only room that imports Textual."""

from __future__ import annotations

import os

if os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"):
    # Textual reads these once, when it is imported: over a network each frame costs a packet.
    os.environ.setdefault("TEXTUAL_FPS", "20")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
