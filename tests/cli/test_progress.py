"""What is told of transfers where no line can be drawn over."""

from __future__ import annotations

from dataclasses import replace

from amltui.cli.output import Out
from amltui.cli.progress import Progress
from amltui.errors import Unreachable
from amltui.transfers import State, Transfer


def test_that_a_network_is_away_is_told_once_until_bytes_came(capfd):
    away = Transfer("1", "upload", "a", State.WAITING_NETWORK, error=Unreachable("No answer."))
    progress = Progress(Out())

    def told():
        return capfd.readouterr().err.count("waiting to go on")

    progress.show([away])
    assert told() == 1
    for _ in range(3):
        progress.show([replace(away, state=State.RUNNING)])
        progress.show([away])
    assert told() == 0
    progress.show([replace(away, state=State.RUNNING, done=5)])
    progress.show([replace(away, done=5)])
    assert told() == 1
