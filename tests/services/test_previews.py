"""Previews: first rows at once, all rows later, from the network or from the cache."""

import os
import random

import pytest

from amltui.services.session import open_session

CENSUS = "Adult Census Income Binary Classification dataset"


async def grown(preview):
    """The preview once nothing more will come, and how often it changed."""
    changes = 0
    async for _ in preview.changes():
        changes += 1
    return changes


async def uploaded(session, path, data, data_type_id="GenericCSV"):
    path.write_bytes(data)
    return await session.upload(path, name=path.name, data_type_id=data_type_id)


async def test_the_first_rows_of_the_census_are_there_as_the_file_has_them():
    async with open_session() as session:
        preview = await session.preview(await session.find(CENSUS))
        names = [column.name for column in preview.rows.columns]
        assert names[:3] == ["age", "workclass", "fnlwgt"]
        row = [cells[0] for cells in preview.rows.window(0, 1, range(3))]
        assert row == ["39", "State-gov", "77516"]
        assert not preview.rows.complete
        preview.close()


async def test_a_preview_grows_to_all_rows_and_their_types():
    async with open_session() as session:
        preview = await session.preview(await session.find(CENSUS))
        assert await grown(preview) >= 1
        assert preview.problem is None
        assert preview.rows.complete
        assert preview.rows.row_count == 32_561
        assert preview.rows.columns[0].type == "int"
        assert preview.rows.window(32_560, 32_561, [0]) == [["52"]]
        preview.close()


async def test_what_was_previewed_once_opens_offline_and_whole():
    async with open_session() as session:
        preview = await session.preview(await session.find("Iris"))
        await grown(preview)
        preview.close()
    async with open_session(offline=True) as session:
        preview = await session.preview(await session.find("Iris"))
        assert preview.table is not None
        assert preview.rows.row_count == 150
        preview.close()


async def test_a_large_dataset_is_written_by_another_process_while_its_bytes_arrive(tmp_path):
    line = b"%d,some text that makes the row a little longer,%d\n"
    data = b"id,text,n\n" + b"".join(line % (i, i * 7) for i in range(200_000))
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "large.csv", data)
        preview = await session.preview(dataset)
        counts = [preview.rows.row_count]
        counts += [preview.rows.row_count async for _ in preview.changes()]
        assert preview.problem is None
        assert counts == sorted(counts)
        assert counts[-1] == 200_000
        row = random.Random(7).randrange(200_000)
        assert preview.rows.window(row, row + 1, [0, 2]) == [[str(row)], [str(row * 7)]]
        preview.close()


async def test_unknown_types_are_shown_as_bytes(tmp_path):
    data = bytes(range(256)) * 2_000
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "thing.zip", data, "Zip")
        preview = await session.preview(dataset)
        assert preview.rows.cell(1, 0) == "00000010"
        await grown(preview)
        assert preview.rows.complete
        assert preview.rows.row_count == 32_000
        preview.close()


@pytest.mark.parametrize("data", [b"", b"a,b\n", b"a,b", b"1"])
async def test_a_dataset_with_no_rows_or_one_previews_without_a_problem(data, tmp_path):
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "tiny.csv", data)
        preview = await session.preview(dataset)
        await grown(preview)
        assert preview.problem is None
        assert preview.rows.complete
        assert preview.rows.row_count == 0
        preview.close()


async def test_an_intermediate_dataset_previews_like_a_dataset():
    async with open_session() as session:
        workspace = await session.connect()
        listed = (await workspace.experiments())[0]
        experiment = await workspace.experiment(listed.experiment_id)
        port = next(p for p in experiment.outputs if p.data_type_id == "GenericCSV")
        preview = await session.preview(port)
        assert preview.rows.columns[0].name == "age"
        await grown(preview)
        assert preview.rows.complete
        preview.close()


async def test_leaving_a_preview_early_keeps_what_arrived_and_stops_the_rest(tmp_path):
    data = b"n\n" + b"".join(b"%d\n" % i for i in range(3_000_000))
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "long.csv", data)
        preview = await session.preview(dataset)
        async for _ in preview.changes():
            break
        preview.close()
        again = await session.preview(dataset)
        assert again.rows.window(0, 2, [0]) == [["0", "1"]]
        await grown(again)
        assert again.rows.row_count == 3_000_000
        again.close()
        building = list(session.cache.directory.rglob("table.*"))
        assert [path for path in building if str(os.getpid()) in path.name] == []
