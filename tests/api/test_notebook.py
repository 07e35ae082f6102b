"""The library in a notebook: a real kernel, whose event loop runs."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("ipykernel")
jupyter_client = pytest.importorskip("jupyter_client")
pytestmark = [
    pytest.mark.slow,  # a kernel of its own starts
    # Of the libraries that start it.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CELLS = [
    "import asyncio, amltui; asyncio.get_running_loop().is_running()",
    "ws = amltui.Workspace(); ws.datasets['Iris'].to_dataframe().shape",
    "ws.datasets['Iris']",
    "ws",
    "aws = amltui.AsyncWorkspace(); iris = await aws.datasets.get('Iris')",
    "(await iris.to_arrow(['class'], range(2))).num_rows",
    (
        "async def both():\n"
        "    return await asyncio.gather(iris.read_as_binary(), iris.to_dataframe())\n"
        "len((await both())[0])"
    ),
    "ws.datasets['Iris'].open().read(5)",
    "await aws.aclose(); ws.close(); 'closed'",
]


@pytest.fixture
def kernel(environment, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    manager, client = jupyter_client.manager.start_new_kernel(
        kernel_name="python3", env=dict(os.environ)
    )
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def shown(client, code):
    """What a notebook shows below a cell, by MIME type; what it raises is the test's."""
    outputs = []
    client.execute_interactive(code, timeout=120, output_hook=outputs.append)
    for message in outputs:
        if message["msg_type"] == "error":
            pytest.fail("\n".join(message["content"]["traceback"]))
    results = [one for one in outputs if one["msg_type"] == "execute_result"]
    return results[-1]["content"]["data"] if results else {}


def test_the_sync_and_the_async_library_work_where_a_loop_runs(kernel):
    found = [shown(kernel, cell) for cell in CELLS]
    text = [one.get("text/plain") for one in found]
    assert text[0] == "True"
    assert text[1] == "(150, 5)"
    assert "<table>" in found[2]["text/html"]
    assert "<td>Iris</td>" in found[2]["text/html"]
    assert os.environ["AMLTUI_TOKEN"] not in str(found)
    assert text[5] == "2"
    assert int(text[6]) > 1_000
    assert text[7] == "b'sepal'"
    assert text[8] == "'closed'"
