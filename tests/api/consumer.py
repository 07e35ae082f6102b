"""Typical uses of the library, as a type checker sees them. Checked, never run."""

import io
from datetime import datetime
from pathlib import Path
from typing import assert_type

import pandas as pd
import pyarrow as pa

import amltui
from amltui import (
    AsyncDataset,
    AsyncWorkspace,
    DataTypeIds,
    Experiment,
    IntermediateDataset,
    SourceDataset,
    Workspace,
    deserialize_dataframe,
    serialize_dataframe,
)


def synchronous(path: Path) -> None:
    with Workspace(workspace_id="w", authorization_token="t", endpoint="https://h/") as ws:
        assert_type(ws, Workspace)
        assert_type(len(ws.datasets), int)
        for dataset in ws.datasets:
            assert_type(dataset, SourceDataset)
        one = ws.datasets["name"]
        assert_type(one, SourceDataset)
        assert_type(ws.datasets[0].name, str)
        assert_type(one.size, int | None)
        assert_type(one.created_date, datetime | None)
        assert_type(one.read_as_binary(), bytes)
        assert_type(one.read_as_text(), str)
        assert_type(one.to_dataframe(), pd.DataFrame)
        table: pa.Table = one.to_arrow()
        with one.open() as file:
            assert_type(file, io.BufferedReader)
            assert_type(file.read(10), bytes)
        made = ws.datasets.add_from_raw_data(path, DataTypeIds.GenericCSV, "n", "d")
        assert_type(made, SourceDataset)
        ws.datasets.add_from_raw_data(b"", "PlainText", name="n", description="d")
        with path.open("rb") as raw:
            made.update_from_raw_data(raw, description="new")
        made.update_from_dataframe(one.to_dataframe(), name="new name")
        made.rename("other")
        assert_type(made.versions(), list[SourceDataset])
        made.delete()
        experiment = ws.experiments["id"]
        assert_type(experiment, Experiment)
        assert_type(experiment.outputs(), list[IntermediateDataset])
        output = experiment.get_intermediate_dataset("node", "port", DataTypeIds.GenericCSV)
        assert_type(output.to_dataframe(), pd.DataFrame)
    assert_type(Workspace.from_profile("team"), Workspace)
    print(table)


async def asynchronous() -> None:
    async with AsyncWorkspace(profile="team") as ws:
        assert_type(ws, AsyncWorkspace)
        async for dataset in ws.datasets:
            assert_type(dataset, AsyncDataset)
        one = await ws.datasets.get("name")
        assert_type(one, AsyncDataset)
        assert_type(await one.to_dataframe(), pd.DataFrame)
        async with one.open() as file:
            assert_type(await file.read(10), bytes)
            async for chunk in file:
                assert_type(chunk, bytes)
        await one.update_from_raw_data(b"", name="new")
        assert_type([e.experiment_id async for e in ws.experiments], list[str])


def frames() -> pd.DataFrame:
    file = io.BytesIO()
    serialize_dataframe(file, DataTypeIds.GenericTSV, pd.DataFrame())
    return deserialize_dataframe(file, DataTypeIds.GenericTSV)


def failures(ws: Workspace) -> int:
    try:
        ws.datasets["x"].delete()
    except amltui.AzureMLConflictHttpError as error:
        return error.status_code
    except amltui.AzureMLHttpError as error:
        return error.status_code
    except amltui.errors.TransferCut as error:
        return error.received
    return 0
