"""What code written for the old client does, and trips over nowhere."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from datetime import timedelta

import pytest

import amltui
from amltui import errors

TEXT = "größe,zahl\nä,1\n"


def test_text_is_uploaded_as_utf_8(ws, name):
    made = ws.datasets.add_from_raw_data(TEXT, "GenericCSV", name, "text")
    assert made.read_as_binary() == TEXT.encode()
    made.update_from_raw_data(TEXT * 2)
    assert made.read_as_text() == TEXT * 2


def test_the_old_settings_are_kept_as_they_were_written(environment, monkeypatch, tmp_path):
    for variable in ("AMLTUI_ENDPOINT", "AMLTUI_WORKSPACE_ID", "AMLTUI_TOKEN"):
        monkeypatch.delenv(variable)
    (tmp_path / ".azureml").mkdir()
    (tmp_path / ".azureml" / "settings.ini").write_text(
        "[workspace]\nid=test_id\nauthorization_token=test_token\n"
        "api_endpoint=api_endpoint\nmanagement_endpoint=management_endpoint\n"
    )
    workspace = amltui.Workspace()
    assert workspace.workspace_id == "test_id"
    assert workspace.authorization_token == "test_token"
    assert workspace.api_endpoint == "api_endpoint"
    assert workspace.management_endpoint == "management_endpoint"
    with pytest.raises(errors.ConfigError, match="no http or https address"):
        len(workspace.datasets)


@pytest.mark.parametrize("endpoint", ["nonsense", "ftp://h/", "http://u:secret@h/"])
def test_a_workspace_at_no_address_is_made_and_fails_when_it_is_used(endpoint):
    workspace = amltui.Workspace("a" * 32, "token-of-nobody", endpoint)
    assert workspace.api_endpoint == endpoint
    assert workspace.management_endpoint == amltui.Endpoints.management_default
    with pytest.raises(errors.ConfigError) as caught:
        len(workspace.datasets)
    assert "secret" not in str(caught.value)


def test_web_services_say_that_they_are_gone_and_why():
    from amltui import services

    for use in (
        lambda: services.publish("id", "token"),
        lambda: services.publish(len, "id", "token", endpoint="x"),
        lambda: services.service("url", "key"),
        lambda: services.types(a=float),
        lambda: services.returns(float),
        lambda: services.attach("file"),
        lambda: services.service_id("x"),
    ):
        with pytest.raises(errors.WebServicesGone, match="switched off in 2024") as caught:
            use()
    assert "services.service_id" in str(caught.value)
    assert caught.value.hint
    assert services is amltui.services
    with pytest.raises(AttributeError):
        _ = services.nothing_of_the_kind


def test_an_old_version_is_read_by_number_moment_and_id(ws, name):
    made = ws.datasets.add_from_raw_data("a\n1\n", "GenericCSV", name, "d")
    first, begun = made.id, made.created_date
    made.update_from_raw_data("a\n2\n")
    second = ws.datasets[name]
    for old in (
        second.version(1),
        second.version(-1),
        second.version(first),
        ws.datasets[first],
        ws.datasets[f"{name}@1"],
        ws.datasets.get(name, version=1),
        ws.datasets.get(name, as_of=begun),
        ws.user_datasets.get(name, version="-1"),
    ):
        assert (old.id, old.is_latest) == (first, False)
        assert old.read_as_text() == "a\n1\n"
    assert ws.datasets.get(name, version="latest").id == second.id
    assert ws.datasets[f"{name}@latest"].id == second.id
    for missing in ({"version": 3}, {"as_of": begun - timedelta(days=1)}):
        with pytest.raises(IndexError, match="has no version"):
            ws.datasets.get(name, **missing)
    with pytest.raises(IndexError, match="has no version 9"):
        _ = ws.datasets[f"{name}@9"]
    with pytest.raises(IndexError, match="does not exist"):
        _ = ws.example_datasets[first]
    with pytest.raises(errors.NotFound):
        second.version(3)


async def test_versions_are_awaited_too(aws, name):
    made = await aws.datasets.add_from_raw_data("a\n1\n", "GenericCSV", name, "d")
    first = made.id
    await made.update_from_raw_data("a\n2\n")
    assert (await made.version(1)).id == first
    assert (await aws.datasets.get(name, version=-1)).id == first
    assert (await aws.datasets.get(f"{name}@1")).id == first


def test_a_dataset_is_pickled_without_token_and_link_and_read_where_the_token_is_known(
    environment, server, name
):
    with amltui.Workspace(server.workspace_id, server.token, server.endpoint) as ws:
        made = ws.datasets.add_from_raw_data(TEXT, "GenericCSV", name, "d")
        assert made.download_location.access_credential
        pickled = pickle.dumps(made)
        credential = made.download_location.access_credential
    assert server.token.encode() not in pickled
    assert credential.encode() not in pickled
    assert len(pickle.dumps(ws)) < 1_000
    code = (
        "import pickle, sys; made = pickle.loads(sys.stdin.buffer.read());"
        "sys.stdout.buffer.write(made.read_as_binary())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, input=pickled, capture_output=True
    )
    assert done.stdout == TEXT.encode(), done.stderr


def test_a_copy_of_a_workspace_is_the_workspace(ws):
    assert copy.copy(ws) is ws
    assert copy.deepcopy({"ws": ws})["ws"] is ws


def test_a_notebook_shows_datasets_as_a_table_in_which_names_are_text(ws, name):
    odd = f"<b>{name}</b>\u202e"
    made = ws.datasets.add_from_raw_data("x", "PlainText", odd, "d")
    for page in (made._repr_html_(), ws.user_datasets._repr_html_()):
        assert "&lt;b&gt;" in page
        assert "<b>" not in page
        assert "\u202e" not in page
        assert "PlainText" in page
    made.delete()
