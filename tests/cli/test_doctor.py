"""`amltui doctor`: what is in force, and nothing secret."""

from __future__ import annotations


def test_it_names_the_connection_its_sources_and_the_server(amltui, shared_server):
    done = amltui("doctor", "--json")
    assert done.code == 0, done.err
    document = done.json
    assert document["problems"] == []
    assert document["connection"]["sources"]["token"] == "environment AMLTUI_TOKEN"
    assert document["server"]["lacks"] == []
    assert document["server"]["latency_ms"] > 0
    assert abs(document["server"]["clock_skew_seconds"]) < 5
    assert document["paths"]["cache"]["path"] == "~/cache"
    assert shared_server.token not in done.out
    assert shared_server.workspace_id not in done.out
    assert str(amltui.home) not in done.out


def test_what_is_wrong_is_listed_and_gives_the_code(alone):
    alone.environment |= {
        "AMLTUI_ENDPOINT": "http://127.0.0.1:9/",
        "AMLTUI_WORKSPACE_ID": "0" * 32,
        "AMLTUI_TOKEN": "planted-secret",
    }
    legacy = alone.home / ".azureml"
    legacy.mkdir()
    (legacy / "settings.json").write_text("{}")
    (legacy / "settings.json").chmod(0o644)
    done = alone("doctor")
    assert done.code == 1
    assert "~/.azureml/settings.json can be read by others" in done.out
    assert "no answer from 127.0.0.1:9" in done.out
    assert "planted-secret" not in done.out + done.err


def test_offline_it_asks_nobody(alone):
    document = alone("doctor", "--offline", "--json").json
    assert "server" not in document
    assert document["connection"]["kind"] == "embedded workspace"


def test_broken_settings_are_a_finding_with_line_and_column(alone):
    (alone.home / "config").mkdir()
    (alone.home / "config" / "config.toml").write_text("[profiles.team]\nendpoint = nonsense\n")
    done = alone("doctor", "--offline")
    assert done.code == 2
    assert "line 2, column 12" in done.out
