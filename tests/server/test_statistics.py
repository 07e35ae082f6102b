from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import resource
import statistics
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amltui.config.children import child_command
from amltui.server import startup, uploads
from amltui.server.http_errors import NotFound
from amltui.server.options import ServeOptions
from amltui.server.statistics import StatisticsService
from amltui.server.store.base import Stored
from amltui.server.workers import worker_environment
from tests.server.test_embedded import SAMPLES
from tests.support.server import RunningServer, running_server
from tests.support.studio import Studio, url_of


@pytest.fixture
def studio(server):
    with Studio(server) as studio:
        yield studio


def test_the_schema_of_the_census_tells_its_columns(studio):
    census = next(d for d in studio.all() if d["Name"].startswith("Adult"))
    assert census["SchemaStatus"] in {"Pending", "Complete"}
    schema = schema_of(studio, census)[0].raise_for_status().json()
    assert schema["Rows"] == 32561
    types = {column["Name"]: column["Type"] for column in schema["Columns"]}
    assert len(types) == 15
    assert (types["age"], types["workclass"]) == ("int", "text")
    assert studio.one(census["Id"])["SchemaStatus"] == "Complete"
    assert studio.get(url_of(census, "SchemaEndPoint")).json() == schema


def test_the_visualisation_of_the_census_agrees_with_the_statistics_module(studio):
    census = next(d for d in studio.all() if d["Name"].startswith("Adult"))
    found = schema_of(studio, census, "visualizationdata")[0].raise_for_status().json()
    columns = {c["Name"]: c for c in found["Columns"]}
    text = gzip.decompress((SAMPLES / "adult.data.gz").read_bytes()).decode()
    ages = [int(row["age"]) for row in csv.DictReader(io.StringIO(text)) if row["age"]]
    age = columns["age"]
    assert (age["Minimum"], age["Maximum"], age["Count"]) == (min(ages), max(ages), len(ages))
    assert age["Mean"] == pytest.approx(statistics.fmean(ages))
    assert age["StandardDeviation"] == pytest.approx(statistics.stdev(ages))
    assert sum(bar["Count"] for bar in age["Histogram"]) == len(ages)
    assert columns["income"]["Distinct"] == 2
    assert columns["income"]["MostCommon"][0] == {"Value": "<=50K", "Count": 24720}


def test_the_visualisation_says_what_stats_says_also_of_missing_values_and_words(studio):
    lines = ["n,flag,word", "1,yes,a", "2,no,a", "4,yes,", "NA,NA,NA", "inf,yes,b"]
    dataset = studio.create("mixed", "\n".join(lines).encode(), DataTypeId="GenericCSV")
    found = schema_of(studio, dataset, "visualizationdata")[0].raise_for_status().json()
    number, flag, word = found["Columns"]
    assert (number["Type"], number["Count"], number["Missing"], number["Distinct"]) == (
        "float", 4, 1, 4,
    )  # fmt: skip
    assert (number["Minimum"], number["Maximum"]) == (1, 4)
    assert number["Mean"] == pytest.approx(7 / 3)
    assert (flag["Type"], flag["Missing"]) == ("bool", 1)
    assert flag["MostCommon"] == [{"Value": "true", "Count": 3}, {"Value": "false", "Count": 1}]
    assert (word["Count"], word["Missing"], word["Distinct"]) == (4, 1, 3)


def test_types_without_columns_have_no_schema(studio):
    dataset = studio.create("bytes", b"\x00\xff", DataTypeId="Zip")
    assert dataset["SchemaStatus"] == "NotSupported"
    assert studio.http.get(f"datasources/{dataset['Id']}/schema").status_code == 400


def test_contents_are_read_as_what_their_bytes_are(studio):
    """As every client reads them: compressed, Parquet, or JSON Lines, whatever the type says."""
    table = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}), table)
    contents = {
        "GenericCSV": gzip.compress(b"a,b\n1,x\n2,y\n"),
        "Binary": table.getvalue(),
        "PlainText": b'{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n',
    }
    for data_type_id, content in contents.items():
        dataset = studio.create(f"as {data_type_id}", content, DataTypeId=data_type_id)
        schema = schema_of(studio, dataset)[0].raise_for_status().json()
        columns = [(one["Name"], one["Type"]) for one in schema["Columns"]]
        assert (schema["Rows"], columns) == (2, [("a", "int"), ("b", "text")])


@pytest.mark.parametrize("data_type_id", ["PlainText", "Binary"])
def test_contents_without_rows_are_known_to_have_no_schema_once_it_was_asked_for(
    studio, data_type_id
):
    dataset = studio.create(
        f"words as {data_type_id}", b"just\x00words\xff", DataTypeId=data_type_id
    )
    assert studio.http.get(f"datasources/{dataset['Id']}/schema").status_code == 400
    assert studio.one(dataset["Id"])["SchemaStatus"] == "NotSupported"


def test_hostile_contents_fail_their_schema_and_nothing_else(studio):
    dataset = studio.create("arff", b"@RELATION \xff\n@ATTRIBUTE", DataTypeId="ARFF")
    answer = studio.http.get(f"datasources/{dataset['Id']}/schema")
    assert answer.status_code in {200, 409}
    assert studio.read(dataset) == b"@RELATION \xff\n@ATTRIBUTE"


def test_a_team_server_computes_schemas_after_the_commit(tmp_path):
    """Without being asked: the status in the list becomes Complete."""
    from tests.server.test_run import settings_of, start_team

    data = tmp_path / "data"
    process = start_team(data, log=subprocess.DEVNULL)  # a pipe nobody reads would fill
    try:
        process.stdout.readline()
        workspace = settings_of(data)
        server = RunningServer(
            workspace["api_endpoint"],
            workspace["id"],
            workspace["authorization_token"],
            data,
            process,
        )
        with Studio(server) as studio:
            dataset = studio.create("profiled", b"a,b\n1,x\n2,y\n")
            while dataset["SchemaStatus"] == "Pending":
                dataset = studio.one(dataset["Id"])
        assert dataset["SchemaStatus"] == "Complete"
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_schema_is_computed_from_an_object_store(tmp_path, postgres, azurite):
    options = {"database": postgres.new_database(), "contents": azurite.new_container()}
    with (
        running_server(tmp_path / "data", environment=azurite.environment, **options) as server,
        Studio(server) as studio,
    ):
        dataset = studio.create("far", b"a,b\n1,x\n2,y\n")
        schema = schema_of(studio, dataset)[0].json()
        assert [column["Type"] for column in schema["Columns"]] == ["int", "text"]


ROWS = b"a,b\n" + b"".join(b"%d,word %d\n" % (n, n) for n in range(200_000))


def schema_of(studio, dataset, what="schema"):
    """The first answer that is not "pending" or "not now"; what they were meanwhile."""
    meanwhile = []
    while True:
        answer = studio.http.get(f"datasources/{dataset['Id']}/{what}")
        if answer.status_code not in {202, 503}:
            return answer, meanwhile
        meanwhile.append(answer.status_code)
        time.sleep(0.1)  # as a client does that is told to ask again


def refusal_of(studio, dataset):
    """The first answer that is not "pending", with which a busy server is not in haste."""
    while True:
        answer = studio.http.get(f"datasources/{dataset['Id']}/schema")
        if answer.status_code != 202:
            return answer


def profilers(server):
    """The processes that compute a schema now, other than those that end this moment."""
    found = []
    for child in psutil.Process(server.process.pid).children(recursive=True):
        try:
            if "amltui.server.statistics_worker" in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def next_profiler(server):
    while not (found := profilers(server)):
        time.sleep(0.01)
    return found[0]


def test_a_schema_that_found_no_room_is_computed_once_there_is_some(tmp_path):
    with running_server(tmp_path / "data", samples=False) as server, Studio(server) as studio:
        dataset = studio.create("large", ROWS)
        process = psutil.Process(server.process.pid)
        _, hard = process.rlimit(resource.RLIMIT_FSIZE)
        process.rlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
        assert refusal_of(studio, dataset).status_code == 503
        assert studio.one(dataset["Id"])["SchemaStatus"] == "Pending"
        process.rlimit(resource.RLIMIT_FSIZE, (hard, hard))
        answer, _ = schema_of(studio, dataset)
        assert answer.json()["Rows"] == 200_000


def test_a_schema_whose_process_was_killed_is_computed_again(tmp_path):
    with running_server(tmp_path / "data", samples=False) as server, Studio(server) as studio:
        dataset = studio.create("killed", ROWS)
        killer = threading.Thread(target=lambda: next_profiler(server).kill())
        killer.start()
        first = refusal_of(studio, dataset)
        killer.join()
        assert first.status_code == 503
        answer, _ = schema_of(studio, dataset)
        assert answer.json()["Rows"] == 200_000


async def test_a_content_that_was_deleted_meanwhile_is_computed_once_it_is_sent_again(tmp_path):
    async def body():
        yield ROWS

    stored = Stored(hashlib.sha256(ROWS).hexdigest(), len(ROWS))
    options = ServeOptions(tmp_path / "data", samples=False)
    async with startup.open_state(options, "http://127.0.0.1:1/") as state:
        service = StatisticsService(state)
        with pytest.raises(NotFound):
            await service.get(stored, "GenericCSV", "schema")
        await uploads.begin_whole(state, None, "GenericCSV", stored.size, body())
        schema = await service.get(stored, "GenericCSV", "schema", patience=60)
        assert json.loads(schema)["Rows"] == 200_000


def sparse_content(relation=b"r"):
    attributes = b"".join(b"@ATTRIBUTE a%d NUMERIC\n" % n for n in range(20_000))
    return b"@RELATION " + relation + b"\n" + attributes + b"@DATA\n" + b"{}\n" * 20_000


def test_a_small_content_does_not_wait_behind_costly_ones(tmp_path):
    with running_server(tmp_path / "data", samples=False) as server, Studio(server) as studio:
        # One has a short turn, which is not enough; the others are too large for it.
        costly = [
            studio.create(f"costly {n}", b"n%d,word\n" % n + ROWS * times)
            for n, times in enumerate((4, 12, 12))
        ]
        small = studio.create("small", b"a,b\n1,2\n")
        with ThreadPoolExecutor() as pool:
            for dataset in costly:
                pool.submit(studio.http.get, f"datasources/{dataset['Id']}/schema")
            next_profiler(server)
            answer, _ = schema_of(studio, small)
            states = [studio.one(dataset["Id"])["SchemaStatus"] for dataset in costly]
        assert answer.json()["Rows"] == 1
        assert "Pending" in states[1:]  # it was there before all that is costly


def test_a_content_that_is_too_costly_stops_nobody_and_is_remembered(tmp_path):
    """A sparse file of half a megabyte that would be 400 million cells."""
    sparse = sparse_content()
    with running_server(tmp_path / "data", samples=False) as server, Studio(server) as studio:
        costly = studio.create("costly", sparse, DataTypeId="ARFF")
        small = studio.create("small", b"a,b\n1,2\n")
        began = time.monotonic()
        pending = studio.http.get(f"datasources/{costly['Id']}/schema")
        if pending.status_code == 202:
            assert time.monotonic() - began < 30
            assert pending.json()["SchemaStatus"] == "Pending"
            answer, _ = schema_of(studio, small)
            assert answer.status_code == 200
        refused, _ = schema_of(studio, costly)
        assert (refused.status_code, "too costly" in refused.text) == (409, True)
        assert studio.one(costly["Id"])["SchemaStatus"] == "Failed"
        began = time.monotonic()
        assert studio.http.get(f"datasources/{costly['Id']}/schema").status_code == 409
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("module", ["statistics_worker", "web.rows_worker"])
def test_the_process_that_reads_contents_ends_without_its_server(tmp_path, module):
    content = tmp_path / "content"
    content.write_bytes(gzip.compress(ROWS * 8))
    command = child_command(f"amltui.server.{module}", content, "GenericCSV", tmp_path / "table")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, env=worker_environment()) as process:
        process.stdin.close()
        assert (process.wait(), process.stdout.read()) == (1, b"")


def test_the_process_that_reads_contents_inherits_no_secret(tmp_path):
    secrets = {"PGPASSWORD": "s3cret", "AWS_SECRET_ACCESS_KEY": "s3cret", "AMLTUI_TOKEN": "s3cret"}
    with (
        running_server(tmp_path / "data", environment=secrets, samples=False) as server,
        Studio(server) as studio,
    ):
        dataset = studio.create("watched", ROWS)
        seen = []

        def look():
            pid = next_profiler(server).pid
            seen.append(Path(f"/proc/{pid}/environ").read_bytes())

        looker = threading.Thread(target=look)
        looker.start()
        schema_of(studio, dataset)
        looker.join()
        assert b"PATH=" in seen[0]
        assert b"s3cret" not in seen[0]
