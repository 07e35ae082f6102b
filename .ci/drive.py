"""Drive an installed amltui in a real terminal (tmux), as a person would, and judge what it shows.

    python drive.py PATH_OF_AMLTUI DIRECTORY

Standard library only: the environment under test holds the wheel and nothing else. Every wait
is for something to appear, never for a time to pass; a wait that fails prints the last screen.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

CENSUS = "Adult Census Income Binary Classification dataset"
CENSUS_SHA256 = "98edf83632b276e7d7ac9a2e7df5a0aceadaec6fee529756c3f72b79373dd6cd"
WAIT_SECONDS = 60
_numbers = itertools.count(1)


class Terminal:
    """One tmux server of our own with one window."""

    def __init__(self, directory: Path, command: str, *, width: int, height: int) -> None:
        # Of its own: the server of the terminal before may be ending still.
        self.socket = str(directory / f"tmux-{next(_numbers)}.sock")
        subprocess.run(
            [
                *("tmux", "-S", self.socket, "-f", "/dev/null", "new-session", "-d"),
                *("-x", str(width), "-y", str(height), command),
                *(";", "set-option", "-s", "set-clipboard", "on"),
            ],
            check=True,
            cwd=directory,
        )

    def screen(self) -> str:
        done = subprocess.run(
            ["tmux", "-S", self.socket, "capture-pane", "-p"],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    def keys(self, *names: str) -> None:
        subprocess.run(["tmux", "-S", self.socket, "send-keys", *names], check=True)

    def type(self, text: str) -> None:
        subprocess.run(["tmux", "-S", self.socket, "send-keys", "-l", text], check=True)

    def resize(self, width: int, height: int) -> None:
        command = ["tmux", "-S", self.socket, "resize-window", "-x", str(width), "-y", str(height)]
        subprocess.run(command, check=True)

    def copied(self) -> str:
        """What the program gave the terminal for its clipboard, last."""
        done = subprocess.run(
            ["tmux", "-S", self.socket, "show-buffer"], capture_output=True, text=True, check=True
        )
        return done.stdout

    def wait_for(self, pattern: str, *, what: str) -> str:
        """The screen once `pattern` is on it."""
        return self._wait(lambda text: re.search(pattern, text) is not None, what)

    def wait_until_gone(self, pattern: str, *, what: str) -> str:
        return self._wait(lambda text: re.search(pattern, text) is None, what)

    def press_until(self, key: str, pattern: str, *, what: str) -> None:
        """Press a key again and again: one typed during a resize may reach the old screen."""
        deadline = time.monotonic() + WAIT_SECONDS
        while re.search(pattern, self.screen()) is None and time.monotonic() < deadline:
            self.keys(key)
            patience = time.monotonic() + 5
            while re.search(pattern, self.screen()) is None and time.monotonic() < patience:
                time.sleep(0.02)
        self.wait_for(pattern, what=what)

    def _wait(self, holds, what: str) -> str:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            text = self.screen()
            if holds(text):
                print(f"ok: {what}", flush=True)
                return text
            if time.monotonic() > deadline:
                print(text)
                raise SystemExit(f"NOT SEEN within {WAIT_SECONDS} s: {what}")
            time.sleep(0.02)

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False)


def wait_for_file(path: Path, *, what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not path.exists():
        if time.monotonic() > deadline:
            raise SystemExit(f"NO FILE within {WAIT_SECONDS} s: {what}")
        time.sleep(0.02)
    print(f"ok: {what}", flush=True)


def download(terminal: Terminal, directory: Path) -> None:
    terminal.keys("d")
    saved = directory / f"{CENSUS}.csv"
    wait_for_file(saved, what="d leaves a file")
    digest = hashlib.sha256(saved.read_bytes()).hexdigest()
    if digest != CENSUS_SHA256:
        raise SystemExit(f"WRONG BYTES: {digest}")
    print("ok: it is byte-equal to the sample", flush=True)

    shutil.copy(saved, directory / "census.csv")


def upload_and_rename(terminal: Terminal) -> None:
    terminal.keys("u")
    terminal.wait_for("Upload a file", what="u asks for a file")
    terminal.type("census.csv")
    terminal.wait_for(r"file\s+census\.csv", what="it takes a typed path")
    terminal.keys("Enter")
    terminal.wait_for(r"name\s+census\.csv", what="it offers the file's name")
    terminal.type("my census")
    terminal.wait_for(r"name\s+my census", what="it takes another name")
    terminal.keys("C-s")
    terminal.wait_for(r"my census\s+3\.8M", what="the new dataset is in the list")

    terminal.keys("r")
    terminal.wait_for(r"Rename [^\n]*\n[^\n]*my census", what="r asks for a name")
    terminal.type("people of 1994")  # over the old name, which is selected
    terminal.wait_for("┃ people of 1994 +┃", what="it takes the name")
    terminal.keys("Enter")
    terminal.wait_for(r"people of 1994\s+3\.8M", what="the list has the new name")


def main(program: str, directory: Path) -> None:
    for name in ("CONFIG", "CACHE", "DATA"):
        os.environ[f"AMLTUI_{name}_DIR"] = str(directory / name.lower())
    os.environ["SHELL"] = "/bin/sh"
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    print(version.stdout.strip(), flush=True)
    status = directory / "status"
    command = f"{program}; echo $? > {status}.new; mv {status}.new {status}; sleep 1000"
    began = time.monotonic()
    terminal = Terminal(directory, command, width=120, height=40)
    try:
        terminal.wait_for("Adult Census Inc", what="the list appears")
        print(f"    {time.monotonic() - began:.2f} s after the start", flush=True)
        terminal.wait_for(r"39\s+State-gov\s+77516", what="the census shows its first row")
        terminal.wait_for("32,561 rows", what="and then all its rows")

        download(terminal, directory)
        upload_and_rename(terminal)
        terminal.resize(40, 10)
        terminal.wait_until_gone("Datasets", what="a terminal of 40x10 shows a message")
        terminal.resize(80, 24)
        terminal.wait_for(r"people of 1994", what="and recovers at 80x24")
        terminal.press_until("?", "zoom the pane", what="? shows the keys")
        terminal.keys("Escape")
        terminal.wait_until_gone("zoom the pane", what="escape closes them")
        terminal.keys("q")
        wait_for_file(status, what="q leaves")
        code = status.read_text().strip()
        if code != "0":
            raise SystemExit(f"STATUS {code} INSTEAD OF 0")
        print("ok: with status 0", flush=True)
    finally:
        terminal.close()
    listed = subprocess.run([program, "ls"], capture_output=True, text=True, check=True).stdout
    if "people of 1994" not in listed:
        raise SystemExit(f"NOT LISTED:\n{listed}")
    print("ok: the command line lists it", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
