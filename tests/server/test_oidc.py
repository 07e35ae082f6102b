"""Signing in with the tokens of an OpenID Connect issuer that really runs."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from amltui.server import admin
from amltui.server.audit import Filter
from amltui.server.http_errors import StartError
from amltui.server.oidc import Issuer
from amltui.server.options import Oidc, ServeOptions
from tests.support.server import running_server
from tests.support.services import free_port, wait_for_port
from tests.support.studio import Studio, url_of

AUDIENCE = "datasets"
HERE = "http://127.0.0.1:1/here"


@contextmanager
def running_issuer(*options):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def issuer():
    with running_issuer() as address:
        yield address


@pytest.fixture(scope="module")
def server(issuer, tmp_path_factory):
    options = {"issuer": issuer, "audience": AUDIENCE, "claim": "access.roles"}
    data = tmp_path_factory.mktemp("oidc") / "data"
    with running_server(data, oidc=options, samples=False) as running:
        yield running


def sign_in(issuer, who, roles, audience=AUDIENCE):
    """As a person does in a browser; their token."""
    claims = {"preferred_username": who, "access": {"roles": roles}}
    httpx.put(f"{issuer}/users/{who}", json=claims).raise_for_status()
    asked = {"client_id": audience, "redirect_uri": HERE, "response_type": "code"}
    asked["scope"] = "openid profile"
    sent = httpx.post(f"{issuer}/oauth2/authorize", params=asked, data={"sub": who})
    (code,) = parse_qs(urlsplit(sent.headers["location"]).query)["code"]
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": HERE}
    answer = httpx.post(f"{issuer}/oauth2/token", data=given, auth=(audience, "any"))
    return answer.raise_for_status().json()["id_token"]


@pytest.fixture
def enter(server, issuer):
    studios = []

    def enter(who, roles, **more):
        studios.append(Studio(server, sign_in(issuer, who, roles, **more)))
        return studios[-1]

    yield enter
    for studio in studios:
        studio.close()


def test_a_person_does_what_their_role_says_under_their_own_name(server, issuer, enter):
    anna = enter("anna", ["something", "writer"])
    made = anna.create("sales", b"1,2\n")
    host = issuer.removeprefix("http://")
    assert made["CreatedBy"] == f"anna@{host}"
    assert anna.read(made) == b"1,2\n"
    refused = anna.http.delete(f"datasources/family/{made['FamilyId']}")
    assert refused.status_code == 403
    bob = enter("bob", ["reader", "owner"])
    assert bob.http.delete(f"datasources/family/{made['FamilyId']}").status_code == 204
    names = {one["Name"]: one for one in bob.http.get("tokens").json()}
    assert names[f"anna@{host}"]["Role"] == "writer"
    assert names[f"bob@{host}"]["Role"] == "owner"
    assert names[f"anna@{host}"]["Expires"]
    found = []
    admin.read_audit(ServeOptions(server.data), Filter(action="dataset"), found.extend)
    assert [(e.actor, e.action, e.status) for e in found if e.status == 200] == [
        (f"anna@{host}", "dataset.create", 200),
        (f"bob@{host}", "dataset.delete", 200),
    ]


def test_another_role_counts_with_the_next_token(enter):
    assert enter("carl", ["reader"]).commit("x", "y").status_code == 403
    promoted = enter("carl", ["writer"])
    promoted.create("carl's")
    assert enter("carl", ["reader"]).commit("x", "y").status_code == 403


@pytest.mark.parametrize("roles", [[], ["admin"], "nobody", 5, None, {"reader": True}])
def test_a_person_without_a_role_is_nobody(enter, roles):
    assert enter("dora", roles).http.get("datasources").status_code == 401


def test_a_token_for_somebody_else_is_none(enter):
    assert enter("eve", ["owner"], audience="mail").http.get("datasources").status_code == 401


def test_a_token_of_another_issuer_or_with_changed_claims_is_none(server, issuer, enter):
    token = sign_in(issuer, "frank", ["reader"])
    head, claims, signature = token.split(".")
    changed = claims[:-2] + ("AA" if claims[-2:] != "AA" else "BB")
    with running_issuer() as other:
        foreign = sign_in(other, "frank", ["owner"])
    none = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    wrong = [foreign, f"{head}.{changed}.{signature}", f"{none}.{claims}.", "a.b.c", ".."]
    for one in wrong:
        studio = Studio(server, one)
        assert studio.http.get("datasources").status_code == 401, one
        studio.close()
    right = Studio(server, token)
    assert right.http.get("datasources").status_code == 200
    assert right.http.get(f"{server.endpoint}api/workspaces/{'0' * 32}").status_code == 401
    right.close()


def test_links_end_with_the_person(server, enter):
    gina = enter("gina", ["writer"])
    link = url_of(gina.create("gina's", b"hers"))
    assert httpx.get(link).content == b"hers"
    owner = Studio(server)
    (row,) = (one for one in owner.http.get("tokens").json() if one["Name"].startswith("gina@"))
    assert owner.http.delete(f"tokens/{row['Id']}").status_code == 204
    owner.close()
    assert httpx.get(link).status_code == 403


def test_an_issuer_that_does_not_answer_is_said_and_own_tokens_work(tmp_path, issuer):
    gone = {"issuer": f"http://127.0.0.1:{free_port()}", "audience": AUDIENCE}
    with running_server(tmp_path / "data", oidc=gone, samples=False) as server:
        studio = Studio(server, sign_in(issuer, "hal", ["reader"]))
        assert studio.http.get("datasources").status_code == 503
        studio.close()
        assert httpx.get(server.url("datasources"), headers=server.headers).status_code == 200


@pytest.mark.parametrize(
    ("issuer", "audience"),
    [("http://login.example.org", "x"), ("login", "x"), ("https://login.example.org", "")],
)
def test_an_issuer_that_cannot_be_trusted_is_refused_at_the_start(issuer, audience):
    with pytest.raises(StartError):
        Issuer(Oidc(issuer, audience))
