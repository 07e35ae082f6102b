"""Drive an installed amltui through a day's work in a real terminal, as drive.py does.

    python story.py PATH_OF_AMLTUI DIRECTORY

What drive.py leaves out: questions, conflicts and what is taken back, a content of 1 GB, and a
server that goes, comes back, and ends a token.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from drive import WAIT_SECONDS, Terminal, wait_for_file

SIZE = {"width": 80, "height": 24}
ROWS = "id,name,price\n" + "".join(f"{n},item {n},{n}.50\n" for n in range(2_000))


@contextmanager
def running(directory: Path, command: str):
    """A program in a terminal; at the end it must have left with status 0."""
    status = directory / "status"
    status.unlink(missing_ok=True)
    ended = f"{command}; echo $? > {status}.new; mv {status}.new {status}; sleep 1000"
    terminal = Terminal(directory, ended, **SIZE)
    try:
        yield terminal
        wait_for_file(status, what="the program leaves")
        if status.read_text().strip() != "0":
            raise SystemExit(f"STATUS {status.read_text()}")
    finally:
        terminal.close()


def at_the_rows(terminal: Terminal) -> None:
    """Questions about the rows of a sample."""
    terminal.wait_for("Adult Census", what="first run: a list without being asked anything")
    terminal.wait_for("complete", what="and the rows of its first dataset")
    terminal.keys("j")
    terminal.wait_for("Lansdowne Airport", what="browse: the next dataset's rows")
    terminal.keys("/")
    terminal.type("iri")
    terminal.wait_for("/iri 1 of", what="filter: the list has what was typed")
    terminal.keys("Enter")
    terminal.wait_for("sepal", what="and its rows are there")
    terminal.keys("Escape")
    terminal.wait_until_gone("/iri", what="escape takes the filter away")
    terminal.keys("Enter")
    terminal.wait_for("row 1 · col 1", what="enter goes to the rows")
    terminal.keys("]")
    terminal.wait_for("▼", what="sort: the header says by what")
    terminal.keys("Escape")
    terminal.wait_until_gone("▼", what="escape takes it back")
    terminal.keys("/")
    terminal.type("virginica")
    terminal.keys("Enter")
    terminal.wait_for("row 101 · col", what="find: the cursor is at the first virginica")
    terminal.keys("y")
    terminal.wait_for("enter choose", what="y offers what can be copied")
    terminal.keys("c")
    terminal.wait_for("Sent the cell", what="copy: what was sent is said")
    if (copied := terminal.copied()) != "virginica":
        raise SystemExit(f"COPIED {copied!r}")
    print("ok: it is in the clipboard of the terminal", flush=True)
    terminal.keys("1")


def take_back(terminal: Terminal, directory: Path) -> None:
    """An upload, a name that is taken, and a new name that is taken back."""
    (directory / "prices.csv").write_text(ROWS)
    terminal.keys("u")
    terminal.wait_for("Upload a file", what="u asks for a file")
    terminal.type("prices.csv")
    terminal.keys("Enter")
    terminal.wait_for("guessed", what="it says what it takes it for")
    terminal.keys("C-s")
    terminal.wait_for(r"prices\.csv\s+\d\dK", what="upload: it is in the list")
    terminal.keys("u")
    terminal.wait_for("Upload a file", what="u again")
    terminal.type("prices.csv")
    terminal.keys("Enter")
    terminal.wait_for("is there already", what="conflict: said before it is sent")
    terminal.keys("Escape")
    terminal.wait_until_gone("Upload a file", what="escape leaves")
    terminal.keys("/")
    terminal.type("prices")
    terminal.keys("Enter")
    terminal.wait_for("item 3", what="its rows")
    terminal.keys("r")
    terminal.wait_for("Rename", what="r asks for a name")
    terminal.type("prices of today")
    terminal.keys("Enter")
    terminal.wait_for(r"prices of tod\S*\s+\d\dK", what="rename: the list has it")
    terminal.keys("z")
    terminal.wait_for(r"prices\.csv\s+\d\dK", what="undo: the old name is back")


def new_contents(terminal: Terminal, directory: Path) -> None:
    """New contents for a dataset: what they change, what they changed, and back again."""
    (directory / "newer.csv").write_text(ROWS.replace("\n7,item 7,7.50", "\n7,item 7,8.00"))
    terminal.keys("U")
    terminal.wait_for("New contents", what="U asks for a file")
    terminal.type("newer.csv")
    terminal.keys("Enter")
    terminal.wait_for(r"file\s+newer\.csv", what="it takes it")
    terminal.keys("C-s")
    terminal.wait_for("What changes|changed", what="update: what changes is shown first")
    terminal.keys("C-s")
    terminal.wait_for("8.00", what="and the new rows after")
    terminal.keys("V")
    terminal.wait_for("Versions of", what="V lists two")
    terminal.keys("j", "c")
    terminal.wait_for("changed 1|1 changed", what="compare: one row is another")
    terminal.keys("Escape")
    terminal.wait_for("7.50 → 8.00", what="and is shown as old and new")
    terminal.keys("Escape")
    # A key that comes at once behind escape would be one with Alt.
    terminal.wait_until_gone("7.50 → 8.00", what="escape leaves them")
    terminal.keys("V")
    terminal.wait_for("Versions of", what="V again")
    terminal.keys("j", "r")
    terminal.wait_for("is the latest again", what="restore: the older one is the latest")
    terminal.wait_for(r"item 7 +7\.50", what="and its rows are shown")
    terminal.keys("2", "E")
    terminal.wait_for("Export what is seen", what="E asks where to")
    terminal.keys("Enter")
    terminal.wait_for("Wrote 2,000 rows", what="export: a file is written")
    if (directory / "prices-export.csv").read_text().splitlines() != ROWS.splitlines():
        raise SystemExit("OTHER ROWS IN THE EXPORT")
    print("ok: it holds the rows that were seen", flush=True)


def large_file(directory: Path) -> int:
    """Write a CSV of 1 GB; its rows."""
    lines = (f"{n:06},{n * 7919 % 100_003:06},a name of some length\n" for n in range(100_000))
    block, count = "".join(lines), 0
    with (directory / "large.csv").open("w") as file:
        file.write("id,visitor,name\n")
        while file.tell() < 1_000_000_000:
            file.write(block)
            count += 100_000
    return count


def at_the_large_file(program: str, directory: Path) -> None:
    count = large_file(directory)
    with running(directory, f"{program} open large.csv") as terminal:
        terminal.wait_for("enter shows the first rows", what="1 GB: fetched when it is asked for")
        terminal.keys("Enter")
        terminal.wait_for("a name of some", what="its first rows")
        terminal.wait_for(f"{count:,} rows", what="all its rows are counted")
        terminal.keys("G")
        terminal.wait_for(f"row {count:,} ", what="and the last is shown")
        terminal.keys("q")


class Team:
    """A server of one's own, which can be killed and started again at its address."""

    def __init__(self, program: str, directory: Path) -> None:
        self.program = program
        self.data = directory / "served"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.start()
        self.workspace = json.loads((self.data / "settings.json").read_text())["workspace"]["id"]

    def start(self) -> None:
        with (self.data.parent / "serve.log").open("ab") as log:
            command = [self.program, "serve", "--data", str(self.data), "--port", str(self.port)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                if time.monotonic() > deadline:
                    raise SystemExit("THE SERVER DOES NOT LISTEN") from None
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def token(self, *arguments: str) -> str:
        command = [self.program, "token", *arguments, "--data", str(self.data), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["token"] if done.stdout else ""


def sign_in(terminal: Terminal, token: str, *, what: str) -> None:
    terminal.keys("S")
    terminal.wait_for("Sign in", what="S asks for a token")
    terminal.type(token)
    if token in terminal.screen():
        raise SystemExit("THE TOKEN IS ON THE SCREEN")
    terminal.keys("Enter")
    terminal.wait_for("● online", what=what)


def with_a_team(program: str, directory: Path) -> None:
    """A server that goes, comes back and ends a token; a transfer over two programs."""
    team = Team(program, directory)
    try:
        os.environ["AMLTUI_ENDPOINT"] = f"http://127.0.0.1:{team.port}"
        os.environ["AMLTUI_WORKSPACE_ID"] = team.workspace
        os.environ["AMLTUI_TOKEN"] = "0" * 32
        first = team.token("create", "person", "--role", "owner")
        with running(directory, program) as terminal:
            terminal.wait_for("not signed in", what="a wrong token is said in the header")
            sign_in(terminal, first, what="sign in: the workspace answers")
            terminal.wait_for("Adult Census", what="with its list")
            team.kill()
            terminal.keys("R")
            terminal.wait_for("○ offline", what="lose the server: the header says it")
            terminal.wait_for("Adult Census", what="offline: the list is still there")
            team.start()
            terminal.wait_for("● online", what="come back: nobody pressed a key")
            team.token("revoke", "person")
            terminal.keys("R")
            terminal.wait_for("not signed in", what="token revoked: the header says it")
            second = team.token("create", "person again", "--role", "owner")
            sign_in(terminal, second, what="and another one is taken")
            terminal.keys("u")
            terminal.wait_for("Upload a file", what="u asks for a file")
            terminal.type("large.csv")
            terminal.keys("Enter")
            terminal.wait_for("guessed", what="it says what it takes it for")
            terminal.keys("C-s")
            terminal.wait_for("large.csv ←|large.csv +[0-9]+%", what="1 GB is on its way")
            terminal.keys("q")
            terminal.wait_for("Transfers are running", what="quit in a transfer: it asks")
            terminal.keys("y")
        os.environ["AMLTUI_TOKEN"] = second
        with running(directory, program) as terminal:
            terminal.wait_for("from an earlier run", what="resume: the next program goes on")
            terminal.wait_for(r"100%|large\.csv\s+9\d\dM", what="to its end")
            terminal.wait_for(r"large\.csv\s+9\d\dM", what="until it is in the list")
            terminal.keys("q")
        sizes = subprocess.run(
            [program, "show", "large.csv", "--json"], capture_output=True, text=True, check=True
        )
        if (directory / "large.csv").stat().st_size != json.loads(sizes.stdout)["size"]:
            raise SystemExit(f"ANOTHER SIZE: {sizes.stdout}")
        print("ok: whole", flush=True)
    finally:
        team.kill()


def main(program: str, directory: Path) -> None:
    for name in ("CONFIG", "CACHE", "DATA"):
        os.environ[f"AMLTUI_{name}_DIR"] = str(directory / name.lower())
    os.environ["SHELL"] = "/bin/sh"
    with running(directory, program) as terminal:
        at_the_rows(terminal)
        take_back(terminal, directory)
        new_contents(terminal, directory)
        terminal.keys("q")
    at_the_large_file(program, directory)
    with_a_team(program, directory)
    (directory / "large.csv").unlink()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
