"""The wire: what real servers wrote is read, and what the old client reads is written."""

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltui.models import EPOCH
from amltui.wire import dates, headers, messages, routes

# A dataset as the hosted service wrote it, with keys of its own and nulls.
RECORDED = b"""{"Id": "w.f.i", "FamilyId": "f", "Name": "five mb", "Description": null,
 "DataTypeId": "GenericCSV", "Size": 169, "CreatedDate": "/Date(1795360208917)/",
 "CreatedDateTicks": 639309570089178100, "Owner": "Python SDK", "IsLatest": true,
 "SomethingNew": {"a": [1]}, "VisualizeEndPoint": null,
 "DownloadLocation": {"BaseUri": "https://a.blob.core.windows.net/", "Location": "c/key",
  "AccessCredential": "?sv=secret", "Size": 169, "Name": "", "EndpointType": "AzureBlob",
  "CredentialContainer": "c", "FileType": "", "IsAuxiliary": false}}"""

# Hypothesis wants naive bounds and adds the zone itself.
TIMES = st.datetimes(EPOCH.replace(tzinfo=None), timezones=st.just(UTC))


def test_a_recorded_dataset_is_read_with_its_link():
    dataset = msgspec.json.decode(RECORDED, type=messages.DataSource).model()
    assert (dataset.name, dataset.size, dataset.description) == ("five mb", 169, "")
    assert dataset.created_date == datetime(2026, 11, 22, 15, 10, 8, 917000, tzinfo=UTC)
    assert dataset.download_location.url == "https://a.blob.core.windows.net/c/key?sv=secret"


def test_the_credential_of_a_link_is_not_in_a_datasets_repr():
    dataset = msgspec.json.decode(RECORDED, type=messages.DataSource).model()
    assert "secret" not in repr(dataset)


def test_a_dataset_with_nothing_but_an_id_is_read():
    dataset = msgspec.json.decode(b'{"Id": "w.f.i"}', type=messages.DataSource).model()
    assert (dataset.family_id, dataset.name, dataset.size) == ("f", "", None)
    assert dataset.is_latest


def test_every_key_of_a_written_dataset_is_one_that_the_old_client_reads():
    written = msgspec.to_builtins(messages.DataSource(id="w.f.i"))
    for key in ("ResourceUploadId", "UploadedFromFilename", "CreatedDateTicks", "SchemaEndPoint"):
        assert key in written
    place = msgspec.to_builtins(messages.DownloadLocation())
    assert set(place) == {
        *("BaseUri", "Location", "AccessCredential", "Size", "Name", "EndpointType"),
        *("CredentialContainer", "FileType", "IsAuxiliary"),
    }


@given(TIMES)
def test_a_time_survives_the_wire_to_the_millisecond(moment):
    back = dates.from_wire(dates.to_wire(moment))
    assert back is not None
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)


def test_ticks_are_those_of_dot_net():
    assert dates.to_ticks(datetime(1, 1, 1, tzinfo=UTC)) == 0
    assert dates.to_ticks(datetime(2000, 1, 1, tzinfo=UTC)) == 630_822_816_000_000_000


@pytest.mark.parametrize("text", [None, "", "yesterday", "/Date(x)/", "/Date(99999999999999999)/"])
def test_a_time_that_cannot_be_read_is_none(text):
    assert dates.from_wire(text) is None


@given(st.binary())
def test_a_digest_survives_its_header(data):
    digest = hashlib.sha256(data).hexdigest()
    assert headers.sha256_of(headers.repr_digest(digest)) == digest
    assert headers.sha256_of(f"md5=:AAAA:, {headers.repr_digest(digest)}") == digest


@given(st.text())
def test_a_header_that_is_no_digest_gives_none(text):
    assert headers.sha256_of(f"sha-256=:{text}") is None or len(text) > 40
    assert headers.md5_of("!" + text) is None


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_part_of_a_route_cannot_leave_its_place(part):
    made = routes.path(routes.OUTPUT, w="w", e="e", node=part, port="Results dataset")
    assert made.count("/") == routes.OUTPUT.count("/")
    assert "?" not in made
    assert made.endswith("/Results%20dataset")


def test_an_experiment_gives_its_output_ports_with_the_modules_names():
    raw = b"""{"ExperimentId": "w.f-id.1", "Status": {"StatusCode": "Finished"},
     "Graph": {"ModuleNodes": [{"Id": "n1", "ModuleId": "m", "Comment": "Convert to CSV",
      "OutputPortsInternal": [{"Name": "Results dataset", "NodeId": "n1",
       "OutputType": "GenericCSV"}]}]},
     "NodeStatuses": [{"NodeId": "n1", "Status": {"StatusCode": "Finished"}}]}"""
    experiment = msgspec.json.decode(raw, type=messages.Experiment).model()
    (port,) = experiment.outputs
    assert (port.node_id, port.port_name, port.module) == (
        "n1",
        "Results dataset",
        "Convert to CSV",
    )
    assert experiment.nodes[0].status == "Finished"
