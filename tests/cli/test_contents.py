"""Moving contents by command, against a real server."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess

import pytest

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
        assert cat.communicate(timeout=30)[0] == CSV
    assert pipe.is_fifo()


def test_a_file_that_is_there_is_only_replaced_when_told(amltui, dataset):
    (amltui.home / "mine.csv").write_text("mine")
    refused = amltui("get", dataset, "-o", "mine.csv")
    assert refused.code == 5
    assert "--force" in refused.err
    assert (amltui.home / "mine.csv").read_text() == "mine"
    assert amltui("get", dataset, "-o", "mine.csv", "--force").code == 0
    assert (amltui.home / "mine.csv").read_bytes() == CSV


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


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["put", "missing.csv"], 3, "There is no file missing.csv"),
        (["put", "."], 2, "is a directory"),
        (["put", "loop.csv"], 1, "Cannot read loop.csv"),
        (["put", "ok.csv", "--type", "genericcsv"], 2, "Did you mean GenericCSV?"),
        (["put", "ok.csv", "--type", " "], 2, "There are: "),
        (["put", "ok.csv", "--name", " "], 2, "needs a name"),
        (["put", "ok.csv", "--name", "a:b"], 2, ""),
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
