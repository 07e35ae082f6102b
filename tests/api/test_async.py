"""The twin for asyncio."""

import asyncio
import contextlib
import os

import pandas as pd
import psutil
import pytest

import amltui
from amltui import errors

EXAMPLE = "Adult Census Income Binary Classification dataset"


async def test_datasets_are_counted_iterated_and_found(aws):
    names = [dataset.name async for dataset in aws.datasets]
    assert await aws.datasets.count() == len(names)
    assert (await aws.datasets.get(0)).name == names[0]
    iris = await aws.example_datasets.get("Iris")
    assert (await aws.datasets.get(iris.id)).name == "Iris"
    assert not hasattr(iris, "rename")
    assert repr(iris) == "Iris"
    with pytest.raises(IndexError):
        await aws.user_datasets.get("Iris")


async def test_contents_are_streamed_sought_in_and_parsed(aws):
    census = await aws.datasets.get(EXAMPLE)
    whole = await census.read_as_binary()
    async with census.open() as file:
        assert file.size == len(whole)
        assert await file.read(10) == whole[:10]
        assert await file.seek(-5, 2) == len(whole) - 5
        assert await file.read() == whole[-5:]
        await file.seek(1000)
        assert b"".join([chunk async for chunk in file]) == whole[1000:]
        assert file.tell() == len(whole)
    with pytest.raises(errors.UsageError):
        await file.read()
    assert (await census.to_dataframe()).shape[0] == 32_561
    assert (await (await aws.datasets.get("Iris")).to_arrow()).num_rows == 150


async def test_a_dataset_lives_from_frame_to_deletion(aws, name):
    frame = pd.DataFrame({"a": [1, 2]})
    made = await aws.datasets.add_from_dataframe(frame, "GenericTSV", name, "d")
    pd.testing.assert_frame_equal(await made.to_dataframe(), frame)
    await made.rename(f"{name} new")
    await made.describe("")
    await made.update_from_raw_data(b"a\n7\n")
    assert (await made.read_as_text(), made.name) == ("a\n7\n", f"{name} new")
    old = (await made.versions())[-1]
    assert (await old.restore()).size == 6
    await made.delete()
    with pytest.raises(errors.DatasetGone):
        await made.refresh()


async def test_experiments_and_their_outputs(aws):
    experiment, *_ = [e async for e in aws.example_experiments]
    assert (await aws.experiments.get(experiment.experiment_id)).creator == experiment.creator
    assert await aws.user_experiments.count() == 0
    output = next(o for o in await experiment.outputs() if o.data_type_id == "GenericCSV")
    again = experiment.get_intermediate_dataset(output.node_id, output.port_name, "GenericCSV")
    assert len(await again.read_as_binary()) > 0
    assert (await again.to_dataframe()).shape == (await output.to_dataframe()).shape
    assert output.module


async def test_many_questions_at_once_share_one_connection_setup(server):
    async with amltui.AsyncWorkspace(
        server.workspace_id, server.token, server.endpoint
    ) as workspace:
        counts = await asyncio.gather(*(workspace.datasets.count() for _ in range(20)))
    assert len(set(counts)) == 1


async def test_a_closed_workspace_says_so(server):
    workspace = amltui.AsyncWorkspace(server.workspace_id, server.token, server.endpoint)
    await workspace.datasets.count()
    await workspace.aclose()
    await workspace.aclose()
    with pytest.raises(errors.UsageError):
        await workspace.datasets.count()


async def test_a_cancelled_read_leaves_the_workspace_working(aws):
    census = await aws.datasets.get(EXAMPLE)
    for _ in range(5):
        task = asyncio.create_task(census.read_as_binary())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(await census.read_as_binary()) == census.size


async def opened(workspace):
    async with (await workspace.datasets.get(EXAMPLE)).open() as file:
        return await file.read()


async def outputs(workspace):
    return await (await workspace.experiments.get(0)).outputs()


async def parsed(workspace):
    return await (await workspace.datasets.get(EXAMPLE)).to_dataframe()


async def added(workspace):
    data = bytes(9 << 20)
    return await workspace.datasets.add_from_raw_data(data, "PlainText", os.urandom(8).hex(), "d")


@pytest.mark.parametrize("call", [opened, outputs, parsed, added])
@pytest.mark.parametrize("turns", [1, 5, 9, 14, 20, 30, 60])
async def test_a_call_cancelled_at_any_moment_leaves_no_task_and_no_socket(server, call, turns):
    def sockets():
        return {c.fd for c in psutil.Process().net_connections() if c.status == "ESTABLISHED"}

    before, tasks = sockets(), asyncio.all_tasks()
    workspace = amltui.AsyncWorkspace(server.workspace_id, server.token, server.endpoint)
    task = asyncio.create_task(call(workspace))
    for _ in range(turns):
        await asyncio.sleep(0)
    await asyncio.to_thread(int)  # answers may come in the meantime
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await workspace.aclose()
    assert asyncio.all_tasks() == tasks
    assert sockets() == before
