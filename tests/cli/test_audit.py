"""`amltui audit` on a data directory of its own."""

from __future__ import annotations

import csv
import io
import json

from tests.support.server import running_server
from tests.support.studio import Studio


def test_the_command_prints_filters_and_exports(alone, tmp_path):
    alone.environment["AMLTUI_DATA_DIR"] = str(tmp_path / "data")
    with running_server(tmp_path / "data", samples=False) as server:
        studio = Studio(server)
        studio.create('a, "b"')
        studio.close()
    alone("token", "create", "anna")
    document = alone("audit", "--json").json
    assert [one["action"] for one in document] == ["dataset.create", "token.create"]
    assert document[0]["name"] == 'a, "b"'
    assert document[0]["refused"] is False
    rows = list(csv.DictReader(io.StringIO(alone("audit", "--format", "csv").out)))
    assert rows[0]["name"] == 'a, "b"'
    assert rows[1]["time"].endswith("Z")
    lines = alone("audit", "--format", "jsonl", "--action", "token").out.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["anna"]
    assert "anna" in alone("audit", "--last", "1").out
    assert alone("audit", "--since", "tomorrow").out == ""
    assert alone("audit", "--since", "whenever").code == 2
    assert alone("audit", "--last", "0").code == 2
