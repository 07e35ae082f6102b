"""Each code block of the old client's documentation, with its name replaced by ours.

The blocks stand as they do in "Access datasets with Python using the Azure Machine Learning
Python client library"; what they say that they print is what must be printed.
"""

import re
import textwrap

import pandas as pd
import pytest

import amltui
from amltui import Workspace

pytestmark = pytest.mark.usefixtures("documented")

CONNECT = """
    ws = Workspace(workspace_id='4c29e1adeba2e5a7cbeb0e4f4adfb4df',
                   authorization_token='f4f3ade2c6aefdb1afb043cd8bcf3daf')
"""
ALL = """
    for ds in ws.datasets:
        print(ds.name)
"""
USER = """
    for ds in ws.user_datasets:
        print(ds.name)
"""
EXAMPLES = """
    for ds in ws.example_datasets:
        print(ds.name)
"""
BY_NAME = """
    ds = ws.datasets['my dataset name']
"""
BY_INDEX = """
    ds = ws.datasets[0]
"""
ASSIGNED_BY_USER = """
    print(ds.name)
    print(ds.description)
    print(ds.family_id)
    print(ds.data_type_id)
"""
ASSIGNED_BY_SERVICE = """
    print(ds.id)
    print(ds.created_date)
    print(ds.size)
"""
FRAME = """
    frame = ds.to_dataframe()
"""
TEXT = """
    text_data = ds.read_as_text()
"""
BINARY = """
    binary_data = ds.read_as_binary()
"""
STREAM = """
    with ds.open() as file:
        binary_data_chunk = file.read(1000)
"""
CREATE_FROM_FRAME = """
    from amltui import DataTypeIds

    dataset = ws.datasets.add_from_dataframe(
        dataframe=frame,
        data_type_id=DataTypeIds.GenericCSV,
        name='my new dataset',
        description='my description'
    )
"""
CREATE_FROM_RAW = """
    from amltui import DataTypeIds

    dataset = ws.datasets.add_from_raw_data(
        raw_data=raw_data,
        data_type_id=DataTypeIds.GenericCSV,
        name='my new dataset',
        description='my description'
    )
"""
EXISTING = """
    dataset = ws.datasets['existing dataset']

    print(dataset.data_type_id) # 'GenericCSV'
    print(dataset.name)         # 'existing dataset'
    print(dataset.description)  # 'data up to jan 2015'
"""
UPDATE = """
    dataset = ws.datasets['existing dataset']

    dataset.update_from_dataframe(frame2)

    print(dataset.data_type_id) # 'GenericCSV'
    print(dataset.name)         # 'existing dataset'
    print(dataset.description)  # 'data up to jan 2015'
"""
UPDATE_FORMAT = """
    from amltui import DataTypeIds

    dataset = ws.datasets['existing dataset']

    dataset.update_from_dataframe(
        dataframe=frame2,
        data_type_id=DataTypeIds.GenericTSV,
    )

    print(dataset.data_type_id) # 'GenericTSV'
    print(dataset.name)         # 'existing dataset'
    print(dataset.description)  # 'data up to jan 2015'
"""
UPDATE_DESCRIPTION = """
    dataset = ws.datasets['existing dataset']

    dataset.update_from_dataframe(
        dataframe=frame2,
        description='data up to feb 2015',
    )

    print(dataset.data_type_id) # 'GenericCSV'
    print(dataset.name)         # 'existing dataset'
    print(dataset.description)  # 'data up to feb 2015'
"""
UPDATE_NAME = """
    dataset = ws.datasets['existing dataset']

    dataset.update_from_dataframe(
        dataframe=frame2,
        name='existing dataset v2',
        description='data up to feb 2015',
    )

    print(dataset.data_type_id)                    # 'GenericCSV'
    print(dataset.name)                            # 'existing dataset v2'
    print(dataset.description)                     # 'data up to feb 2015'

    print(ws.datasets['existing dataset v2'].name) # 'existing dataset v2'
    print(ws.datasets['existing dataset'].name)    # IndexError
"""

FRAME_1 = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
FRAME_2 = pd.DataFrame({"a": [3], "b": ["z"]})


@pytest.fixture(scope="module")
def documented(server):
    """The workspace of the documentation: its snippets name no endpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMLTUI_ENDPOINT", server.endpoint)
        yield


@pytest.fixture
def run(server, capsys):
    """Run a block; its printed lines. Names that it makes are there in the next."""
    names = {"Workspace": Workspace, "frame": FRAME_1, "frame2": FRAME_2, "raw_data": b"a\n1\n"}

    def run_block(block):
        block = block.replace("4c29e1adeba2e5a7cbeb0e4f4adfb4df", server.workspace_id)
        block = block.replace("f4f3ade2c6aefdb1afb043cd8bcf3daf", server.token)
        capsys.readouterr()
        exec(textwrap.dedent(block), names)  # the documentation's own code
        return capsys.readouterr().out.splitlines()

    run_block(CONNECT)
    run_block.names = names
    yield run_block
    names["ws"].close()


@pytest.fixture
def existing(run):
    """The dataset that the documentation updates; gone afterwards, whatever it is called."""
    ws = run.names["ws"]
    dataset = ws.datasets.add_from_dataframe(
        FRAME_1, "GenericCSV", "existing dataset", "data up to jan 2015"
    )
    yield dataset
    dataset.delete()


def promised(block):
    """What a block's comments say that it prints."""
    return re.findall(r"# '(.*)'", block)


def test_datasets_are_enumerated(run, existing):
    everything, mine, examples = run(ALL), run(USER), run(EXAMPLES)
    assert "existing dataset" in mine
    assert "Iris" in examples
    assert "Iris" not in mine
    assert sorted(everything) == sorted(mine + examples)


def test_a_dataset_is_found_by_name_and_by_index(run):
    ws = run.names["ws"]
    made = ws.datasets.add_from_raw_data(b"a\n1\n", "GenericCSV", "my dataset name", "text")
    run(BY_NAME)
    assert run.names["ds"].id == made.id
    run(BY_INDEX)
    assert run.names["ds"].id == next(iter(ws.datasets)).id
    made.delete()
    with pytest.raises(IndexError, match='A data set named "my dataset name" does not exist'):
        run(BY_NAME)


def test_metadata_are_printed(run, existing):
    run.names["ds"] = existing
    assert run(ASSIGNED_BY_USER) == [
        "existing dataset",
        "data up to jan 2015",
        existing.family_id,
        "GenericCSV",
    ]
    assert run(ASSIGNED_BY_SERVICE) == [existing.id, str(existing.created_date), "12"]


def test_contents_are_read(run, existing):
    run.names["ds"] = existing
    for block in (FRAME, TEXT, BINARY, STREAM):
        assert run(block) == []
    pd.testing.assert_frame_equal(run.names["frame"], FRAME_1)
    assert run.names["text_data"] == "a,b\n1,x\n2,y\n"
    assert run.names["binary_data"] == run.names["binary_data_chunk"] == b"a,b\n1,x\n2,y\n"


@pytest.mark.parametrize("block", [CREATE_FROM_FRAME, CREATE_FROM_RAW])
def test_a_dataset_is_created_and_its_name_is_then_taken(run, block):
    run(block)
    dataset = run.names["dataset"]
    assert (dataset.name, dataset.description) == ("my new dataset", "my description")
    with pytest.raises(amltui.AzureMLConflictHttpError) as caught:
        run(block)
    assert caught.value.status_code == 409
    dataset.delete()


@pytest.mark.parametrize("block", [EXISTING, UPDATE, UPDATE_FORMAT, UPDATE_DESCRIPTION])
def test_a_dataset_is_updated_and_prints_what_the_documentation_says(run, existing, block):
    assert run(block) == promised(block)
    updated = run.names["dataset"]
    expected = FRAME_1 if block is EXISTING else FRAME_2
    pd.testing.assert_frame_equal(updated.to_dataframe(), expected)
    assert updated.family_id == existing.family_id


def test_a_dataset_is_updated_under_a_new_name_and_the_old_name_is_gone(run, existing, capsys):
    with pytest.raises(IndexError, match="existing dataset"):
        run(UPDATE_NAME)
    assert capsys.readouterr().out.splitlines() == promised(UPDATE_NAME)


def test_raw_data_update_works_similarly(run, existing):
    existing.update_from_raw_data(b"a\tb\n", data_type_id="GenericTSV", description="new")
    assert (existing.data_type_id, existing.name, existing.description) == (
        "GenericTSV",
        "existing dataset",
        "new",
    )


def test_an_intermediate_dataset_is_read_as_studios_snippet_does(run):
    ws = run.names["ws"]
    experiment = ws.experiments[ws.example_experiments[0].experiment_id]
    output = next(o for o in experiment.outputs() if o.data_type_id == "GenericCSV")
    ds = experiment.get_intermediate_dataset(
        node_id=output.node_id, port_name=output.port_name, data_type_id="GenericCSV"
    )
    frame = ds.to_dataframe()
    assert "age" in frame.columns
    assert not hasattr(ds, "description")
    split = next(o for o in experiment.outputs() if o.data_type_id == "Dataset")
    assert not hasattr(split, "to_dataframe")
