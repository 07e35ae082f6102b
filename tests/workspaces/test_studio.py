"""The REST client against a socket that answers what a test wants."""

import json
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from amltui import errors
from amltui.models import Dataset, Location, OutputPort
from amltui.wire import headers
from amltui.workspaces.studio import Retry, StudioWorkspace
from amltui.workspaces.terms import Upload
from tests.support.raw_server import Answer, json_answer, raw_server

W = "11111111111111111111111111111111"
TOKEN = "s3cretT0ken"
FAST = Retry(first_wait=0.001)
DATASET = {"Id": f"{W}.fam.inst", "FamilyId": "fam", "Name": "n", "DataTypeId": "GenericCSV"}


@asynccontextmanager
async def studio(handler, **options):
    async with raw_server(handler) as server:
        options.setdefault("retry", FAST)
        async with StudioWorkspace(server.endpoint, W, TOKEN, **options) as workspace:
            yield workspace, server


def dataset_at(server, *, size=None, credential="?sig=SIGNED", location="c/key", **more):
    place = Location(base_uri=server.endpoint, location=location, access_credential=credential)
    return Dataset(
        id=f"{W}.fam.inst",
        family_id="fam",
        name="n",
        data_type_id="GenericCSV",
        size=size,
        download_location=place,
        **more,
    )


async def read(workspace, source, **part):
    async with workspace.read(source, **part) as content:
        return content.info, b"".join([chunk async for chunk in content])


async def test_the_list_is_asked_for_conditionally_and_304_means_unchanged():
    def handler(request):
        if request.headers.get("if-none-match") == '"v1"':
            return Answer(304, headers={"ETag": '"v1"'})
        return json_answer([DATASET], ETag='"v1"')

    async with studio(handler) as (workspace, server):
        listing = await workspace.datasets()
        assert listing is not None
        assert [one.name for one in listing.datasets] == ["n"]
        assert await workspace.datasets(etag=listing.etag) is None
    asked = server.requests[0]
    assert asked.target == f"/api/workspaces/{W}/datasources"
    assert asked.headers[headers.TOKEN] == TOKEN
    assert asked.headers["user-agent"].startswith("amltui/")


async def test_a_base_path_of_the_endpoint_is_kept():
    def handler(_request):
        return json_answer([])

    async with (
        raw_server(handler) as server,
        StudioWorkspace(f"{server.endpoint}base", W, TOKEN) as workspace,
    ):
        await workspace.datasets()
    assert server.requests[0].path == f"/base/api/workspaces/{W}/datasources"


async def test_contents_are_read_from_the_signed_link_without_the_token():
    def handler(_request):
        return Answer(body=b"a,b\n1,2\n", headers={"ETag": '"e"', "Accept-Ranges": "bytes"})

    async with studio(handler) as (workspace, server):
        info, data = await read(workspace, dataset_at(server, size=8))
    assert data == b"a,b\n1,2\n"
    assert (info.start, info.size, info.etag, info.ranges) == (0, 8, '"e"', True)
    assert server.requests[0].target == "/c/key?sig=SIGNED"
    assert headers.TOKEN not in server.requests[0].headers
    assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_a_part_is_asked_for_by_range_and_if_range():
    def handler(request):
        assert request.headers["range"] == "bytes=2-4"
        assert request.headers["if-range"] == '"e"'
        return Answer(206, b"cde", {"Content-Range": "bytes 2-4/10", "ETag": '"e"'})

    async with studio(handler) as (workspace, server):
        info, data = await read(workspace, dataset_at(server), start=2, stop=5, etag='"e"')
    assert (info.start, info.size, data) == (2, 10, b"cde")


async def test_a_host_without_ranges_answers_from_byte_0_and_no_further_than_asked():
    async with studio(lambda _: Answer(body=b"0123456789")) as (workspace, server):
        info, data = await read(workspace, dataset_at(server), start=2, stop=5)
    assert (info.start, info.size, info.ranges, data) == (0, 10, False, b"01234")


async def test_going_on_from_the_very_end_gives_nothing_and_no_error():
    def handler(_request):
        return Answer(416, b"<html>no</html>", {"Content-Range": "bytes */10"})

    async with studio(handler) as (workspace, server):
        info, data = await read(workspace, dataset_at(server, size=10), start=10)
        assert (info.start, info.size, data) == (10, 10, b"")
        with pytest.raises(errors.ContentChanged):
            await read(workspace, dataset_at(server), start=12)


@pytest.mark.parametrize(
    "content_range", ["bytes 3-4/10", "", "bytes */10", "bytes 2-x/10", "items 2-4/10"]
)
async def test_a_part_other_than_the_one_asked_for_is_an_error(content_range):
    answer = Answer(206, b"cde", {"Content-Range": content_range})
    async with studio(lambda _: answer) as (workspace, server):
        with pytest.raises(errors.ContentError):
            await read(workspace, dataset_at(server), start=2, stop=5)


async def test_a_cut_connection_says_how_many_bytes_came():
    async with studio(lambda _: Answer(body=b"x" * 1000, cut=300)) as (workspace, server):
        with pytest.raises(errors.TransferCut) as caught:
            await read(workspace, dataset_at(server))
    assert caught.value.received == 300


async def test_an_answer_without_length_is_held_against_the_size_in_the_metadata():
    async with studio(lambda _: Answer(body=b"x" * 10, length=-1)) as (workspace, server):
        assert (await read(workspace, dataset_at(server, size=10)))[1] == b"x" * 10
        with pytest.raises(errors.TransferCut) as caught:
            await read(workspace, dataset_at(server, size=11))
        assert caught.value.received == 10
        with pytest.raises(errors.Damaged):
            await read(workspace, dataset_at(server, size=9))


@pytest.mark.parametrize("size", [None, 8, 8000])
async def test_a_page_with_status_200_is_not_taken_for_the_content(size):
    page = Answer(body=b"<html>Log in</html>", headers={"Content-Type": "text/html; charset=x"})
    async with studio(lambda _: page) as (workspace, server):
        with pytest.raises(errors.ContentError, match="web page"):
            await read(workspace, dataset_at(server, size=size))


async def test_a_content_that_is_itself_a_page_can_be_read():
    page = Answer(body=b"<html></html>", headers={"Content-Type": "text/html"})
    async with studio(lambda _: page) as (workspace, server):
        assert (await read(workspace, dataset_at(server, size=13)))[1] == b"<html></html>"


async def test_another_length_than_the_metadata_say_is_damage():
    async with studio(lambda _: Answer(body=b"short")) as (workspace, server):
        with pytest.raises(errors.Damaged):
            await read(workspace, dataset_at(server, size=50))


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_an_expired_link_is_renewed_once_and_remembered(status):
    def handler(request):
        if request.path.startswith("/api/"):
            place = {"BaseUri": "", "Location": f"http://{request.headers['host']}/c/key"}
            return json_answer({**DATASET, "DownloadLocation": {**place, "AccessCredential": "?n"}})
        return Answer(body=b"ok") if request.target.endswith("?n") else Answer(status, b"<Error/>")

    async with studio(handler) as (workspace, server):
        assert (await read(workspace, dataset_at(server)))[1] == b"ok"
        assert (await read(workspace, dataset_at(server)))[1] == b"ok"
    assert len(server.requests) == 4


async def test_a_fresh_link_that_is_refused_too_says_so_without_showing_it():
    def handler(request):
        if request.path.startswith("/api/"):
            return json_answer(
                {
                    **DATASET,
                    "DownloadLocation": {
                        "BaseUri": f"http://{request.headers['host']}/",
                        "AccessCredential": "?sig=VERYSECRET",
                    },
                }
            )
        return Answer(403, b"AuthenticationFailed for http://x/y?sig=VERYSECRET")

    async with studio(handler) as (workspace, server):
        with pytest.raises(errors.LinkExpired) as caught:
            await read(workspace, dataset_at(server))
    assert "VERYSECRET" not in str(caught.value)


async def test_an_output_whose_contents_the_server_has_lost_is_told_as_that():
    answer = json_answer({"Message": "They are gone from the server's store."}, 410)
    async with studio(lambda _: answer) as (workspace, _):
        with pytest.raises(errors.ContentLost, match="gone from the server's store"):
            await read(workspace, OutputPort("e", "n", "p", "GenericCSV"))


async def test_a_link_without_credential_comes_from_a_cache_and_is_renewed_first():
    def handler(request):
        if request.path.startswith("/api/"):
            return json_answer(
                {
                    **DATASET,
                    "DownloadLocation": {
                        "BaseUri": f"http://{request.headers['host']}/",
                        "AccessCredential": "?new",
                    },
                }
            )
        return Answer(body=b"ok")

    async with studio(handler) as (workspace, server):
        stale = dataset_at(server, credential="", location="old")
        assert (await read(workspace, stale))[1] == b"ok"
    assert [r.path for r in server.requests] == [
        f"/api/workspaces/{W}/datasources/{W}.fam.inst",
        "/",
    ]


async def test_the_token_does_not_follow_a_redirect_to_another_host():
    async with raw_server(lambda _: Answer(body=b"elsewhere")) as other:

        def handler(request):
            if "moved" not in request.target:
                return Answer(302, headers={"Location": "/moved"})
            return Answer(302, headers={"Location": f"{other.endpoint}blob?sig=x"})

        async with studio(handler) as (workspace, server):
            port = OutputPort("exp", "node", "Results dataset")
            assert (await read(workspace, port))[1] == b"elsewhere"
    assert server.requests[0].path.endswith("/outputdata/node/Results%20dataset")
    assert [headers.TOKEN in r.headers for r in server.requests] == [True, True]
    assert headers.TOKEN not in other.requests[0].headers
    assert headers.SESSION not in other.requests[0].headers


async def test_endless_redirects_end():
    answer = Answer(302, headers={"Location": "/again"})
    async with studio(lambda _: answer) as (workspace, _):
        with pytest.raises(errors.WorkspaceError):
            await workspace.datasets()


async def test_an_upload_begins_sends_blocks_and_commits():
    def handler(request):
        if "resourceuploads" in request.path:
            return json_answer({"Id": "up", "DataTypeId": "GenericCSV"})
        if "blobuploads" in request.path:
            return json_answer({})
        return json_answer(f"{W}.fam.inst")

    async with studio(handler) as (workspace, server):
        upload = await workspace.begin_upload("GenericCSV")
        await workspace.send_part(upload, 0, b"data", total=1)
        made = await workspace.commit(upload, name="n", description="d", filename="f.csv")
    assert made == f"{W}.fam.inst"
    begin, block, commit = server.requests
    assert begin.target.endswith("?userStorage=true&dataTypeId=GenericCSV")
    assert "numberOfBlocks=1&blockId=0&uploadId=up&dataTypeId=GenericCSV" in block.target
    assert block.body == b"data"
    assert json.loads(commit.body)["DataSource"]["Owner"] == "Python SDK"
    assert json.loads(commit.body)["UploadedFromFileName"] == "f.csv"


async def test_what_is_safe_to_repeat_is_repeated_until_it_works():
    answers = [None, Answer(503), Answer(500, b"<html><title>oops</title>"), json_answer([])]
    async with studio(lambda _: answers.pop(0)) as (workspace, server):
        assert await workspace.datasets() is not None
    assert len(server.requests) == 4


async def test_a_commit_is_never_repeated():
    def handler(_request):
        return None

    async with studio(handler) as (workspace, server):
        upload = Upload("u", "GenericCSV")
        with pytest.raises(errors.Unreachable) as caught:
            await workspace.commit(upload, name="n")
    assert caught.value.sent
    assert len(server.requests) == 1


async def test_a_deletion_whose_answer_was_lost_counts_as_done_when_nothing_is_left():
    answers = [None, json_answer({"Message": "gone"}, 404)]
    async with studio(lambda _: answers.pop(0)) as (workspace, server):
        await workspace.delete("fam")
    assert len(server.requests) == 2
    async with studio(lambda _: json_answer({}, 404)) as (workspace, _):
        with pytest.raises(errors.DatasetGone):
            await workspace.delete("fam")


async def test_retry_after_is_honoured_up_to_a_limit():
    answers = [Answer(429, headers={"Retry-After": "0"}), json_answer([])]
    async with studio(lambda _: answers.pop(0)) as (workspace, _):
        assert await workspace.datasets() is not None
    busy = Answer(503, headers={"Retry-After": "3600"})
    async with studio(lambda _: busy) as (workspace, server):
        with pytest.raises(errors.ServerFailed) as caught:
            await workspace.datasets()
    assert caught.value.retry_after == 3600
    assert len(server.requests) == 1


async def test_an_endpoint_where_nobody_listens_is_unreachable_and_surely_not_sent():
    async with raw_server(lambda _: None) as server:
        endpoint = server.endpoint
    async with StudioWorkspace(endpoint, W, TOKEN, retry=FAST) as workspace:
        with pytest.raises(errors.Unreachable) as caught:
            await workspace.datasets()
    assert not caught.value.sent
    assert "127.0.0.1" in str(caught.value)


async def test_proxies_come_from_the_environment(monkeypatch):
    async with raw_server(lambda _: json_answer([])) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.endpoint)
        monkeypatch.setenv("NO_PROXY", "near.example")
        async with StudioWorkspace("http://far.example/", W, TOKEN, retry=FAST) as workspace:
            assert await workspace.datasets() is not None
    assert proxy.requests[0].target == f"http://far.example/api/workspaces/{W}/datasources"


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (401, b'{"Message": "bad token"}', errors.Unauthorized, "bad token"),
        (403, b"", errors.Unauthorized, "X"),
        (404, b'{"ErrorMessage": "no such"}', errors.DatasetGone, "no such"),
        (409, b'{"message": 1}', errors.Conflict, "X"),
        (400, b'"forbidden characters"', errors.Rejected, "forbidden characters"),
        (500, b"<html><title>It broke &amp; fell</title>", errors.ServerFailed, "broke & fell"),
        (502, b"<p>Bad gateway</p>", errors.ServerFailed, "Bad gateway"),
        (418, b"\xff\x1b[31mred", errors.Rejected, "red"),
    ],
)
async def test_an_error_says_what_its_body_says(status, body, kind, said):
    async with studio(lambda _: Answer(status, body), retry=Retry(attempts=1)) as (workspace, _):
        with pytest.raises(kind) as caught:
            await workspace.dataset("x")
    assert said in str(caught.value)
    assert caught.value.status_code == status
    assert "\x1b" not in str(caught.value)


async def test_an_answer_that_is_not_the_protocol_is_a_workspace_error():
    async with studio(lambda _: Answer(body=b"<html>hello</html>")) as (workspace, _):
        with pytest.raises(errors.WorkspaceError, match="something else"):
            await workspace.datasets()


async def test_no_secret_is_in_an_error_even_when_the_server_repeats_it():
    body = json.dumps({"Message": f"{TOKEN} at https://u:p@h/x?sig=abc%2F is wrong"}).encode()
    async with studio(lambda _: Answer(400, body)) as (workspace, _):
        with pytest.raises(errors.Rejected) as caught:
            await workspace.quota()
    text = str(caught.value)
    assert TOKEN not in text
    assert "abc" not in text
    assert "u:p" not in text
    assert "h/x" in text


async def test_a_server_of_2015_has_no_extensions_and_is_told_apart_at_once():
    async with studio(lambda _: json_answer({"WorkspaceId": W})) as (workspace, server):
        assert not (await workspace.capabilities()).edit
        with pytest.raises(errors.NotSupportedByServer):
            await workspace.edit(dataset_at(server), name="m")
        with pytest.raises(errors.NotSupportedByServer):
            await workspace.versions("fam")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "endpoint", ["", "ftp://h/", "host", "https://u:p@h/", "https://h/?q", "http://h:99999/"]
)
def test_an_endpoint_that_is_no_address_is_a_config_error(endpoint):
    with pytest.raises(errors.ConfigError):
        StudioWorkspace(endpoint, W, TOKEN)


def test_a_token_that_cannot_be_a_header_is_refused_without_being_shown():
    with pytest.raises(errors.ConfigError) as caught:
        StudioWorkspace("http://h", W, "abc\ndef")
    assert "abc" not in str(caught.value)
    assert StudioWorkspace("HTTP://Host/base/", W, f"{TOKEN}\n").key == f"http://host/base/{W}"
    assert TOKEN not in repr(StudioWorkspace("http://h", W, TOKEN))


def test_importing_the_client_imports_no_http_library():
    code = (
        "import sys, amltui.workspaces.studio; "
        "print([m for m in ('httpx', 'anyio', 'ssl', 'asyncio', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_http_client_comes_without_the_command_line_of_its_library():
    code = (
        "import sys, amltui.workspaces.http.client, httpx; "
        "print([m for m in ('httpx._main', 'click', 'rich', 'pygments') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
