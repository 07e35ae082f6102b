"""Each exit code, one by one, by commands against a real server."""

from __future__ import annotations

import pytest

from tests.support.server import running_server


def test_0_is_done(amltui):
    assert amltui("show", "Iris").code == 0


def test_1_is_a_failure_of_this_machine(amltui):
    (amltui.home / "loop").symlink_to("loop")
    assert amltui("put", "loop").code == 1


def test_1_is_what_standard_output_cannot_take(amltui):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        process = amltui.start("ls", stdout=full, stderr=-1)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"No space left" in err
    assert b"Traceback" not in err


def test_2_is_a_wrong_command_or_setting(amltui):
    assert amltui("ls", "--nonsense").code == 2
    assert amltui("ls", "--profile", "nobody").code == 2


def test_3_is_not_found(amltui):
    assert amltui("show", "nobody").code == 3
    done = amltui("put", "~no-such-user/x.csv")  # only a name, as a shell has it
    assert done.code == 3
    assert "There is no file ~no-such-user/x.csv" in done.err


def test_4_is_not_authorised(amltui):
    amltui.environment["AMLTUI_TOKEN"] = "0" * 32
    done = amltui("ls")
    assert (done.code, done.out) == (4, "")
    assert "0" * 32 not in done.err
    assert amltui("get", "Iris").code == 4


def test_4_is_a_reader_who_writes(amltui, shared_server, alone):
    made = alone("token", "create", "exit codes", "--data", shared_server.data)
    amltui.environment["AMLTUI_TOKEN"] = made.out.strip()
    (amltui.home / "f.csv").write_text("a\n")
    assert amltui("ls").code == 0
    assert amltui("put", "f.csv").code == 4
    assert amltui("transfers", "--json").json == []


def test_5_is_a_conflict(amltui):
    (amltui.home / "f.csv").write_text("a\n")
    assert amltui("put", "f.csv", "--name", "Iris").code == 5
    assert amltui("get", "Iris", "-o", "f.csv").code == 5


@pytest.mark.parametrize("command", [["ls"], ["get", "Iris"], ["experiments"], ["head", "Iris"]])
def test_6_is_no_answer(alone, command):
    alone.environment |= {
        "AMLTUI_ENDPOINT": "http://127.0.0.1:9/",
        "AMLTUI_WORKSPACE_ID": "0" * 32,
        "AMLTUI_TOKEN": "planted-secret",
    }
    done = alone(*command)
    assert (done.code, done.out) == (6, "")
    assert "127.0.0.1:9" in done.err
    assert "planted-secret" not in done.err


def test_6_is_offline_without_a_copy(amltui):
    assert amltui("ls", "--offline").code == 6
    assert amltui("ls").code == 0
    done = amltui("ls", "--offline")
    assert (done.code, "Iris" in done.out) == (0, True)
    assert "from this disk" in done.err


def test_7_is_damaged_data(alone, tmp_path):
    with running_server(tmp_path / "damaged", samples=False) as server:
        alone.use(server)
        assert alone("put", "-", "--name", "d.csv", data="a,b\n1,2\n" * 1000).code == 0
        stored = [
            path
            for path in server.data.rglob("*")
            if path.is_file() and path.stat().st_size == 8000 and path.suffix == ""
        ]
        assert stored
        for path in stored:
            path.chmod(0o600)
            path.write_bytes(path.read_bytes()[:-1] + b"!")
        done = alone("get", "d.csv", "-o", "d.csv")
        assert (done.code, done.out) == (7, "")
        assert not (alone.home / "d.csv").exists()


def test_7_is_a_type_that_has_no_rows(amltui):
    assert amltui("put", "-", "--name", "rows.zip", data="PK").code == 0
    assert amltui("stats", "rows.zip").code == 7


def test_the_embedded_workspace_needs_nothing(alone):
    done = alone("put", "-", "--name", "mine.csv", data="a\n1\n")
    assert done.code == 0, done.err
    assert "mine.csv" in alone("ls", "--mine").out
