"""Experiments, their outputs, the cache and unfinished transfers, by command."""

from __future__ import annotations

import signal
import subprocess
from datetime import UTC, datetime

import pytest

from amltui.cache import Cache
from amltui.transfers.journal import Journal
from amltui.transfers.records import UploadRecord, UploadRequest

CSV = "a,b\n1,2\n"


@pytest.fixture
def published(amltui):
    """An experiment with one output."""
    assert amltui("publish", "nightly", "clean", "Results", "-", data=CSV).code == 0
    return "nightly"


def test_an_output_is_given_listed_and_fetched(amltui, published):
    found = {one["description"]: one for one in amltui("experiments", "--json").json}
    assert found["nightly"]["is_example"] is False
    (port,) = amltui("outputs", "nightly", "--json").json
    assert (port["node_id"], port["port"], port["data_type_id"]) == (
        "clean",
        "Results",
        "GenericCSV",
    )
    assert amltui("output", "nightly", "clean", "Results", "-o", "-").out == CSV
    assert amltui("output", "nightly", "clean", "Results").out == "Results.csv\n"
    assert (amltui.home / "Results.csv").read_text() == CSV
    by_id = found["nightly"]["id"]
    assert amltui("output", by_id, "clean", "Results", "-o", "x", "--type", "PlainText").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["outputs", "nightli"], 3, 'Did you mean "nightly"?'),
        (["output", "nightly", "claen", "Results"], 3, 'Did you mean "clean"?'),
        (["output", "nightly", "clean", "Result"], 3, '"Results"'),
        (["outputs", ""], 2, "name is needed"),
        (["publish", "a new one", "n", "p", "f.csv"], 2, "cannot be named"),
        (["publish", "nightly", "n", "p", "missing"], 3, "There is no file"),
    ],
)
def test_wrong_names_of_experiments_end_with_their_code(amltui, published, arguments, code, said):
    (amltui.home / "f.csv").write_text(CSV)
    done = amltui(*arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_the_cache_is_listed_verified_and_cleared(amltui):
    assert amltui("get", "Iris").code == 0
    (entry,) = amltui("cache", "list", "--json").json
    assert (entry["name"], entry["whole"]) == ("Iris", True)
    info = amltui("cache", "info", "--json").json
    assert (info["entries"], info["directory"]) == (1, str(amltui.home / "cache"))
    assert amltui("cache", "verify").code == 0
    raw = next((amltui.home / "cache").rglob("raw"))
    raw.write_bytes(raw.read_bytes()[:-1] + b"!")
    damaged = amltui("cache", "verify")
    assert (damaged.code, damaged.out) == (7, "Iris\n")
    assert amltui("cache", "prune", "--days", "0").code == 0
    assert amltui("cache", "clear").code == 0
    assert amltui("cache", "info", "--json").json["entries"] == 0


def test_an_upload_that_another_process_left_is_listed_finished_and_dropped(amltui):
    key = f"{amltui.environment['AMLTUI_ENDPOINT']}{amltui.environment['AMLTUI_WORKSPACE_ID']}"
    source = amltui.home / "late.csv"
    source.write_text(CSV)
    plan = UploadRequest(path=str(source), data_type_id="GenericCSV", size=len(CSV))
    record = UploadRecord("0123456789ab", key, "late.csv", datetime.now(UTC), request=plan)
    with Cache(amltui.home / "cache") as cache:
        Journal(cache.journals).add(record).close()
    (listed,) = amltui("transfers", "--json").json
    assert (listed["kind"], listed["name"], listed["path"]) == ("upload", "late.csv", str(source))
    assert amltui("transfers", "resume").code == 0
    assert amltui("get", "late.csv", "-o", "-").out == CSV
    assert amltui("transfers", "--json").json == []
    with Cache(amltui.home / "cache") as cache:
        Journal(cache.journals).add(record).close()
    assert amltui("transfers", "clear").code == 0
    assert amltui("transfers").out == ""


def test_ctrl_c_during_an_upload_ends_with_130_and_makes_no_dataset(amltui):
    with amltui.start(
        "put", "-", "--name", "never.csv", stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write(b"a" * 200_000)  # more than a pipe holds: the command reads by now
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert b"Traceback" not in process.stderr.read()
    assert amltui("show", "never.csv").code == 3
