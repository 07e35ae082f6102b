"""`amltui profile add` on a real terminal, by a person who pastes, mistypes and gives up."""

from __future__ import annotations

import json

import pytest

from tests.cli.terminal import Terminal

STUDIO = """from azureml import Workspace

ws = Workspace(
    workspace_id='{0.workspace_id}',
    authorization_token='{0.token}',
    endpoint='{0.endpoint}'
)
ds = ws.datasets['Iris']
frame = ds.to_dataframe()
"""
PASTE = b"Paste Studio's"
ENDPOINT, WORKSPACE, TOKEN = b"Endpoint [", b"Workspace id: ", b"Token (not shown): "


@pytest.fixture
def add(alone):
    """Starts the questions."""

    def start(*arguments: str) -> Terminal:
        return Terminal(alone, "profile", "add", "team", *arguments)

    return start


def kept(alone) -> list[str]:
    """All that lies in the settings directory."""
    return sorted(path.name for path in (alone.home / "config").rglob("*"))


def test_what_studio_showed_is_pasted_as_a_whole_and_never_seen(alone, shared_server, add):
    terminal = add()
    terminal.wait_for(PASTE)
    assert not terminal.echo
    terminal.type(STUDIO.format(shared_server).encode())
    terminal.wait_for(b"Added profile")
    terminal.end()
    assert terminal.process.returncode == 0
    assert terminal.echoes
    for piece in (shared_server.token[:8], "azureml", "to_dataframe", "Endpoint ["):
        assert piece.encode() not in terminal.seen
    (made,) = alone("profile", "list", "--json").json
    assert (made["endpoint"], made["token"]) == (shared_server.endpoint, "file")
    assert "Iris" in alone("ls", "--profile", "team").out


def test_each_answer_is_asked_for_again_until_it_makes_sense(alone, shared_server, add):
    terminal = add()
    terminal.wait_for(PASTE)
    terminal.type(b"nonsense\n")
    terminal.wait_for(b"No connection was recognised")
    terminal.wait_for(ENDPOINT)
    terminal.type(b"studio.example.org\n")
    terminal.wait_for(b"is no http or https address")
    terminal.wait_for(ENDPOINT)
    terminal.type(f"{shared_server.endpoint}\n".encode())
    terminal.wait_for(WORKSPACE)
    terminal.type(b"\n")
    terminal.wait_for(b"The workspace id from the answer is not one")
    terminal.wait_for(WORKSPACE)
    terminal.type(f"{shared_server.workspace_id}\n".encode())
    terminal.wait_for(TOKEN)
    assert not terminal.echo
    terminal.type(b"two words\n")
    terminal.wait_for(b"Copy it again, as one word.")
    terminal.wait_for(TOKEN)
    terminal.type(f"{shared_server.token}\n".encode())
    terminal.end()
    assert terminal.process.returncode == 0
    assert terminal.echoes
    assert shared_server.token.encode() not in terminal.seen
    assert b"two words" not in terminal.seen
    assert alone("profile", "test", "team").code == 0


@pytest.mark.parametrize("name", ["settings.json", "settings.ini"])
def test_the_old_clients_settings_are_offered(alone, shared_server, add, name):
    path = alone.home / ".azureml" / name
    path.parent.mkdir()
    values = {
        "id": shared_server.workspace_id,
        "authorization_token": shared_server.token,
        "endpoint": shared_server.endpoint,
    }
    if name == "settings.json":
        path.write_text(json.dumps({"workspace": values}))
    else:
        path.write_text("\n".join(["[workspace]", *(f"{k}={v}" for k, v in values.items())]))
    terminal = add("--use")
    terminal.wait_for(f"Take the connection from {path}?".encode())
    terminal.type(b"yes\n")
    terminal.end()
    assert terminal.process.returncode == 0
    assert shared_server.token.encode() not in terminal.seen
    assert alone("profile", "test", "--json").json["profile"] == "team"


@pytest.mark.parametrize(
    ("key", "code", "said"), [(b"\x03", 130, b""), (b"\x04", 2, b"No answer to: ")]
)
@pytest.mark.parametrize("question", [PASTE, ENDPOINT, TOKEN])
def test_giving_up_keeps_nothing_and_shows_what_is_typed_again(
    alone, add, question, key, code, said
):
    terminal = add()
    terminal.wait_for(PASTE)
    if question != PASTE:
        terminal.type(b"\n")
        terminal.wait_for(ENDPOINT)
    if question == TOKEN:
        terminal.type(b"\n")
        terminal.wait_for(WORKSPACE)
        terminal.type(b"0123\n")
        terminal.wait_for(TOKEN)
    terminal.type(key)
    terminal.end()
    assert terminal.process.returncode == code
    assert terminal.echoes
    assert said in terminal.seen
    assert b"Traceback" not in terminal.seen
    assert kept(alone) == []


@pytest.mark.parametrize(("answer", "code"), [(b"no\n", 6), (b"\n", 6), (b"yes\n", 0)])
def test_a_connection_that_does_not_answer_is_kept_only_on_request(alone, add, answer, code):
    terminal = add()
    terminal.wait_for(PASTE)
    terminal.type(b"Workspace('0123', 'planted-secret', 'http://127.0.0.1:9/')\n")
    terminal.wait_for(b"no answer from 127.0.0.1:9")
    terminal.wait_for(b"Keep the profile all the same? (yes/no) [no]: ")
    terminal.type(answer)
    terminal.end()
    assert terminal.process.returncode == code
    assert b"planted" not in terminal.seen
    assert kept(alone) == ([] if code else ["config.toml", "credentials.toml"])


def test_a_token_that_standard_input_is_to_give_is_not_shown_on_a_terminal(
    alone, shared_server, add
):
    terminal = add(
        "--endpoint", shared_server.endpoint, "--workspace-id", shared_server.workspace_id,
        "--token-stdin",
    )  # fmt: skip
    terminal.wait_for(TOKEN)
    terminal.type(f"{shared_server.token}\n".encode())
    terminal.end()
    assert terminal.process.returncode == 0
    assert shared_server.token.encode() not in terminal.seen


def test_ctrl_c_at_the_question_before_a_deletion_is_heard_at_once(amltui):
    assert amltui("put", "-", "--name", "asked.csv", data="a\n1\n").code == 0
    for key, code in ((b"\x03", 130), (b"no\n", 130), (b"yes\n", 0)):
        terminal = Terminal(amltui, "rm", "asked.csv")
        terminal.wait_for(b"cannot be undone. Go on?")
        terminal.type(key)
        terminal.end()
        assert terminal.process.returncode == code
        assert amltui("show", "asked.csv").code == (0 if code else 3)
