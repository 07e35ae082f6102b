"""What Azure answers when it does not answer well, and what is said then."""

from __future__ import annotations

import pytest

from amltui import errors
from amltui.config.azure import cloud_of
from amltui.workspaces.azureml import AzureMLWorkspace
from amltui.workspaces.http import client
from amltui.workspaces.http.retries import Retry
from tests.support.azure import MANAGER, Reply, error
from tests.workspaces.azureml.conftest import HERE

ACTION = "Microsoft.MachineLearningServices/workspaces/data/versions/write"


def times(count, reply, where="/data"):
    """A rule that answers so as often, and then lets Azure answer."""
    left = [count]

    def rule(asked):
        if where in asked.path and left[0]:
            left[0] -= 1
            return reply
        return None

    return rule


async def test_a_server_that_asks_to_wait_is_asked_again_after_that(azure, workspace):
    azure.add("sales", "https://example.org/x.csv")
    reply = error(429, "TooManyRequests", "Slow down", **{"Retry-After": "0"})
    azure.rule = times(2, reply)
    assert len((await workspace.datasets()).datasets) == 1
    azure.rule = times(99, error(429, "TooManyRequests", "Slow", **{"Retry-After": "3600"}))
    with pytest.raises(errors.TooManyRequests) as caught:
        await workspace.datasets()
    assert caught.value.retry_after == 3600


async def test_a_token_that_is_refused_in_the_middle_is_renewed_once(azure, workspace):
    for number in range(250):
        azure.add(f"a{number}", "https://example.org/x.csv")
    pages = workspace.pages()
    await anext(pages)
    issued = azure.issued
    azure.tokens.clear()
    rest = [one async for page in pages for one in page]
    assert (len(rest), azure.issued) == (150, issued + 1)


async def test_a_sign_in_that_is_accepted_no_longer_asks_for_another(azure, workspace):
    azure.rule = times(99, error(401, "InvalidAuthenticationToken", "No"))
    with pytest.raises(errors.Unauthorized) as caught:
        await workspace.datasets()
    assert "az login" in caught.value.hint
    assert len([one for one in azure.asked if "/data" in one.path]) == 2


@pytest.mark.parametrize(
    ("message", "role"),
    [
        (
            f"No authorization to perform action '{ACTION}' over scope",
            "role AzureML Data Scientist",
        ),
        (f"to perform action '{ACTION.replace('write', 'read')}' over", "role Reader"),
    ],
)
async def test_who_may_not_is_told_which_role_it_takes(azure, workspace, message, role):
    azure.rule = times(1, error(403, "AuthorizationFailed", message))
    with pytest.raises(errors.Unauthorized) as caught:
        await workspace.datasets()
    assert role in caught.value.hint
    assert "to perform action" in str(caught.value)
    assert "Microsoft.MachineLearningServices" in caught.value.hint


async def test_who_is_not_signed_in_is_told_how(azure, workspace, monkeypatch):
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "another secret of a program")
    with pytest.raises(errors.Unauthorized) as caught:
        await workspace.datasets()
    assert "another secret" not in f"{caught.value} {caught.value.hint}"


async def test_a_page_of_a_proxy_is_no_list(azure, workspace):
    page = b"<html><head><title>Sign in to the network</title></head></html>"
    azure.rule = times(1, Reply(200, page, {"Content-Type": "text/html"}))
    with pytest.raises(errors.WorkspaceError, match="something else than the protocol"):
        await workspace.datasets()
    azure.rule = times(9, Reply(503, page, {"Content-Type": "text/html"}))
    with pytest.raises(errors.ServerFailed, match="Sign in to the network"):
        await workspace.datasets()


async def test_an_answer_that_is_cut_is_asked_for_again(azure, workspace):
    azure.add("sales", "https://example.org/x.csv")
    azure.rule = times(1, Reply(200, {"value": []}, cut=5))
    assert len((await workspace.datasets()).datasets) == 1


async def test_an_answer_that_does_not_come_is_given_up(azure, workspace, monkeypatch):
    monkeypatch.setattr(client, "HEAD_SECONDS", 0.2)
    azure.rule = azure.stall
    try:
        with pytest.raises(errors.Unreachable):
            await workspace.datasets()
    finally:
        azure.stalled.set()


@pytest.mark.parametrize(
    "link", ["https://elsewhere.core.local/subscriptions/x", "http://127.0.0.1/", "x"]
)
async def test_a_list_that_goes_on_elsewhere_is_not_followed(azure, workspace, link):
    azure.rule = times(1, Reply(200, {"value": [], "nextLink": link}))
    with pytest.raises(errors.WorkspaceError, match="on another host"):
        await workspace.datasets()


async def test_a_list_that_goes_in_circles_ends(azure, workspace):
    azure.rule = lambda asked: (
        Reply(200, {"value": [], "nextLink": f"https://{asked.host}{asked.path}?a=1"})
        if "/data" in asked.path
        else None
    )
    with pytest.raises(errors.WorkspaceError, match="no end"):
        await workspace.datasets()


async def test_a_version_that_somebody_else_made_meanwhile_is_a_conflict(azure, workspace):
    upload = await workspace.begin_upload("GenericCSV", name="sales")
    await workspace.send_part(upload, 0, b"a\n1\n", total=1)

    def first(asked):
        if asked.method == "PUT":
            azure.rule = lambda _: None
            azure.add("sales", "https://example.org/theirs.csv")

    azure.rule = first
    with pytest.raises(errors.Conflict):
        await workspace.commit(upload, name="sales")
    assert azure.assets["sales"].versions[0].properties["dataUri"].endswith("theirs.csv")


async def test_an_upload_is_gone_on_with_by_another_process(azure, workspace):
    upload = await workspace.begin_upload("GenericCSV", name="sales")
    await workspace.send_part(upload, 1, b"2\n", total=2)
    cloud = cloud_of(MANAGER, source="the tests")
    async with AzureMLWorkspace(HERE, cloud, retry=Retry(first_wait=0.01)) as other:
        await other.send_part(upload, 0, b"a\n1\n", total=2)
        made = await other.dataset(await other.commit(upload, name="sales"))
        async with other.read(made) as content:
            assert b"".join([piece async for piece in content]) == b"a\n1\n2\n"


async def test_a_refusal_of_a_proxy_is_not_taken_for_azures(azure, workspace):
    page = b"<html><head><title>Blocked by policy</title></head></html>"
    azure.rule = times(9, Reply(403, page, {"Content-Type": "text/html"}))
    with pytest.raises(errors.Unauthorized) as caught:
        await workspace.datasets()
    assert "proxy" in caught.value.hint
    assert "role" not in caught.value.hint


async def test_uploads_go_to_the_datastore_of_the_profile(azure):
    azure.lake = True
    cloud = cloud_of(MANAGER, source="the tests")
    async with AzureMLWorkspace(HERE, cloud, datastore="lake") as other:
        upload = await other.begin_upload("GenericCSV", name="sales")
        await other.send_part(upload, 0, b"a\n1\n", total=1)
        made = await other.dataset(await other.commit(upload, name="sales"))
        async with other.read(made) as content:
            assert b"".join([piece async for piece in content]) == b"a\n1\n"
    assert "/datastores/lake/" in azure.assets["sales"].versions[0].properties["dataUri"]


async def test_uploads_go_where_the_profile_says_or_say_that_it_is_not_there(azure, workspace):
    cloud = cloud_of(MANAGER, source="the tests")
    async with AzureMLWorkspace(HERE, cloud, datastore="nowhere") as other:
        with pytest.raises(errors.NotFound, match="nowhere"):
            await other.begin_upload("GenericCSV", name="sales")


async def test_nothing_that_opens_a_store_is_in_a_text_of_the_workspace(azure, workspace, blobs):
    azure.add("sales", blobs("sales.csv", b"a\n1\n"))
    found = await workspace.find("sales")
    key = azure.secrets["key"]
    everything = repr((workspace, found, vars(workspace._reader._stores)))
    everything += repr([one.container for one in workspace._reader._stores._opened.values()])
    assert key not in everything
    assert not any(token in everything for token in azure.tokens)


async def test_an_archived_name_is_refused_before_a_byte_of_a_file_goes(azure, workspace):
    azure.add("sales", "https://example.org/theirs.csv")
    await workspace.archive("sales")
    azure.asked.clear()
    with pytest.raises(errors.Conflict, match="archived") as caught:
        await workspace.begin_upload("GenericCSV", name="sales")
    assert "amltui azure restore sales" in caught.value.hint
    with pytest.raises(errors.DatasetGone, match="archived"):
        await workspace.begin_upload("GenericCSV", name="sales", replaces="sales")
    assert not any("datastores" in one for one in azure.managed)
    assert (await workspace.begin_upload("GenericCSV", name="other")).id
