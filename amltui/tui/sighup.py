"""Ending with the terminal.

A dropped connection usually sends SIGHUP, which ends us. Where it does not (no controlling
terminal, a wrapper that ignores it), the driver would read the end of its input for ever and keep
a processor busy. Nothing is lost: transfers are journalled, the embedded server sees its input end.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading


def end_with_terminal() -> None:
    """Watch standard input from now on, and end as by SIGHUP when its other side is gone."""
    assert sys.__stdin__ is not None
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup` is for programs without a screen
    watching = select.poll()
    watching.register(sys.__stdin__.fileno(), 0)  # hang-ups and errors only

    def watch() -> None:
        watching.poll()
        os.kill(os.getpid(), signal.SIGHUP)

    threading.Thread(target=watch, name="hang-up", daemon=True).start()
