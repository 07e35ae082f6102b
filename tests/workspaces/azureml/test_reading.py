"""Data assets, read from a Resource Manager and a blob store on loopback."""

from __future__ import annotations

from tests.workspaces.azureml.conftest import *  # noqa: F403


async def read(workspace, source, **part):
    async with workspace.read(source, **part) as content:
        return content.info, b"".join([piece async for piece in content])


async def test_a_file_is_listed_described_and_read(azure, workspace, blobs):
    uri = blobs("folder/a file.csv", b"a,b\n1,2\n")
    azure.add("sales", uri, description="By day", tags={"team": "x"})
    (listed,) = (await workspace.datasets()).datasets
    assert (listed.name, listed.key, listed.id) == ("sales", "sales", "sales:1")
    assert (listed.description, listed.tags, listed.is_brief) == ("By day", (("team", "x"),), True)
    found = await workspace.find("sales")
    assert (found.id, found.size, found.data_type_id) == ("sales:1", 8, "GenericCSV")
    assert found.owner == "Ada Example"
    for source in (listed, found):
        assert (await read(workspace, source))[1] == b"a,b\n1,2\n"
