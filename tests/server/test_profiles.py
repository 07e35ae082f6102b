from __future__ import annotations

import csv
import gzip
import io
import statistics
import subprocess

import pytest

from tests.server.test_embedded import SAMPLES
from tests.support.server import RunningServer, running_server
from tests.support.studio import Studio, url_of


@pytest.fixture
def studio(server):
    studio = Studio(server)
    yield studio
    studio.close()


def test_the_schema_of_the_census_tells_its_columns(studio):
    census = next(d for d in studio.all() if d["Name"].startswith("Adult"))
    assert census["SchemaStatus"] in {"Pending", "Complete"}
    schema = studio.http.get(f"datasources/{census['Id']}/schema").raise_for_status().json()
    assert schema["Rows"] == 32561
    types = {column["Name"]: column["Type"] for column in schema["Columns"]}
    assert len(types) == 15
    assert (types["age"], types["workclass"]) == ("int", "text")
    assert studio.one(census["Id"])["SchemaStatus"] == "Complete"
    assert studio.get(url_of(census, "SchemaEndPoint")).json() == schema


def test_the_visualisation_of_the_census_agrees_with_the_statistics_module(studio):
    census = next(d for d in studio.all() if d["Name"].startswith("Adult"))
    path = f"datasources/{census['Id']}/visualizationdata"
    columns = {c["Name"]: c for c in studio.http.get(path).raise_for_status().json()["Columns"]}
    text = gzip.decompress((SAMPLES / "adult.data.gz").read_bytes()).decode()
    ages = [int(row["age"]) for row in csv.DictReader(io.StringIO(text)) if row["age"]]
    age = columns["age"]
    assert (age["Minimum"], age["Maximum"], age["Count"]) == (min(ages), max(ages), len(ages))
    assert age["Mean"] == pytest.approx(statistics.fmean(ages))
    assert age["StandardDeviation"] == pytest.approx(statistics.stdev(ages))
    assert sum(bar["Count"] for bar in age["Histogram"]) == len(ages)
    assert columns["income"]["Distinct"] == 2
    assert columns["income"]["MostCommon"][0] == {"Value": "<=50K", "Count": 24720}


def test_types_without_columns_have_no_schema(studio):
    dataset = studio.create("bytes", b"\x00\xff", DataTypeId="Zip")
    assert dataset["SchemaStatus"] == "NotSupported"
    assert studio.http.get(f"datasources/{dataset['Id']}/schema").status_code == 400


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
        studio = Studio(server)
        dataset = studio.create("profiled", b"a,b\n1,x\n2,y\n")
        while dataset["SchemaStatus"] == "Pending":
            dataset = studio.one(dataset["Id"])
        assert dataset["SchemaStatus"] == "Complete"
        studio.close()
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_schema_is_computed_from_an_object_store(tmp_path, postgres, azurite):
    options = {"database": postgres.new_database(), "contents": azurite.new_container()}
    with running_server(tmp_path / "data", environment=azurite.environment, **options) as server:
        studio = Studio(server)
        dataset = studio.create("far", b"a,b\n1,x\n2,y\n")
        schema = studio.http.get(f"datasources/{dataset['Id']}/schema").json()
        assert [column["Type"] for column in schema["Columns"]] == ["int", "text"]
        studio.close()
