"""Run by the old client's own Python: azureml 0.2.7 as it was published, against our server.

Arguments: workspace id, token, endpoint. Prints one line for each thing that worked; any failure
ends it with a traceback and a status other than 0.
"""

import io
import sys
import warnings

warnings.simplefilter("ignore")

import pandas as pd  # noqa: E402 - its warnings are silenced first
from azureml import DataTypeIds, Workspace  # noqa: E402 - as above
from azureml.errors import AzureMLHttpError  # noqa: E402 - as above

SMALL = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "ä", "z"]})
CENSUS = "Adult Census Income Binary Classification dataset"


def enumerate_datasets(ws):
    names = [ds.name for ds in ws.datasets]
    assert CENSUS in names
    assert [ds.name for ds in ws.example_datasets] == names
    assert list(ws.user_datasets) == []
    assert len(ws.datasets) == len(names)
    assert ws.datasets[0].name == names[0]
    assert ws.datasets[CENSUS].name == CENSUS
    try:
        ws.datasets["no such name"]
    except IndexError:
        pass
    else:
        raise AssertionError("an unknown name is an IndexError")
    print("enumerate, by name and index")


def metadata(ws):
    census = ws.datasets[CENSUS]
    for name in dir(type(census)):
        if not name.startswith("_") and isinstance(getattr(type(census), name), property):
            getattr(census, name)
    for place in (census.download_location, census.visualize_end_point, census.schema_end_point):
        for name in dir(type(place)):
            if not name.startswith("_"):
                getattr(place, name)
    assert census.is_example
    assert not hasattr(census, "update_from_dataframe")
    assert census.created_date.year >= 2024
    print("all metadata")


def read(ws):
    census = ws.datasets[CENSUS]
    frame = census.to_dataframe()
    assert frame.shape == (32561, 15), frame.shape
    data = census.read_as_binary()
    assert len(data) == census.size == 3974468
    assert census.read_as_text().encode() == data
    with census.open() as stream:
        assert stream.read(1000) == data[:1000]
    arff = ws.datasets["Breast cancer data"]
    assert not hasattr(arff, "to_dataframe")
    assert "@RELATION" in arff.read_as_text()
    print("read as frame, text, bytes, stream")


def create(ws):
    for type_id in (
        DataTypeIds.GenericCSV,
        DataTypeIds.GenericTSV,
        DataTypeIds.GenericCSVNoHeader,
        DataTypeIds.GenericTSVNoHeader,
    ):
        ws.datasets.add_from_dataframe(SMALL, type_id, "frame " + type_id, "from a frame")
        back = ws.datasets["frame " + type_id].to_dataframe()
        assert back.shape == (3, 2), (type_id, back)
        assert back.to_numpy().tolist() == SMALL.to_numpy().tolist(), (type_id, back)
    big = b"0123456789abcdef" * (5 * 65536 + 1)  # 5 MiB and a bit: three blocks
    made = ws.datasets.add_from_raw_data(big, DataTypeIds.PlainText, "raw", "from raw data")
    assert made.read_as_binary() == big
    assert made.size == len(big)
    empty = ws.datasets.add_from_raw_data(b"", DataTypeIds.PlainText, "empty", "nothing")
    assert empty.read_as_binary() == b""
    assert {ds.name for ds in ws.user_datasets} >= {"raw", "empty"}
    print("create from frame and raw data, below and above one block")


def refused(ws):
    for name, status in (("raw", 409), ("bad:name", 400)):
        try:
            ws.datasets.add_from_raw_data(b"x", DataTypeIds.PlainText, name, "d")
        except AzureMLHttpError as error:
            caught = error
        else:
            raise AssertionError(name)
        assert caught.status_code == status, caught
        assert status != 400 or "forbidden characters" in str(caught)
    print("conflict and bad name")


def update(ws):
    dataset = ws.datasets["frame GenericCSV"]
    family = dataset.family_id
    dataset.update_from_dataframe(
        SMALL.head(1), data_type_id=DataTypeIds.GenericTSV, name="renamed", description="new"
    )
    assert (dataset.name, dataset.description) == ("renamed", "new")
    assert (dataset.data_type_id, dataset.family_id) == (DataTypeIds.GenericTSV, family)
    assert ws.datasets["renamed"].to_dataframe().shape == (1, 2)
    assert "frame GenericCSV" not in [ds.name for ds in ws.datasets]
    ws.datasets["raw"].update_from_raw_data(b"short")
    assert ws.datasets["raw"].read_as_binary() == b"short"
    print("update with new type, name and description")


def intermediate(ws):
    experiment, *_ = ws.example_experiments
    assert experiment.status.status_code == "Finished"
    assert ws.experiments[experiment.experiment_id].description == experiment.description
    output = experiment.get_intermediate_dataset(
        "b8d2e4f3-convert", "Results dataset", DataTypeIds.GenericCSV
    )
    frame = output.to_dataframe()
    assert list(frame.columns[:2]) == ["age", "workclass"]
    assert pd.read_csv(io.StringIO(output.read_as_text())).shape == frame.shape
    assert output.open().read(3) == b"age"
    print("intermediate dataset")


def main(workspace_id, token, endpoint):
    ws = Workspace(workspace_id, token, endpoint)
    for step in (enumerate_datasets, metadata, read, create, refused, update, intermediate):
        step(ws)


if __name__ == "__main__":
    main(*sys.argv[1:])
