"""Collections, metadata and contents through the synchronous classes."""

import asyncio
import io
import os
import traceback
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest

import amltui
from amltui import AzureMLConflictHttpError, UnsupportedDatasetTypeError, errors
from amltui.config.profiles import Profile, save
from tests.support.proxy import fault_proxy

METADATA = (
    *("batch", "category", "client_version", "created_date_ticks", "culture", "experiment_id"),
    *("is_deprecated", "promoted_from", "schema_end_point", "schema_status", "service_version"),
    *("uploaded_from_filename", "visualize_end_point"),
)
EXPERIMENT = ("creator", "etag", "is_archived", "job_id", "run_id", "version_id", "description")
EXAMPLE = "Adult Census Income Binary Classification dataset"


@pytest.fixture
def made(ws, name):
    dataset = ws.datasets.add_from_raw_data(b"a,b\n1,2\n", "GenericCSV", name, "columns")
    yield dataset
    dataset.delete()


def test_datasets_are_found_by_position_name_and_id(ws, made):
    names = [dataset.name for dataset in ws.datasets]
    assert len(ws.datasets) == len(names)
    assert ws.datasets[-1].name == names[-1]
    assert ws.datasets[np.int64(0)].name == names[0]
    assert ws.datasets[made.name].id == ws.datasets[made.id].id == made.id
    assert made.name in ws.datasets
    assert made.name in ws.user_datasets
    assert made.name not in ws.example_datasets
    for wrong in (10_000, made.name.upper(), "no such"):
        with pytest.raises(IndexError):
            ws.datasets[wrong]
    with pytest.raises(IndexError, match='A data set named "Iris" does not exist'):
        ws.user_datasets["Iris"]
    with pytest.raises(
        IndexError, match=r'A data set named "Irs" does not exist\. Did you mean "Iris'
    ):
        ws.datasets["Irs"]
    with pytest.raises(TypeError):
        ws.datasets[None]


def test_the_list_looks_like_its_names(ws, made):
    assert repr(ws.datasets).splitlines() == [dataset.name for dataset in ws.datasets]
    assert repr(made) == made.name


def test_what_cannot_be_done_says_why(ws, made):
    with pytest.raises(AttributeError, match="it is an example"):
        ws.datasets["Iris"].delete()
    output = next(iter(ws.example_experiments)).outputs()[0]
    with pytest.raises(AttributeError, match="cannot be read as a frame"):
        output.to_dataframe()
    with pytest.raises(IndexError, match="none at 1000: there are"):
        ws.datasets[1000]
    with pytest.raises(TypeError, match="should be a pandas DataFrame or Arrow table, not list"):
        ws.datasets.add_from_dataframe([1], "GenericCSV", "never", "d")


def test_ipython_completes_names_and_ids(ws, made):
    assert made.name in ws.datasets._ipython_key_completions_()
    assert made.name not in ws.example_datasets._ipython_key_completions_()
    examples = [experiment.experiment_id for experiment in ws.example_experiments]
    assert ws.experiments._ipython_key_completions_() == examples


def test_an_error_that_nobody_catches_is_printed_with_what_to_do(server):
    with pytest.raises(errors.Unauthorized) as caught:
        len(amltui.Workspace(server.workspace_id, "wrong", server.endpoint).datasets)
    caught.value.add_note("and a note")
    lines = traceback.format_exception(caught.value)
    assert lines[-2:] == [f"{caught.value.hint}\n", "and a note\n"]


def test_a_workspace_says_which_it_is_and_not_its_token(server):
    known = amltui.Workspace(server.workspace_id, server.token, server.endpoint)
    assert repr(known) == f"<Workspace {server.workspace_id} at {server.endpoint}>"
    assert repr(amltui.AsyncWorkspace(profile="team")) == "<AsyncWorkspace of profile team>"
    assert repr(amltui.Workspace()) == "<Workspace of the environment or the settings>"


def test_an_unchanged_list_is_not_sent_again(ws):
    listed = ws.run(lambda aws: aws.listed_datasets())
    assert ws.run(lambda aws: aws.listed_datasets()) is listed


async def test_each_question_is_one_request_that_tells_which_list_is_known(server):
    async with fault_proxy(urlsplit(server.endpoint).port) as proxy:

        def ask():
            with amltui.Workspace(server.workspace_id, server.token, proxy.endpoint) as workspace:
                for question in (
                    len,
                    lambda datasets: [one.name for one in datasets],  # list() asks for len, too
                    repr,
                    lambda datasets: datasets[0],
                    lambda datasets: datasets["Iris"],
                    lambda datasets: "no such" in datasets,
                ):
                    question(workspace.datasets)
                    yield len(proxy.requests)

        assert await asyncio.to_thread(list, ask()) == [1, 2, 3, 4, 5, 6]
        known = [request.headers.get("if-none-match") for request in proxy.requests]
        assert known[0] is None
        assert None not in known[1:]
        assert len(set(known[1:])) == 1


def test_metadata_say_what_the_workspace_says(made):
    assert made.dataset_id == made.id
    assert made.id.split(".")[1] == made.family_id
    assert made.size == 8
    assert made.created_date.tzinfo is UTC
    assert datetime.now(UTC) - made.created_date < timedelta(minutes=10)
    assert made.owner == "Python SDK"
    assert made.source_origin == "FromResourceUpload"
    assert made.resource_upload_id
    assert made.is_latest
    assert not made.is_example
    assert made.contents_url.startswith("http")
    assert made.download_location.access_credential not in repr(made.download_location)
    for attribute in METADATA:
        getattr(made, attribute)


def test_what_a_dataset_cannot_do_is_absent(ws, made):
    example = ws.datasets[EXAMPLE]
    changes = ["update_from_dataframe", "update_from_raw_data", "rename", "delete", "describe"]
    for method in changes:
        assert hasattr(made, method)
        assert method in dir(made)
        assert not hasattr(example, method)
        assert method not in dir(example)
    assert hasattr(ws.datasets["Breast cancer data"], "to_dataframe")
    made.update_from_raw_data(b"PK", data_type_id="Zip")
    assert not hasattr(made, "to_dataframe")
    assert not hasattr(made, "to_arrow")


def test_an_open_dataset_is_a_binary_file(ws):
    dataset = ws.datasets[EXAMPLE]
    whole = dataset.read_as_binary()
    assert len(whole) == dataset.size
    with dataset.open() as file:
        assert isinstance(file, io.BufferedIOBase)
        assert (file.readable(), file.seekable(), file.writable()) == (True, True, False)
        assert file.read(10) == whole[:10]
        assert file.tell() == 10
        assert file.seek(-7, os.SEEK_END) == len(whole) - 7
        assert file.read() == whole[-7:]
        assert file.read() == b""
        file.seek(1_000_000)
        buffer = bytearray(5)
        assert file.readinto(buffer) == 5
        assert buffer == whole[1_000_000:1_000_005]
        assert file.seek(len(whole) + 100) == len(whole) + 100
        assert file.read(1) == b""
        file.seek(0)
        assert file.readline() == whole.split(b"\n", 1)[0] + b"\n"
        assert b"".join(file) == whole.split(b"\n", 1)[1]
        with pytest.raises(ValueError):
            file.seek(-1)
    with pytest.raises(ValueError):
        file.read(1)


def test_a_text_layer_and_pandas_can_read_an_open_dataset(ws):
    with io.TextIOWrapper(ws.datasets["Iris"].open(), "utf-8") as text:
        assert text.readline().startswith("sepal_length")
    with ws.datasets["Iris"].open() as file:
        assert pd.read_csv(file).shape == (150, 5)


def test_frames_come_from_every_type_with_rows(ws):
    assert ws.datasets[EXAMPLE].to_dataframe().shape[0] == 32_561
    cancer = ws.datasets["Breast cancer data"].to_dataframe()
    assert len(cancer) == 569
    assert isinstance(ws.datasets["Automobile price data (Raw)"].to_dataframe(), pd.DataFrame)
    table = ws.datasets["Iris"].to_arrow()
    assert table.num_rows == 150


@pytest.mark.parametrize("how", ["bytes", "bytearray", "memoryview", "path", "file", "pipe"])
def test_raw_data_may_be_bytes_a_path_or_a_binary_file(ws, name, tmp_path, how):
    data = os.urandom(9 << 20)
    path = tmp_path / "some file.bin"
    path.write_bytes(b"skipped" + data)
    if how == "path":
        path.write_bytes(data)
        made = ws.datasets.add_from_raw_data(path, "PlainText", name, "d")
        assert made.uploaded_from_filename == "some file.bin"
    elif how == "file":
        with path.open("rb") as file:
            file.seek(7)
            made = ws.datasets.add_from_raw_data(file, "PlainText", name, "d")
            assert not file.closed
    elif how == "pipe":

        class Pipe:
            rest = io.BytesIO(data)

            def read(self, size=-1):
                return self.rest.read(min(size, 100_001))

        made = ws.datasets.add_from_raw_data(Pipe(), "PlainText", name, "d")
    else:
        kinds = {"bytes": bytes, "bytearray": bytearray, "memoryview": memoryview}
        made = ws.datasets.add_from_raw_data(kinds[how](data), "PlainText", name, "d")
    assert made.size == len(data)
    assert made.read_as_binary() == data
    made.delete()


def test_no_bytes_at_all_are_an_empty_dataset(ws, name):
    made = ws.datasets.add_from_raw_data(b"", "GenericCSV", name, "d")
    assert made.size == 0
    assert made.read_as_binary() == b""
    assert made.to_dataframe().shape == (0, 0)
    with made.open() as file:
        assert file.read() == b""
    made.delete()


def test_what_the_old_client_refused_is_refused(ws, made, tmp_path):
    frame = pd.DataFrame({"a": [1]})
    add, raw = ws.datasets.add_from_dataframe, ws.datasets.add_from_raw_data
    for call in (
        lambda: add(None, "GenericCSV", "n", "d"),
        lambda: add(frame, "", "n", "d"),
        lambda: add(frame, "GenericCSV", None, "d"),
        lambda: raw(None, "GenericCSV", "n", "d"),
        lambda: raw(b"", "GenericCSV", "n", ""),
        lambda: raw(io.StringIO("text"), "GenericCSV", "n", "d"),
        lambda: raw(17, "GenericCSV", "n", "d"),
        lambda: made.update_from_dataframe(None),
        lambda: made.update_from_raw_data(None),
        lambda: amltui.Workspace("", "token", "http://h"),
        lambda: amltui.Workspace("id", "", "http://h"),
        lambda: amltui.Workspace("id", "token", ""),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(UnsupportedDatasetTypeError, match='Dataset type "Zip" is not supported'):
        add(frame, "Zip", "n", "d")
    with pytest.raises(errors.LocalError):
        raw(tmp_path / "missing", "GenericCSV", "n", "d")
    assert made.name in ws.datasets


def test_a_dataset_is_renamed_described_restored_and_deleted(ws, made, name):
    made.rename(f"{name} renamed")
    assert name not in ws.datasets
    made.describe("other words")
    assert ws.datasets[f"{name} renamed"].description == "other words"
    old = made.id
    made.update_from_raw_data(b"new")
    newest, *_, oldest = made.versions()
    assert (newest.id, oldest.id) == (made.id, old)
    assert oldest.read_as_binary() == b"a,b\n1,2\n"
    assert oldest.restore().read_as_binary() == b"a,b\n1,2\n"
    taken = ws.datasets.add_from_raw_data(b"x", "PlainText", name, "d")
    with pytest.raises(AzureMLConflictHttpError):
        made.rename(name)
    taken.delete()
    with pytest.raises(IndexError):
        ws.datasets[name]
    with pytest.raises(errors.DatasetGone):
        taken.refresh()


def test_experiments_are_found_by_position_and_id(ws):
    example, *_ = ws.example_experiments
    assert example.is_example
    assert ws.experiments[example.experiment_id].experiment_id == example.experiment_id
    assert len(ws.experiments) == len(ws.user_experiments) + len(ws.example_experiments)
    assert repr(example).startswith(example.experiment_id)
    assert example.status.status_code
    assert example.status.creation_time.tzinfo is UTC
    for attribute in [
        "creator",
        "etag",
        "is_archived",
        "job_id",
        "run_id",
        "version_id",
        "description",
    ]:
        getattr(example, attribute)
    with pytest.raises(IndexError, match='An experiment with the id "x" does not exist'):
        ws.experiments["x"]
    with pytest.raises(IndexError, match=f'Did you mean "{example.experiment_id}"'):
        ws.experiments[example.description[:-1]]
    for wrong in (("", "p", "t"), ("n", None, "t"), ("n", "p", "")):
        with pytest.raises(TypeError):
            example.get_intermediate_dataset(*wrong)
    missing = example.get_intermediate_dataset("nowhere", "port", "GenericCSV")
    with pytest.raises(errors.NotFound):
        missing.read_as_binary()
    with pytest.raises(errors.NotFound):
        missing.open()


def test_text_is_decoded_and_its_mark_dropped(ws, made):
    made.update_from_raw_data("\ufeffgrüße".encode())
    assert made.read_as_text() == "grüße"
    made.update_from_raw_data(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        made.read_as_text()


def test_a_wrong_token_is_unauthorized(server):
    with (
        amltui.Workspace(server.workspace_id, "wrong", server.endpoint) as workspace,
        pytest.raises(amltui.AzureMLUnauthorizedError) as caught,
    ):
        len(workspace.datasets)
    assert caught.value.status_code == 401
    assert isinstance(caught.value, amltui.AzureMLHttpError)
    assert isinstance(caught.value, amltui.AzureMLError)


def test_arguments_that_are_left_out_come_from_the_environment(environment, server):
    with amltui.Workspace() as workspace:
        assert workspace.workspace_id == server.workspace_id
        assert workspace.authorization_token == server.token
        assert workspace.api_endpoint == server.endpoint
        assert len(workspace.example_datasets) > 0


def test_without_any_configuration_it_is_the_local_workspace(environment, monkeypatch):
    for variable in ("AMLTUI_ENDPOINT", "AMLTUI_WORKSPACE_ID", "AMLTUI_TOKEN"):
        monkeypatch.delenv(variable)
    with amltui.Workspace() as workspace:
        assert (workspace.api_endpoint, workspace.authorization_token) == (None, None)
        assert workspace.datasets["Iris"].to_dataframe().shape == (150, 5)
        assert len(workspace.workspace_id) == 32
        made = workspace.datasets.add_from_raw_data(b"a\n1\n", "GenericCSV", "kept", "d")
    with amltui.Workspace() as workspace:
        assert workspace.user_datasets[0].id == made.id


@pytest.mark.parametrize("key", ["api_endpoint", "endpoint"])
def test_the_old_clients_settings_file_is_read_with_either_spelling(
    environment, server, monkeypatch, tmp_path, key
):
    for variable in ("AMLTUI_ENDPOINT", "AMLTUI_WORKSPACE_ID", "AMLTUI_TOKEN"):
        monkeypatch.delenv(variable)
    (tmp_path / ".azureml").mkdir()
    (tmp_path / ".azureml" / "settings.ini").write_text(
        f"[workspace]\nid = {server.workspace_id}\n"
        f"authorization_token = {server.token}\n{key} = {server.endpoint}\n"
    )
    with amltui.Workspace() as workspace:
        assert workspace.api_endpoint == server.endpoint
        assert "Iris" in workspace.datasets


def test_a_profile_that_is_not_there_is_a_config_error(environment):
    with (
        amltui.Workspace.from_profile("nowhere") as workspace,
        pytest.raises(errors.ConfigError),
    ):
        len(workspace.datasets)


def test_a_workspace_that_was_closed_connects_again(ws):
    count = len(ws.datasets)
    ws.close()
    ws.close()
    assert len(ws.datasets) == count


def test_a_folder_that_is_one_table_is_named_with_its_slash(environment, monkeypatch, tmp_path):
    for year in (2023, 2024):
        place = tmp_path / "files" / "days" / f"year={year}"
        place.mkdir(parents=True)
        (place / "a.csv").write_text("a\n1\n2\n")
    save(Profile("files", (tmp_path / "files").as_uri()), None)
    for name in ("ENDPOINT", "WORKSPACE_ID", "TOKEN"):
        monkeypatch.delenv(f"AMLTUI_{name}")
    with amltui.Workspace.from_profile("files") as workspace:
        days = workspace.datasets["days/"]
        assert days.to_dataframe().to_dict("list") == {
            "year": [2023, 2023, 2024, 2024],
            "a": [1, 2, 1, 2],
        }
        assert days.to_arrow(["year"], range(1, 3))["year"].to_pylist() == [2023, 2024]
        with pytest.raises(IndexError):
            workspace.datasets["none/"]
