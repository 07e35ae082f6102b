from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from amltui.cache import Cache
from amltui.models import Dataset, OutputPort
from amltui.services.unfinished import unfinished
from amltui.transfers.entries import DownloadEntry, UploadEntry
from amltui.transfers.journal import Journal
from amltui.transfers.records import (
    DownloadRecord,
    DownloadRequest,
    UploadRecord,
    UploadRequest,
)

KEY = "http://127.0.0.1:1/w"
BEGUN = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
LOCATION = (
    '{"base_uri":"","location":"","access_credential":"","size":null,"name":"","endpoint_type":"",'
    '"credential_container":"","file_type":"","is_auxiliary":false}'
)
# To the letter as written when one type served both kinds.
WRITTEN = {
    "d1": '{"id":"d1","workspace":"http://127.0.0.1:1/w","kind":"download","name":"Sales",'
    '"begun":"2026-11-20T08:30:00Z","error":"Refused","download":{"target":"/home/ann/sales.csv",'
    f'"overwrite":true,"placing":"{"ab" * 32}","dataset":{{"id":"w.f-1.1","family_id":"f-1",'
    '"name":"Sales","data_type_id":"GenericCSV","description":"","size":12,"created_date":null,'
    '"created_date_ticks":null,"owner":"","source_origin":"","resource_upload_id":null,'
    '"uploaded_from_filename":"","experiment_id":null,"promoted_from":null,"client_version":null,'
    '"service_version":0,"is_latest":true,"is_deprecated":false,"category":"","culture":"",'
    f'"batch":0,"schema_status":"","download_location":{LOCATION},'
    f'"visualize_end_point":{LOCATION},"schema_end_point":{LOCATION},"sha256":null,"tags":[],'
    '"note":"","is_brief":false,"typed":true}}}',
    "d2": '{"id":"d2","workspace":"http://127.0.0.1:1/w","kind":"download","name":"e1/n1",'
    '"begun":"2026-11-20T08:30:00Z","download":{"target":null,"port":{"experiment_id":"e1",'
    '"node_id":"n1","port_name":"out","data_type_id":"GenericCSV","module":""}},"paused":true}',
    "u1": '{"id":"u1","workspace":"http://127.0.0.1:1/w","kind":"upload","name":"new",'
    '"begun":"2026-11-20T08:30:00Z","upload":{"path":"/home/ann/new.csv",'
    '"data_type_id":"GenericCSV","description":"of May","replaces":"f-1","size":4096,'
    '"mtime_ns":17,"block_size":2048,"upload_id":"up-1","committing":true},"given_up":true}',
}
RECORDS = {
    "d1": DownloadRecord(
        "d1", KEY, "Sales", BEGUN, error="Refused",
        request=DownloadRequest(
            "/home/ann/sales.csv", overwrite=True, placing="ab" * 32,
            dataset=Dataset("w.f-1.1", "f-1", "Sales", "GenericCSV", size=12),
        ),
    ),
    "d2": DownloadRecord(
        "d2", KEY, "e1/n1", BEGUN, paused=True,
        request=DownloadRequest(None, port=OutputPort("e1", "n1", "out", "GenericCSV")),
    ),
    "u1": UploadRecord(
        "u1", KEY, "new", BEGUN, given_up=True,
        request=UploadRequest(
            "/home/ann/new.csv", "GenericCSV", "of May", "f-1", 4096, 17, 2048, "up-1",
            committing=True,
        ),
    ),
}  # fmt: skip


@pytest.fixture
def cache(tmp_path):
    with Cache(tmp_path / "cache") as one:
        one.journals.mkdir(parents=True)
        yield one


@pytest.mark.parametrize("name", WRITTEN)
def test_what_an_earlier_version_noted_is_read_and_written_with_the_same_keys(cache, name):
    path = cache.journals / f"{name}.json"
    path.write_text(WRITTEN[name])
    journal = Journal(cache.journals)
    claimed = [*journal.claim_unowned(KEY), *journal.claim_given_up(KEY)]
    assert [entry.record for entry in claimed] == [RECORDS[name]]
    claimed[0].write()
    claimed[0].close()
    assert holds(msgspec.json.decode(path.read_bytes()), msgspec.json.decode(WRITTEN[name]))


def holds(written, before):
    """Whether all that stood there before stands there still; keys may have come."""
    if not isinstance(before, dict):
        return written == before
    return all(key in written and holds(written[key], value) for key, value in before.items())


def test_a_record_is_claimed_as_what_it_is(cache):
    for name, text in WRITTEN.items():
        (cache.journals / f"{name}.json").write_text(text.replace(',"given_up":true', ""))
    claimed = list(Journal(cache.journals).claim_unowned(KEY))
    assert {entry.record.id: type(entry) for entry in claimed} == {
        "d1": DownloadEntry,
        "d2": DownloadEntry,
        "u1": UploadEntry,
    }
    for entry in claimed:
        entry.close()


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN["d2"].replace(',"port"', ',"gate"'),
        WRITTEN["d2"].replace('"download"', '"upload"', 1),
        WRITTEN["u1"].replace('"upload",', '"sideload",', 1),
        WRITTEN["u1"].replace('"upload":{', '"unload":{'),
        "",
    ],
    ids=["no source", "another kind", "an unknown kind", "no request", "torn"],
)
def test_a_record_that_says_too_little_to_go_on_with_is_left_alone(cache, text):
    (cache.journals / "x1.json").write_text(text)
    assert unfinished(cache, KEY) == ()
    assert list(Journal(cache.journals).claim_unowned(KEY)) == []


def test_of_a_record_that_ends_while_another_process_looks_at_it_no_lock_stays(cache):
    for name in ("d1", "d2"):
        (cache.journals / f"{name}.json").write_text(WRITTEN[name])
    journal = Journal(cache.journals)
    claimed = journal.claim_unowned(KEY)
    first = next(claimed)
    other = "d2" if first.record.id == "d1" else "d1"
    (cache.journals / f"{other}.json").unlink()
    assert not journal.running(other)
    assert list(claimed) == []
    assert sorted(path.name for path in cache.journals.iterdir()) == [
        f"{first.record.id}.json",
        f"{first.record.id}.lock",
    ]
    first.close()
