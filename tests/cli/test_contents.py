"""Moving contents by command, against a real server."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.support.proxy import slow_line

CSV = b"name,count\r\nlove,1\r\n\xf0\x9f\x92\xa1,007\r\n"


@pytest.fixture
def dataset(amltui, request):
    """A dataset of the test's own name with `CSV` in it."""
    name = request.node.name[:80].replace("[", "-").replace("]", "").replace("/", "_")
    (amltui.home / "file.csv").write_bytes(CSV)
    assert amltui("put", "file.csv", "--name", name).code == 0
    return name


def test_a_file_comes_back_as_it_went(amltui, dataset):
    done = amltui("get", dataset, "-o", "back.csv")
    assert (done.code, done.out) == (0, "back.csv\n")
    assert "SHA-256 verified" in done.err
    assert (amltui.home / "back.csv").read_bytes() == CSV


@pytest.mark.parametrize("command", ["get", "head", "stats"])
def test_a_content_that_the_server_has_lost_is_told_in_one_line(
    amltui, dataset, shared_server, command
):
    name = hashlib.sha256(CSV).hexdigest()
    held = shared_server.data / "contents" / name[:2] / name
    aside = held.rename(amltui.home / "aside")
    try:
        done = amltui(command, dataset)
    finally:
        aside.rename(held)
    assert (done.code, done.out) == (7, "")
    told = [line for line in done.err.splitlines() if "gone from the server's store" in line]
    assert len(told) == 1, done.err
    assert f'The contents of "{dataset}" are gone' in told[0]


def test_without_a_target_the_file_is_named_after_the_dataset(amltui, dataset):
    done = amltui("get", dataset)
    assert done.out == f"{dataset}.csv\n"
    assert (amltui.home / f"{dataset}.csv").read_bytes() == CSV


def test_a_dash_sends_the_exact_bytes_to_standard_output(amltui, dataset):
    code, out, err = amltui.bytes("get", dataset, "-o", "-")
    assert (code, out, err) == (0, CSV, b"")


def test_a_device_is_written_to_and_never_replaced(amltui, dataset):
    pipe = amltui.home / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as cat:
        assert amltui("get", dataset, "-o", pipe, "--force").code == 0
        assert cat.communicate(timeout=120)[0] == CSV
    assert pipe.is_fifo()


def test_a_file_that_is_there_is_only_replaced_when_told(amltui, dataset):
    (amltui.home / "mine.csv").write_text("mine")
    refused = amltui("get", dataset, "-o", "mine.csv")
    assert refused.code == 5
    assert "--force" in refused.err
    assert (amltui.home / "mine.csv").read_text() == "mine"
    assert amltui("get", dataset, "-o", "mine.csv", "--force").code == 0
    assert (amltui.home / "mine.csv").read_bytes() == CSV


def test_a_name_that_is_taken_by_the_very_bytes_is_said_to_be_done(amltui, dataset):
    again = amltui("put", "file.csv", "--name", dataset)
    assert again.code == 5
    assert "exactly these bytes: the upload is done" in again.err
    (amltui.home / "file.csv").write_bytes(CSV[:-2] + b"9\n")
    other = amltui("put", "file.csv", "--name", dataset)
    assert other.code == 5
    assert "these bytes" not in other.err


def test_standard_input_becomes_a_dataset_of_the_given_name(amltui):
    code, _, err = amltui.bytes("put", "-", "--name", "from stdin.csv", "--json", data=CSV)
    assert code == 0, err
    shown = amltui("show", "from stdin.csv", "--json").json
    assert (shown["size"], shown["data_type_id"]) == (len(CSV), "GenericCSV")
    assert amltui.bytes("get", "from stdin.csv", "-o", "-")[1] == CSV
    assert amltui.bytes("update", "from stdin.csv", "-", data=b"")[0] == 0
    assert amltui.bytes("get", "from stdin.csv", "-o", "-")[1] == b""


def test_standard_input_without_a_name_is_refused_before_it_is_read(amltui):
    with amltui.start("put", "-", stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.wait(60) == 2
        assert b"--name" in process.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("put", "-", "--name", "a:b"), 2, b"colons"),
        (("put", "-", "--name", "{taken}"), 5, b"exists"),
        (("put", "-", "--name", "free", "--type", "genericcsv"), 2, b"GenericCSV"),
        (("update", "not there", "-"), 3, b"not there"),
        (("update", "{taken}", "-", "--rename", "a:b"), 2, b"colons"),
    ],
    ids=["forbidden", "taken", "type", "missing", "rename"],
)
def test_what_will_be_refused_is_refused_before_a_pipe_is_read(
    amltui, dataset, arguments, code, said
):
    arguments = [one.format(taken=dataset) for one in arguments]
    pipe = subprocess.PIPE
    with amltui.start(*arguments, stdin=pipe, stderr=pipe) as process:  # which never ends
        got, err = process.wait(60), process.stderr.read()
    assert got == code, err
    assert said in err


def test_an_update_changes_what_it_names_and_keeps_the_rest(amltui, dataset):
    (amltui.home / "new.csv").write_bytes(b"a\n1\n")
    assert amltui("describe", dataset, "kept").code == 0
    after = amltui("update", dataset, "new.csv", "--json").json
    assert (after["name"], after["description"], after["size"]) == (dataset, "kept", 4)
    after = amltui("update", dataset, "new.csv", "--rename", f"{dataset} 2", "--json").json
    assert after["name"] == f"{dataset} 2"
    versions = amltui("versions", f"{dataset} 2", "--json").json
    assert [one["size"] for one in versions] == [4, 4, len(CSV)]
    _, out, _ = amltui.bytes("get", f"{dataset} 2", "-o", "-")
    assert out == b"a\n1\n"


def test_a_rename_keeps_the_contents_and_says_what_there_is_now(amltui, dataset):
    after = amltui("rename", dataset, f"{dataset}-new", "--json").json
    assert after["name"] == f"{dataset}-new"
    assert amltui.bytes("get", f"{dataset}-new", "-o", "-")[1] == CSV


def test_deleting_needs_a_yes(amltui, dataset):
    refused = amltui("rm", dataset)
    assert refused.code == 2
    assert "--yes" in refused.err
    assert amltui("rm", dataset, "--yes").code == 0
    assert amltui("show", dataset).code == 3


def test_a_larger_file_comes_back_as_it_went(amltui):
    data = os.urandom(9 << 20)
    (amltui.home / "large.bin").write_bytes(data)
    assert amltui("put", "large.bin", "--type", "Zip").code == 0
    _, out, _ = amltui.bytes("get", "large.bin", "-o", "-")
    assert hashlib.sha256(out).digest() == hashlib.sha256(data).digest()


def test_a_reader_that_closes_the_pipe_ends_the_command_quietly(amltui):
    data = b"0123456789abcde\n" * (512 << 10)
    assert amltui.bytes("put", "-", "--name", "long.txt", data=data)[0] == 0
    pipe = subprocess.PIPE
    with amltui.start("get", "long.txt", "-o", "-", stdout=pipe, stderr=pipe) as process:
        assert process.stdout.read(16) == b"0123456789abcde\n"
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


def test_ctrl_c_ends_with_130_and_leaves_no_half_file(amltui):
    """Standard output is a pipe that nobody reads, so the command is surely in the middle."""
    data = b"x" * (8 << 20)
    assert amltui.bytes("put", "-", "--name", "stuck.txt", data=data)[0] == 0
    pipe = subprocess.PIPE
    with amltui.start("get", "stuck.txt", "-o", "-", stdout=pipe, stderr=pipe) as process:
        process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(60) == 130
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize("size", [4_000, 9 << 20], ids=["small", "large"])
@pytest.mark.parametrize("cached", [True, False], ids=["cached", "not cached"])
def test_many_that_replace_one_file_at_once_all_succeed(amltui, size, cached):
    data = os.urandom(size)
    name = f"many {size} {cached}.bin"
    assert amltui.bytes("put", "-", "--name", name, data=data)[0] == 0
    for _ in range(2):
        if not cached:
            assert amltui("cache", "clear").code == 0
        with ThreadPoolExecutor() as threads:
            started = [
                threads.submit(amltui, "get", name, "-o", "s.bin", "--force") for _ in range(4)
            ]
        ended = [one.result() for one in started]
        assert [one.code for one in ended] == [0] * 4, [one.err for one in ended]
        assert (amltui.home / "s.bin").read_bytes() == data
    assert amltui("transfers", "--json").json == []
    assert [path.name for path in amltui.home.iterdir() if path.name.startswith(".s.bin")] == []


def test_of_many_that_want_one_new_file_the_others_are_a_conflict_and_leave_nothing(
    amltui, dataset
):
    with ThreadPoolExecutor() as threads:
        started = [threads.submit(amltui, "get", dataset, "-o", "one.csv") for _ in range(6)]
    codes = sorted(one.result().code for one in started)
    assert codes == [0, 5, 5, 5, 5, 5]
    assert amltui("transfers", "--json").json == []
    assert list(journal(amltui).iterdir()) == []


def test_a_directory_that_is_not_there_is_not_taken_for_a_file(amltui, dataset):
    refused = amltui("get", dataset, "-o", "newdir/")
    assert (refused.code, "There is no directory newdir/" in refused.err) == (3, True)
    assert not (amltui.home / "newdir").exists()


def test_a_link_that_is_replaced_stays_and_what_it_leads_to_is_written(amltui, dataset):
    (amltui.home / "there.csv").write_text("old")
    (amltui.home / "link.csv").symlink_to("there.csv")
    assert amltui("get", dataset, "-o", "link.csv").code == 5
    assert amltui("get", dataset, "-o", "link.csv", "--force").code == 0
    assert (amltui.home / "link.csv").readlink().name == "there.csv"
    assert (amltui.home / "there.csv").read_bytes() == CSV
    (amltui.home / "nowhere.csv").symlink_to("no/where.csv")
    refused = amltui("get", dataset, "-o", "nowhere.csv", "--force")
    assert (refused.code, "leads nowhere" in refused.err) == (1, True)


@pytest.fixture
def slowly(amltui, shared_server):
    """Starts commands on a line of 2 MB/s, and ends them when some blocks have arrived."""
    with slow_line(urlsplit(shared_server.endpoint).port, rate=2e6) as endpoint:
        amltui.environment["AMLTUI_ENDPOINT"] = endpoint

        def stopped(how, *arguments, stdin=None):
            pipe = subprocess.PIPE
            with amltui.start(*arguments, stdin=stdin, stdout=pipe, stderr=pipe) as process:
                while sum(map(size_of, journal(amltui).glob("*.log"))) < 150:  # two blocks
                    assert process.poll() is None, process.stderr.read()
                    time.sleep(0.05)  # another process's file: nothing tells of it
                how(process) if callable(how) else process.send_signal(how)
                _, err = process.communicate(timeout=60)
            return process.returncode, err.decode()

        yield stopped


def journal(commands):
    return commands.home / "cache" / "transfers"


def size_of(path):
    return path.stat().st_size


LARGE = os.urandom(8 << 20)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_an_upload_that_was_stopped_goes_on_by_the_same_command(amltui, slowly, how):
    name = f"stopped by {how.name}.bin"
    (amltui.home / "large.bin").write_bytes(LARGE)
    code, err = slowly(how, "put", "large.bin", "--name", name)
    assert code == (130 if how == signal.SIGINT else -how)
    if how == signal.SIGINT:
        assert "The same command goes on from here" in err
    assert "Traceback" not in err
    (begun,) = amltui("transfers", "--json").json
    assert begun["state"] == "paused"
    assert 0 < begun["done"] < begun["total"] == len(LARGE)
    assert amltui("put", "large.bin", "--name", name).code == 0
    assert list(journal(amltui).iterdir()) == []
    assert amltui.bytes("get", name, "-o", "-")[1] == LARGE


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_what_a_pipe_gave_is_not_left_behind(amltui, slowly, how, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    amltui.environment["TMPDIR"] = str(temporary)
    (amltui.home / "large.bin").write_bytes(LARGE)
    with (amltui.home / "large.bin").open("rb") as given:
        slowly(how, "put", "-", "--name", f"pipe {how.name}", stdin=given)
    assert list(temporary.iterdir()) == []
    kept = list(journal(amltui).glob("spool-*"))
    if how == signal.SIGINT:
        assert kept == []
    else:
        assert [path.stat().st_mode & 0o777 for path in kept] == [0o600]
    assert amltui("transfers", "clear").code == 0
    assert list(journal(amltui).iterdir()) == []


def test_what_a_pipe_gave_is_gone_on_with_by_resume(amltui, slowly):
    (amltui.home / "large.bin").write_bytes(LARGE)
    with (amltui.home / "large.bin").open("rb") as given:
        slowly(signal.SIGKILL, "put", "-", "--name", "resumed pipe", stdin=given)
    assert amltui("transfers", "resume").code == 0
    assert list(journal(amltui).iterdir()) == []
    assert amltui.bytes("get", "resumed pipe", "-o", "-")[1] == LARGE


def test_a_pipe_that_was_still_read_leaves_nothing_for_long(amltui):
    with amltui.start("put", "-", "--name", "endless", stdin=subprocess.PIPE) as process:
        process.stdin.write(LARGE)
        process.stdin.flush()
        process.kill()
    assert amltui("transfers", "clear").code == 0
    assert list(journal(amltui).iterdir()) == []


def test_an_upload_whose_token_ends_goes_on_with_a_new_one(amltui, slowly, alone, shared_server):
    """Also for what came through a pipe, which nobody could send again."""
    place = ("--data", shared_server.data)
    for number, again in enumerate((["put", "large.bin", "--name"], ["transfers", "resume"])):
        token = f"ends {number}"
        made = alone("token", "create", token, "--role", "owner", *place)
        amltui.environment["AMLTUI_TOKEN"] = made.out.strip()
        name = f"revoked {number}"
        (amltui.home / "large.bin").write_bytes(LARGE)

        def revoke(process, token=token):
            assert alone("token", "revoke", token, *place).code == 0

        with (amltui.home / "large.bin").open("rb") as given:
            what = "large.bin" if number == 0 else "-"
            code, err = slowly(revoke, "put", what, "--name", name, stdin=given)
        assert code == 4
        assert "waiting" not in err
        assert "transfers resume" in err if number else "the same command" in err
        (begun,) = amltui("transfers", "--offline", "--json").json
        assert begun["state"] == "failed"
        assert "Unauthorized" in begun["error"]
        amltui.environment["AMLTUI_TOKEN"] = shared_server.token
        assert amltui(*again, *([name] if number == 0 else [])).code == 0
        assert list(journal(amltui).iterdir()) == []
        assert amltui.bytes("get", name, "-o", "-")[1] == LARGE


def test_one_unfinished_transfer_can_be_dropped_by_its_id(amltui):
    (amltui.home / "large.bin").write_bytes(LARGE)
    offline = {"AMLTUI_ENDPOINT": "http://127.0.0.1:9/"}
    journal(amltui).mkdir(parents=True)
    now = "2026-11-01T00:00:00Z"
    for name in ("one", "two"):
        upload = {"path": "/tmp/x", "data_type_id": "Zip", "size": 9}
        key = f"http://127.0.0.1:9/{amltui.environment['AMLTUI_WORKSPACE_ID']}"
        record = {"id": name, "workspace": key, "kind": "upload", "name": name, "begun": now}
        (journal(amltui) / f"{name}.json").write_text(json.dumps(record | {"upload": upload}))
    amltui.environment |= offline
    assert amltui("transfers", "clear", "three").code == 3
    assert amltui("transfers", "clear", "two").code == 0
    assert [one["id"] for one in amltui("transfers", "--json").json] == ["one"]
    listed = amltui("transfers")
    assert listed.out.split("\t")[:6] == ["one", "upload", "one", "paused", "0", "9"]
    assert "other workspaces" not in listed.err
    elsewhere = amltui("transfers", "--at", str(amltui.home))
    assert not elsewhere.out.strip() or "one" not in elsewhere.out
    assert f"of {amltui.home} alone; 1 of other workspaces is unfinished" in elsewhere.err


def test_resuming_one_that_fails_and_one_that_runs_says_each_thing_once(amltui, shared_server):
    for name in ("fails.bin", "runs.bin"):
        (amltui.home / name).write_bytes(LARGE)
        with amltui.start("put", name, "--name", f"resumed {name}") as process:
            while not list(journal(amltui).glob("*.json")) and process.poll() is None:
                time.sleep(0.01)  # another process's file: nothing tells of it
            process.kill()
        for left in journal(amltui).glob("*.json"):
            left.rename(amltui.home / left.name)
    for left in amltui.home.glob("*.json"):
        left.rename(journal(amltui) / left.name)
    (amltui.home / "fails.bin").unlink()
    done = amltui("transfers", "resume")
    assert done.code == 1
    assert done.err.count("fails.bin") == 2  # its name, and the path that is not there
    assert "waiting" not in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["put", "missing.csv"], 3, "There is no file missing.csv"),
        (["put", "loop.csv"], 1, "Cannot read loop.csv"),
        (["put", "ok.csv", "--type", "genericcsv"], 2, "Did you mean GenericCSV?"),
        (["put", "ok.csv", "--type", " "], 2, "There are: "),
        (["put", "ok.csv", "--name", " "], 2, "needs a name"),
        (["put", "ok.csv", "--name", "a:b"], 2, "forbidden characters"),
        (["put", "ok.csv", "--name", "n" * 257], 2, "longer than 256"),
        (["update", "Iris", "ok.csv", "--rename", "a:b"], 2, "is an example"),
        (["put", "ok.csv", "--name", "Iris"], 5, ""),
        (["update", "Iris", "ok.csv"], 2, "is an example"),
        (["update", "nobody", "ok.csv"], 3, "No dataset is named"),
        (["update", "Iris", "missing.csv"], 3, "There is no file"),
        (["get", ""], 2, "name is needed"),
        (["get", "iris"], 3, 'Did you mean "Iris"?'),
        (["get", "Iris", "-o", "no/such/place.csv"], 3, "There is no directory no/such"),
        (["rename", "Iris", "Iris 2"], 2, "is an example"),
        (["rm", "Iris", "--yes"], 2, "is an example"),
        (["ls", "--mine", "--examples"], 2, "exclude each other"),
    ],
)
def test_wrong_input_is_one_clear_sentence_and_its_code(amltui, arguments, code, said):
    (amltui.home / "ok.csv").write_text("a\n1\n")
    (amltui.home / "loop.csv").symlink_to("loop.csv")
    done = amltui(*arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("amltui: ")
    assert said in done.err
    assert "Traceback" not in done.err
