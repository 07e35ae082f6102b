"""Run the everyday commands of an installed amltui on its embedded workspace and judge them.

    python commands.py PATH_OF_AMLTUI DIRECTORY

Standard library only, as the environment under test holds nothing but the package and what it
depends on.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

IRIS_SHA256 = "a33ba0fe64a58b96fe9b8433f5dbcbc4711b8fb1468239aa14d2511d24e91ea2"


def main(program: str, directory: Path) -> None:
    for name in ("CONFIG", "CACHE", "DATA"):
        os.environ[f"AMLTUI_{name}_DIR"] = str(directory / name.lower())

    def run(*arguments: str) -> str:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0 or "Traceback" in done.stderr:
            raise SystemExit(f"FAILED: {arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
        print(f"ok: {' '.join(arguments)}", flush=True)
        return done.stdout

    def expect(text: str, answer: str) -> None:
        if text not in answer:
            raise SystemExit(f"NOT IN THE ANSWER: {text!r}\n{answer}")

    saved = directory / "iris.csv"
    expect("Iris", run("ls"))
    expect("5.1\t3.5\t1.4\t0.2\tsetosa", run("head", "Iris"))
    expect("sepal_length", run("stats", "Iris"))
    expect("150", run("sql", "Iris", "select count(*) from data"))
    run("get", "Iris", "-o", str(saved))
    if hashlib.sha256(saved.read_bytes()).hexdigest() != IRIS_SHA256:
        raise SystemExit("WRONG BYTES: iris.csv")
    run("put", str(saved), "--name", "iris again")
    expect("iris again", run("ls"))
    run("show", "iris again", "--json")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
