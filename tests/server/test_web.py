"""The page for browsers, over real HTTP: what it shows, to whom, and what ends a session."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import httpx
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amltui.server.http_errors import ServiceUnavailable
from amltui.server.store.base import Stored
from amltui.server.store.local import LocalStore
from amltui.server.web import rows
from amltui.server.web.site import PAGES
from tests.support.server import running_server
from tests.support.services import free_port
from tests.support.studio import Studio

ROWS = b"year,n\n1999,1\n2000,\n"
SECRET = re.compile('<code id="secret">([0-9a-f]{32})</code>')


class Browser:
    """What a browser without scripts does."""

    def __init__(self, endpoint):
        self.http = httpx.Client(base_url=endpoint, follow_redirects=True, timeout=60)
        self.page = ""

    def open(self, path):
        answer = self.http.get(path)
        self.page = answer.text
        return answer

    def send(self, path, **fields):
        key = re.search('name="form_key" value="([0-9a-f]+)"', self.page)[1]
        answer = self.http.post(path, data={"form_key": key, **fields})
        self.page = answer.text
        return answer

    def sign_in(self, token):
        self.open("/")
        return self.send("web/sign-in", token=token)

    def text(self):
        """All that a person reads."""
        return unescape(re.sub("<[^>]*>", " ", self.page))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("data") / "data", web=True, samples=False) as one:
        yield one


@pytest.fixture
def studio(server):
    studio = Studio(server)
    yield studio
    studio.close()


@pytest.fixture
def browser(server):
    browser = Browser(server.endpoint)
    yield browser
    browser.http.close()


@pytest.fixture
def owner(server, browser):
    assert browser.sign_in(server.token).status_code == 200
    return browser


def new_token(server, name, **more):
    answer = httpx.post(server.url("tokens"), json={"Name": name, **more}, headers=server.headers)
    return answer.raise_for_status().json()


def addresses(dataset):
    """Every page, with the parts of its address filled in."""
    for page in PAGES:
        path = page.path.replace("{id}", dataset["Id"]).replace("{token}", "secondary")
        yield page.method, f"web{path}"


def test_nothing_is_shown_without_sign_in(studio, browser):
    dataset = studio.create("hidden from strangers", ROWS)
    for method, path in [("GET", ""), ("GET", "web"), ("GET", "web/x"), *addresses(dataset)]:
        answer = browser.http.request(method, path)
        assert "Access token of this workspace" in answer.text
        assert "hidden" not in answer.text.replace('type="hidden"', "")
        assert answer.status_code == (200 if method == "GET" else 401)


def test_every_answer_forbids_scripts_frames_and_keeping(studio, owner):
    dataset = studio.create("guarded", ROWS)
    for method, path in [("GET", "web/nothing"), ("PUT", "web/"), *addresses(dataset)]:
        answer = owner.http.request(method, path, follow_redirects=False)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in answer.text


def test_the_cookies_are_for_this_page_alone(server, browser):
    browser.open("/")
    key = re.search('name="form_key" value="([0-9a-f]+)"', browser.page)[1]
    answer = browser.http.post(
        "web/sign-in", data={"form_key": key, "token": server.token}, follow_redirects=False
    )
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/web"} <= set(cookie.split("; "))
    assert server.token not in cookie
    session = browser.http.cookies["amltui-session"]
    assert (
        httpx.get(server.url("datasources"), cookies={"amltui-session": session}).status_code == 401
    )


def test_behind_a_proxy_cookies_are_secure_and_links_have_its_path(tmp_path):
    port = free_port()
    with running_server(
        tmp_path / "data", web=True, samples=False, port=port, public_url="https://data.test/team/"
    ):
        here = f"http://127.0.0.1:{port}/"
        answer = httpx.get(f"{here}web/")
        assert 'href="/team/web/style.css"' in answer.text
        assert {"Secure", "Path=/team/web"} <= set(answer.headers["set-cookie"].split("; "))
        assert httpx.get(here).headers["location"] == "/team/web/"


def test_a_wrong_token_is_refused_and_counted(tmp_path):
    with running_server(tmp_path / "data", web=True, samples=False, failed_logins=3) as server:
        browser = Browser(server.endpoint)
        statuses = [browser.sign_in("wrong").status_code for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        assert browser.sign_in(server.token).status_code == 200
        browser.http.close()


@pytest.mark.parametrize("end", ["regenerated", "revoked"])
def test_a_session_ends_with_its_token(server, browser, end):
    token = new_token(server, f"to be {end}", Role="reader")
    browser.sign_in(token["Secret"])
    assert "Signed in as" in browser.page
    address = server.url(f"tokens/{token['Id']}")
    if end == "revoked":
        httpx.delete(address, headers=server.headers).raise_for_status()
    else:
        httpx.post(f"{address}/regenerate", headers=server.headers).raise_for_status()
    browser.open("web/")
    assert "Signed in as" not in browser.page


def test_signing_out_ends_the_session(owner):
    owner.send("web/sign-out")
    owner.open("web/")
    assert "Signed in as" not in owner.page


def test_a_cookie_that_was_changed_is_none(server, owner):
    session = owner.http.cookies["amltui-session"]
    for at in range(0, len(session), 3):
        changed = "1" if session[at] != "1" else "2"
        cookies = {"amltui-session": session[:at] + changed + session[at + 1 :]}
        assert "Signed in as" not in httpx.get(f"{server.endpoint}web/", cookies=cookies).text


def test_no_form_of_another_site_changes_anything(server, studio, owner):
    before = httpx.get(server.url("tokens"), headers=server.headers).json()
    posts = [path for method, path in addresses(studio.create("any", ROWS)) if method == "POST"]
    for path in [*posts, "web/sign-out"]:
        for form in ({}, {"form_key": ""}, {"form_key": "0" * 64}, {"form_key": "é"}):
            answer = owner.http.post(path, data={"name": "forged", "role": "owner", **form})
            assert answer.status_code == 403
    after = httpx.get(server.url("tokens"), headers=server.headers).json()
    assert [one["Name"] for one in after] == [one["Name"] for one in before]
    assert "Signed in as" in owner.open("web/").text
    stranger = httpx.post(f"{server.endpoint}web/sign-in", data={"token": server.token})
    assert stranger.status_code == 403


def test_a_dataset_is_shown_with_its_rows_columns_and_versions(studio, owner):
    dataset = studio.create("years", ROWS, Description="How many")
    studio.create("years", ROWS + b"2001,7\n", FamilyId=dataset["FamilyId"])
    latest = next(one for one in studio.all() if one["Name"] == "years")
    assert "years" in owner.open("web/?find=YEAR").text
    assert "years" not in owner.open("web/?find=nothing").text.partition("<table")[2]
    owner.open(f"web/datasets/{latest['Id']}")
    text = owner.text()
    assert "2001" in text
    assert "missing" in text
    assert "Version 1" in text
    owner.open(f"web/datasets/{dataset['Id']}")
    assert "2001" not in owner.text()
    assert "How many" in owner.text()
    assert owner.open(f"web/datasets/{dataset['Id']}/content").content == ROWS


def test_the_link_of_a_download_lasts_long_enough_to_be_followed_and_an_hour_at_most(studio, owner):
    made = studio.create("for a slow line", ROWS)
    answer = owner.http.get(f"web/datasets/{made['Id']}/content", follow_redirects=False)
    ends = int(re.search(r"[&?]se=(\d+)", answer.headers["location"])[1])
    assert 1_700 < ends - time.time() <= 3_600


def test_first_rows_are_those_of_whatever_the_bytes_are(studio, owner):
    table = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(100)), "b": ["x"] * 100}), table)
    made = studio.create("parquet", table.getvalue(), DataTypeId="GenericCSV")
    text = owner.open(f"web/datasets/{made['Id']}").text
    assert "<td>19</td>" in text
    assert "<td>20</td>" not in text
    assert "There are more rows." in text
    none = studio.create("bytes", b"\x00\xff", DataTypeId="Zip")
    assert "These contents have no rows to show." in owner.open(f"web/datasets/{none['Id']}").text


async def test_a_page_waits_for_the_first_rows_of_others_for_a_moment_only(monkeypatch):
    monkeypatch.setattr(rows, "_IN_LINE", 0.01)
    first = rows.FirstRows(None)  # it does not come to reading
    async with first._slots, first._slots:
        with pytest.raises(ServiceUnavailable, match="Load the page again"):
            await first.of(Stored("0" * 64, 1), "GenericCSV")
    async with first._slots:
        pass


async def test_first_rows_that_do_not_come_are_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "_PATIENCE", 0.5)
    store = LocalStore(tmp_path)
    await store.open()
    path = store.path("0" * 64)
    path.parent.mkdir()
    os.mkfifo(path)  # whoever reads it waits for ever
    first = rows.FirstRows(SimpleNamespace(store=store))
    before = psutil.Process().children(recursive=True)
    with pytest.raises(ServiceUnavailable):
        await first.of(Stored("0" * 64, 0), "GenericCSV")
    assert list((tmp_path / "temp").iterdir()) == []
    assert psutil.Process().children(recursive=True) == before


def test_hostile_names_and_cells_are_text(studio, owner):
    hostile = "<script>alert(1)</script>\u202e\"'>"
    made = studio.create(hostile, f"a,{hostile}\n1,<img src=x>\n".encode(), Description=hostile)
    for path in ("web/", f"web/datasets/{made['Id']}", f"web/datasets/{made['Id']}/code"):
        page = owner.open(path).text
        assert "<script" not in page
        assert "<img" not in page
        assert "\u202e" not in page
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize("kind", ["amltui", "pandas", "cli"])
def test_the_code_that_is_generated_runs_and_holds_no_token(server, studio, owner, kind, tmp_path):
    made = studio.create(f"code {kind}", ROWS)
    owner.open(f"web/datasets/{made['Id']}/code?for={kind}")
    code = unescape(re.search("<code>(.*?)</code></pre>", owner.page, re.DOTALL)[1])
    assert server.token not in owner.page
    shown = "test $(wc -l < ./*csv) = 3" if kind == "cli" else "assert len(df) == 2\n"
    command = ["bash", "-ec"] if kind == "cli" else [sys.executable, "-c"]
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "AMLTUI_TOKEN": server.token}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(
        [*command, code + shown], check=True, cwd=tmp_path, env={**os.environ, **home, "PATH": path}
    )


def test_the_old_client_gets_its_code_too(studio, owner):
    made = studio.create("for the old one", ROWS)
    owner.open(f"web/datasets/{made['Id']}/code?for=azureml")
    assert "from azureml import Workspace" in owner.text()
    assert owner.open(f"web/datasets/{made['Id']}/code?for=az").status_code == 400


def test_a_new_token_is_shown_once_and_works(server, owner):
    owner.open("web/settings/tokens")
    owner.send("web/settings/tokens", name="from the page", role="reader", days="3", prefix="a/")
    secret = SECRET.search(owner.page)[1]
    assert secret not in owner.open("web/settings/tokens").text
    given = {"authorization": f"Bearer {secret}"}
    assert httpx.get(server.url("datasources"), headers=given).status_code == 200
    row = next(
        one
        for one in httpx.get(server.url("tokens"), headers=server.headers).json()
        if one["Name"] == "from the page"
    )
    assert (row["Role"], row["Prefix"]) == ("reader", "a/")
    owner.open(f"web/settings/tokens/{row['Id']}/regenerate")
    assert httpx.get(server.url("datasources"), headers=given).status_code == 200
    owner.send(f"web/settings/tokens/{row['Id']}/regenerate")
    assert SECRET.search(owner.page)[1] != secret
    assert httpx.get(server.url("datasources"), headers=given).status_code == 401
    owner.open(f"web/settings/tokens/{row['Id']}/revoke")
    owner.send(f"web/settings/tokens/{row['Id']}/revoke")
    assert "from the page" not in owner.text()


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "primary"), ("role", "emperor"), ("days", "-1"), ("days", "9" * 40),
     ("days", "٣"), ("days", "1.5"), ("prefix", "a:b")],
)  # fmt: skip
def test_a_token_that_cannot_be_made_is_refused_and_what_was_typed_stays(owner, field, value):
    owner.open("web/settings/tokens")
    fields = {"name": "typed", "role": "reader", "days": "1", "prefix": "", field: value}
    answer = owner.send("web/settings/tokens", **fields)
    assert answer.status_code in {400, 409}
    assert 'class="problem"' in owner.page
    if field != "name":
        assert 'value="typed"' in owner.page
    assert SECRET.search(owner.page) is None


def test_whoever_regenerates_their_own_token_stays_signed_in(server, browser):
    token = new_token(server, "my own", Role="owner")
    browser.sign_in(token["Secret"])
    other = Browser(server.endpoint)
    other.sign_in(token["Secret"])
    browser.open(f"web/settings/tokens/{token['Id']}/regenerate")
    browser.send(f"web/settings/tokens/{token['Id']}/regenerate")
    assert SECRET.search(browser.page)
    assert "Signed in as" in browser.open("web/").text
    assert "Signed in as" not in other.open("web/").text
    other.http.close()


def test_rights_and_prefixes_hold_as_in_the_protocol(server, studio, browser):
    inside, outside = studio.create("sales/one", ROWS), studio.create("people/one", ROWS)
    token = new_token(server, "of sales", Role="reader", Prefix="sales/")
    browser.sign_in(token["Secret"])
    browser.open("web/")
    assert "sales/one" in browser.text()
    assert "people/one" not in browser.text()
    assert browser.open(f"web/datasets/{inside['Id']}").status_code == 200
    for more in ("", "/code", "/content"):
        assert browser.open(f"web/datasets/{outside['Id']}{more}").status_code == 404
    for page in ("tokens", "users", "usage"):
        assert browser.open(f"web/settings/{page}").status_code == 403
    assert "read" in browser.open("web/settings").text


def test_users_and_usage_are_told_to_owners(studio, owner):
    studio.create("taken", b"x" * 5000, DataTypeId="PlainText")
    owner.open("web/settings/users")
    assert {"primary", "secondary"} <= set(owner.text().split())
    for by in ("owner", "dataset", "version"):
        owner.open(f"web/settings/usage?by={by}")
        assert ("primary" if by == "owner" else "taken") in owner.text()
    assert owner.open("web/settings/usage?by=x").status_code == 400


def test_nonsense_is_refused_and_never_fails(studio, owner):
    made = studio.create("nonsense", ROWS)
    strange = ["\u0000", "é", "'", "<", "%", "..", "9" * 30, "a" * 5000, "\U0001f600", "-1"]
    for text in strange:
        for path in ("web/", f"web/datasets/{made['Id']}/code", "web/settings/usage"):
            params = {"find": text, "page": text, "for": text, "by": text}
            assert owner.http.get(path, params=params).status_code in {200, 400}
        assert owner.http.get(f"web/datasets/{quote(text)}").status_code < 500
    for body in (b"\xff\xfe", b"a" * 100_000, b"&" * 1000, b"form_key=%00"):
        assert 400 <= owner.http.post("web/settings/tokens", content=body).status_code < 500


def test_what_happens_on_the_page_is_in_the_audit_log_and_no_secret_in_any(tmp_path):
    data, log = tmp_path / "data", tmp_path / "log"
    with served(data, "--log", str(log)) as workspace:
        token = workspace["authorization_token"]
        browser = Browser(workspace["api_endpoint"])
        browser.sign_in("f" * 32)
        browser.sign_in(token)
        session = browser.http.cookies["amltui-session"]
        browser.open("web/settings/tokens")
        browser.send("web/settings/tokens", name="audited", role="reader")
        secret = SECRET.search(browser.page)[1]
        browser.http.close()
    command = [sys.executable, "-m", "amltui", "audit", "--data", data, "--json"]
    audit = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert '"login"' in audit
    assert '"token.create"' in audit
    assert "/web/sign-in" in log.read_text()
    database = b"".join(path.read_bytes() for path in data.glob("workspace.sqlite*"))
    for one in (token, session.rpartition(".")[2], secret, "f" * 32):
        assert one not in audit
        assert one not in log.read_text()
        assert one.encode() not in database


def test_there_is_no_page_where_none_was_asked_for(tmp_path):
    with running_server(tmp_path / "data", samples=False) as server:
        for path in ("", "web", "web/", "web/style.css"):
            assert httpx.get(server.endpoint + path).status_code == 404


def test_serve_has_the_page_unless_told_otherwise(tmp_path):
    with served(tmp_path / "with") as workspace:
        assert httpx.get(workspace["api_endpoint"]).headers["location"] == "/web/"
    with served(tmp_path / "without", "--no-web") as workspace:
        assert httpx.get(workspace["api_endpoint"]).status_code == 404


@contextmanager
def served(data, *words):
    """The workspace of a server as the command starts it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "amltui", "serve", "--data", data, "--no-samples", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout.readline()
        yield json.loads((data / "settings.json").read_text())["workspace"]
    finally:
        process.terminate()
        process.communicate(timeout=60)
