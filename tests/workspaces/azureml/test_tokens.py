"""Each way to a token, against stand-ins on loopback for whoever gives it."""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest

from amltui import errors
from amltui.config.azure import CLOUDS, cloud_of
from amltui.redact import redacted
from amltui.workspaces import person
from amltui.workspaces.azureml import AzureMLWorkspace, tokens
from amltui.workspaces.azureml.tokens import Tokens
from amltui.workspaces.http.retries import Retry
from tests.support.azure import MANAGER, SUBSCRIPTION, certificates
from tests.workspaces.azureml.conftest import HERE

CLOUD = cloud_of(MANAGER, source="the tests")
SCOPE = CLOUD.scope


@pytest.fixture
def nobody(azure, monkeypatch, tmp_path):
    """Nobody is signed in: no secret in the environment, no Azure CLI on the path."""
    for name in ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_ID", "AZURE_TENANT_ID"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    # Where nothing listens; else the tests' own machine might have an identity.
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")
    (tmp_path / "bin").mkdir()
    return azure


async def listed(azure, **settings):
    """The names in the workspace, with whatever token there is to be had."""
    azure.add("sales", "https://example.org/x.csv")
    async with AzureMLWorkspace(HERE, CLOUD, retry=Retry(first_wait=0.01)) as workspace:
        return [one.name for one in (await workspace.datasets()).datasets]


async def test_nobody_signed_in_is_said_with_how_to(nobody):
    with pytest.raises(errors.Unauthorized, match="Nobody is signed in") as caught:
        await listed(nobody)
    assert "az login" in caught.value.hint


# The Azure CLI


@pytest.fixture
def az(nobody, tmp_path):
    """Puts an `az` on the path that writes down what it was asked; gives the file of that."""
    said = tmp_path / "az.asked"

    def make(code):
        program = tmp_path / "bin" / "az"
        program.write_text(
            f"#!{sys.executable}\nimport json, sys\n"
            f"with open({str(said)!r}, 'a') as f: f.write(json.dumps(sys.argv[1:]) + '\\n')\n{code}"
        )
        program.chmod(0o755)
        return lambda: [json.loads(line) for line in said.read_text().splitlines()]

    return make


def answers(token, **more):
    return f"print({json.dumps({'accessToken': token, **more})!r})"


async def test_the_cli_gives_its_token_for_the_subscription_of_the_workspace(az, nobody):
    token = nobody.issue(SCOPE)
    asked = az(answers(token, expires_on=int(time.time()) + 3600, tokenType="Bearer"))
    assert await listed(nobody) == ["sales"]
    assert asked() == [
        ["account", "get-access-token", "--scope", SCOPE, "--output", "json",
         "--subscription", SUBSCRIPTION],
    ]  # fmt: skip
    assert token not in redacted(f"it was {token}")


async def test_a_token_of_the_cli_is_asked_for_again_before_it_ends(az, nobody, monkeypatch):
    ends = time.strftime("%Y-%m-%d %H:%M:%S.000000", time.localtime(time.time() + 600))
    asked = az(answers(nobody.issue(SCOPE), expiresOn=ends))  # local time, as older ones write it
    given = Tokens(CLOUD)
    await given.get(SCOPE)
    await given.get(SCOPE)
    assert len(asked()) == 1
    now = time.time()
    monkeypatch.setattr("amltui.workspaces.azureml.tokens.time.time", lambda: now + 400)
    await given.get(SCOPE)
    assert len(asked()) == 2


async def test_a_subscription_that_the_cli_does_not_know_is_left_out(az, nobody):
    refuse = "if '--subscription' in sys.argv: sys.exit('ERROR: Subscription not found.')\n"
    asked = az(refuse + answers(nobody.issue(SCOPE)))
    assert await listed(nobody) == ["sales"]
    assert ["--subscription" in one for one in asked()] == [True, False]


async def test_what_the_cli_says_instead_of_a_token_is_told(az, nobody):
    az("sys.exit('ERROR: Please run az login. \\x1b[31m access_token=abcdefghijkl')")
    with pytest.raises(errors.Unauthorized, match="Please run az login") as caught:
        await listed(nobody)
    assert "\x1b" not in str(caught.value)
    assert "abcdefghijkl" not in str(caught.value)
    az("print('no JSON')")
    with pytest.raises(errors.Unauthorized, match="holds no token"):
        await listed(nobody)


TRACEBACK = "Traceback (most recent call last):\n  File x\nValueError: no such thing"


@pytest.mark.parametrize(
    ("says", "expected", "said", "hint"),
    [
        ("ERROR: Please run 'az login' to setup account.", errors.Unauthorized,
         "Please run 'az login' to setup account.", "`amltui help azureml`"),
        ("ERROR: AADSTS700082: It has expired. Trace ID: 1f2e\nPlease run:\naz login --tenant t",
         errors.Unauthorized, "AADSTS700082: It has expired.", "`az login --tenant t`"),
        ("WARNING: old\nERROR: HTTPSConnectionPool(): Max retries (NameResolutionError())",
         errors.Unreachable, "does not reach", "get-access-token"),
        (TRACEBACK, errors.Unauthorized, "ValueError: no such thing", "az login"),
        ("ERROR: " + "many words " * 100, errors.Unauthorized, "many …", "az login"),
        ("", errors.Unauthorized, "not signed in", "az login"),
    ],
)  # fmt: skip
async def test_the_cli_is_quoted_with_one_sentence_and_with_what_it_asks_for(
    az, nobody, says, expected, said, hint
):
    az(f"sys.stderr.write({says!r}); sys.exit(1)")
    with pytest.raises(expected) as caught:
        await listed(nobody)
    assert said in str(caught.value)
    assert hint in caught.value.hint
    assert len(str(caught.value)) < 300
    assert "Trace ID" not in str(caught.value)


async def test_a_cli_that_hangs_is_given_up(az, nobody, monkeypatch):
    az("import time; time.sleep(60)")
    monkeypatch.setattr(tokens, "_CLI_SECONDS", 0.3)
    with pytest.raises(errors.Unreachable, match="did not answer"):
        await listed(nobody)


# Identities of machines


@pytest.fixture
def machine():
    """A plain server on loopback; what it was asked, and what it answers to that."""

    class Machine:
        asked: list = []  # noqa: RUF012 - a new class for each test
        answer = staticmethod(lambda _: (404, {}))

    class Handler(BaseHTTPRequestHandler):
        def _serve(self):
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            one = {
                "method": self.command,
                "path": parts.path,
                "query": {k: v[0] for k, v in parse_qs(parts.query).items()},
                "form": {k: v[0] for k, v in parse_qs(body).items()},
                "headers": {k.lower(): v for k, v in self.headers.items()},
            }
            Machine.asked.append(one)
            status, answer = Machine.answer(one)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _serve  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    Machine.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield Machine
    server.shutdown()
    server.server_close()
    thread.join()


def gives(azure, **needs):
    """An answer with a token to whoever sends these headers."""

    def answer(one):
        if any(one["headers"].get(name) != value for name, value in needs.items()):
            return 403, {"error": "forbidden"}
        ends = str(int(time.time()) + 3600)
        return 200, {"access_token": azure.issue(SCOPE), "expires_on": ends}

    return answer


async def test_app_service_gives_the_token_of_its_identity(nobody, machine, monkeypatch):
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{machine.address}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "the-header-of-the-service")
    monkeypatch.setenv("AZURE_CLIENT_ID", "one-of-several")
    machine.answer = gives(nobody, **{"x-identity-header": "the-header-of-the-service"})
    assert await listed(nobody) == ["sales"]
    assert machine.asked[0]["path"] == "/msi/token"
    assert machine.asked[0]["query"] == {
        "api-version": "2019-08-01", "resource": MANAGER, "client_id": "one-of-several",
    }  # fmt: skip


async def test_a_compute_instance_gives_the_token_of_its_identity(nobody, machine, monkeypatch):
    monkeypatch.setenv("MSI_ENDPOINT", f"{machine.address}/token")
    monkeypatch.setenv("MSI_SECRET", "the-secret-of-the-compute")
    machine.answer = gives(nobody, secret="the-secret-of-the-compute")
    assert await listed(nobody) == ["sales"]
    assert machine.asked[0]["query"] == {"api-version": "2017-09-01", "resource": MANAGER}


async def test_the_cloud_shell_gives_the_token_of_its_user(nobody, machine, monkeypatch):
    monkeypatch.setenv("MSI_ENDPOINT", f"{machine.address}/oauth2/token")
    machine.answer = gives(nobody, metadata="true")
    assert await listed(nobody) == ["sales"]
    assert (machine.asked[0]["method"], machine.asked[0]["form"]) == ("POST", {"resource": MANAGER})


async def test_a_virtual_machine_gives_the_token_of_its_identity(nobody, machine, monkeypatch):
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", machine.address)
    machine.answer = gives(nobody, metadata="true")
    assert await listed(nobody) == ["sales"]
    assert machine.asked[0]["path"] == "/metadata/identity/oauth2/token"
    assert machine.asked[0]["query"] == {"api-version": "2018-02-01", "resource": MANAGER}


async def test_an_identity_that_the_machine_does_not_have_is_said(nobody, machine, monkeypatch):
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{machine.address}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "the-header-of-the-service")
    machine.answer = lambda _: (400, {"error": {"message": "No User Assigned Identity found"}})
    with pytest.raises(errors.Unauthorized) as caught:
        await listed(nobody)
    assert "AZURE_CLIENT_ID" in caught.value.hint


async def test_no_time_is_lost_where_no_machine_of_azure_answers(nobody, monkeypatch):
    monkeypatch.setattr(tokens, "_MACHINE_SECONDS", 0.2)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")  # it accepts and is silent
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"http://127.0.0.1:{port}")
    async with listener:
        with pytest.raises(errors.Unauthorized, match="Nobody is signed in"):
            await listed(nobody)


# What Entra is told


def signer(assertion):
    """What the signed assertion of a program says of itself."""
    head, body, _ = assertion.split(".")
    both = (base64.urlsafe_b64decode(one + "==") for one in (head, body))
    return {key: value for one in both for key, value in json.loads(one).items()}


async def test_a_pod_exchanges_the_token_that_its_file_holds_now(nobody, monkeypatch, tmp_path):
    place = tmp_path / "federated"
    place.write_text("the-token-of-the-cluster\n")
    monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
    monkeypatch.setenv("AZURE_CLIENT_ID", "program")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(place))
    nobody.trusts = lambda told: told == "the-token-of-the-cluster"
    assert await listed(nobody) == ["sales"]
    given = Tokens(CLOUD)
    await given.get(SCOPE)
    place.write_text("another")  # clusters change it every hour
    with pytest.raises(errors.Unauthorized) as caught:
        await given.get(SCOPE, fresh=True)
    assert "the-token-of-the-cluster" not in f"{caught.value}{caught.value.hint}"
    place.unlink()
    with pytest.raises(errors.ConfigError, match="AZURE_FEDERATED_TOKEN_FILE"):
        await given.get(SCOPE, fresh=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return certificates(tmp_path_factory.mktemp("keys"))


async def test_a_program_signs_in_with_its_certificate(nobody, keys, monkeypatch, tmp_path, az):
    pytest.importorskip("azure.identity")
    az("sys.exit('not asked')")
    place = tmp_path / "both.pem"
    place.write_text(keys[1].read_text() + keys[2].read_text())
    monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
    monkeypatch.setenv("AZURE_CLIENT_ID", "program")
    monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PATH", str(place))
    seen = []
    nobody.trusts = lambda told: bool(told) and not seen.append(signer(told))
    assert await listed(nobody) == ["sales"]
    assert seen[0]["iss"] == seen[0]["sub"] == "program"
    assert seen[0]["aud"] == "https://login.core.local/tenant/oauth2/v2.0/token"
    nobody.trusts = lambda _: False
    with pytest.raises(errors.Unauthorized, match="AADSTS7000215"):
        await listed(nobody)
    place.write_text("no certificate")
    with pytest.raises(errors.ConfigError, match="AZURE_CLIENT_CERTIFICATE_PATH"):
        await listed(nobody)


async def test_a_person_is_given_a_code_and_types_it(nobody, monkeypatch):
    pytest.importorskip("azure.identity")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    told = []
    person.tell_by(told.append)
    nobody.pending = 2
    try:
        assert await listed(nobody) == ["sales"]
    finally:
        person.tell_by(None)
    assert "ABCD-1234" in told[0]
    assert "https://login.core.local/tenant/device" in told[0]
    assert (len(told), nobody.pending) == (1, 0)


async def test_nobody_is_given_a_code_where_nobody_is_there(nobody):
    pytest.importorskip("azure.identity")
    with pytest.raises(errors.Unauthorized, match="Nobody is signed in"):
        await listed(nobody)
    assert not [one for one in nobody.asked if one.path.endswith("/devicecode")]


# Clouds


@pytest.mark.parametrize("name", ["public", "china", "usgov"])
async def test_each_cloud_asks_for_its_own_tokens_at_its_own_authority(
    nobody, monkeypatch, name, az
):
    cloud = CLOUDS[name]
    asked = az(answers("a-token-of-some-cloud"))
    await Tokens(cloud).get(cloud.scope)
    assert f"{cloud.manager}.default" in asked()[0]
    seen = []

    async def granted(authority, tenant, scope, **fields):
        seen.append((authority, tenant, scope))
        return tokens.Token("a-token-of-some-cloud", time.time() + 3600)

    monkeypatch.setattr(tokens, "granted", granted)
    monkeypatch.delenv("AZURE_AUTHORITY_HOST")
    for variable in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.setenv(variable, "something")
    await Tokens(cloud).get(cloud.scope)
    assert seen == [(cloud.authority, "something", cloud.scope)]
