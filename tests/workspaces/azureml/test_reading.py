"""Data assets, read from a Resource Manager and a blob store on loopback."""

from __future__ import annotations

import hashlib
import io
import re
import time
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from azure.storage.blob import ContainerSasPermissions, generate_container_sas

from amltui import errors
from amltui.config.azure import CLOUDS
from amltui.models import Dataset
from amltui.services.versions import VersionList, find_by_key
from amltui.workspaces.azureml.mltable import MLTable, read_mltable
from amltui.workspaces.azureml.reading import Data
from amltui.workspaces.azureml.stores import BlobStore, Container
from amltui.workspaces.azureml.uris import InAccount, InDatastore, OnTheWeb, place_of
from amltui.workspaces.parts import Part
from tests.support.azure import GROUP, SUBSCRIPTION, WORKSPACE
from tests.support.services import ACCOUNT, KEY

PUBLIC = "core.windows.net"
CSV = b"a,b\n1,2\n3,4\n"


async def read(workspace, source, **part):
    async with workspace.read(source, **part) as content:
        return content.info, b"".join([piece async for piece in content])


async def opened(workspace, name):
    return (await read(workspace, await workspace.find(name)))[1]


async def test_a_file_is_listed_described_and_read(azure, workspace, blobs):
    uri = blobs("folder/a file.csv", CSV)
    azure.add("sales", uri, description="By day", tags={"team": "x"})
    (listed,) = (await workspace.datasets()).datasets
    assert (listed.name, listed.key, listed.id) == ("sales", "sales", "sales:1")
    assert (listed.description, listed.tags, listed.is_brief) == ("By day", (("team", "x"),), True)
    found = await workspace.find("sales")
    assert (found.id, found.size, found.data_type_id) == ("sales:1", len(CSV), "GenericCSV")
    assert (found.owner, found.created_date.year, found.is_brief) == ("Ada Example", 2026, False)
    for source in (listed, found):
        info, data = await read(workspace, source)
        assert (info.size, data) == (len(CSV), CSV)
    info, part = await read(workspace, found, start=4, stop=8)
    assert (info.start, part) == (4, b"1,2\n")


async def test_the_first_of_5000_assets_are_there_after_one_request(azure, workspace):
    for number in range(5_000):
        azure.add(f"asset-{number}", "https://example.org/x.csv")
    pages = workspace.pages()
    first = await anext(pages)
    assert [one.method for one in azure.asked if "oauth2" not in one.path] == ["GET"]
    rest = [one async for page in pages for one in page]
    assert len({one.key for one in (*first, *rest)}) == 5_000
    listing = await workspace.datasets()
    assert (len(listing.datasets), listing.unreadable) == (5_000, 0)
    assert await workspace.datasets(etag=listing.etag) is None


LIST, ASSET = "GET /data/sales/versions", "GET /data/sales"


async def test_the_first_of_5000_versions_are_there_after_two_requests(azure, workspace, blobs):
    azure.add_many("sales", blobs("sales.csv", CSV), 5_000)
    found = VersionList(workspace, "sales")
    first = await found.read()
    assert azure.managed == [ASSET, LIST]
    assert [one.dataset.id for one in first[:2]] == ["sales:5000", "sales:4999"]
    assert first[0].dataset.is_latest
    while found.more:
        await found.read()
    numbers = [int(one.dataset.id.partition(":")[2]) for one in found.versions]
    assert numbers == [one.number for one in found.versions] == list(range(5_000, 0, -1))


@pytest.mark.parametrize(
    ("name", "expected", "pages"),
    [
        ("sales", "sales:5000", 0),
        ("sales@latest", "sales:5000", 0),
        ("sales:17", "sales:17", 0),
        ("sales@-1", "sales:4999", 1),
        ("sales@-150", "sales:4850", 2),
        ("sales@1", "sales:1", 50),
    ],
)
async def test_one_of_5000_versions_is_found_by_no_more_requests_than_it_takes(
    azure, workspace, blobs, name, expected, pages
):
    azure.add_many("sales", blobs("sales.csv", CSV), 5_000)
    found = await find_by_key(name, workspace)
    assert (found.id, azure.managed.count(LIST)) == (expected, pages)
    assert (await read(workspace, found))[1] == CSV
    assert "GET /data" not in azure.managed
    assert len(azure.managed) <= pages + 6


async def test_versions_are_in_the_order_of_time_and_the_latest_is_what_azure_says(
    azure, workspace, blobs
):
    for number in range(12):
        azure.add("sales", blobs(f"{number}.csv", b"%d\n" % number))
    found = await workspace.versions("sales")
    assert [one.id for one in found] == [f"sales:{number}" for number in range(12, 0, -1)]
    assert [one.is_latest for one in found] == [True] + [False] * 11
    old = await workspace.dataset("sales:3")
    assert (old.is_latest, (await read(workspace, old))[1]) == (False, b"2\n")
    azure.assets["sales"].versions[-1].properties["isArchived"] = True
    assert (await workspace.versions("sales"))[0].id == "sales:11"
    assert (await workspace.find("sales")).id == "sales:11"


async def test_what_is_missing_or_null_in_an_answer_costs_no_other_entry(azure, workspace):
    azure.add("plain", "https://example.org/x.csv")
    azure.assets["plain"].properties.update(description=None, tags=None, dataType="UriFile")
    azure.add("odd", "https://example.org/x.csv", tags={"a": None})
    azure.add("wrong", "https://example.org/x.csv")
    azure.assets["wrong"].properties["description"] = 7
    listing = await workspace.datasets()
    assert [one.name for one in listing.datasets] == ["plain", "odd"]
    assert listing.unreadable == 1


@pytest.mark.parametrize("gone", ["nobody", "sales:7", "sales/x.csv"])
async def test_what_is_not_there_says_so(azure, workspace, blobs, gone):
    azure.add("sales", blobs("there/sales.csv", CSV).rpartition("/")[0], "uri_folder")
    with pytest.raises(errors.DatasetGone):
        await workspace.dataset(gone)


async def test_an_asset_whose_file_was_deleted_says_that_nothing_is_there(azure, workspace):
    azure.add("sales", azure.path("never/there.csv"))
    with pytest.raises(errors.DatasetGone, match=r"never/there\.csv") as caught:
        await workspace.dataset("sales")
    assert "only names the place" in caught.value.hint


HOME = f"subscriptions/{SUBSCRIPTION}/resourcegroups/{GROUP}/workspaces/{WORKSPACE}"


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("azureml://datastores/d/paths/a b/c.csv", InDatastore("d", "a b/c.csv")),
        ("azureml://datastores/d", InDatastore("d", "")),
        ("azureml://workspaces/0f-1/datastores/d/paths/x/", InDatastore("d", "x")),
        ("wasbs://box@acc1.blob.core.windows.net/p", InAccount("acc1", PUBLIC, "box", "p")),
        ("abfss://fs@acc1.dfs.core.windows.net/p/q", InAccount("acc1", PUBLIC, "fs", "p/q")),
        ("https://acc1.blob.core.windows.net/box/p%20r", InAccount("acc1", PUBLIC, "box", "p r")),
        ("https://example.org/a/b.csv", OnTheWeb("https://example.org", "a/b.csv")),
    ],
)  # fmt: skip
def test_an_address_says_which_place_it_means(uri, place):
    assert place_of(uri) == place


def test_the_long_address_names_the_workspace_that_it_is_in():
    place = place_of(f"azureml://{HOME}/datastores/d/paths/p")
    assert (place.datastore, place.path, place.workspace.workspace) == ("d", "p", WORKSPACE)


@pytest.mark.parametrize(
    "uri", ["", "adl://x/y", "http://x/y", "https://u:p@x/y", "https://x/y?sig=s3cret"]
)
def test_an_address_that_cannot_be_read_is_refused_without_what_it_holds(uri):
    with pytest.raises(errors.NotSupportedByServer) as caught:
        place_of(uri)
    assert "s3cret" not in str(caught.value)


async def test_a_container_is_read_by_its_own_address_too(azure, workspace, blobs, monkeypatch):
    blobs("by/address.csv", CSV)
    azure.add("plain", f"https://{ACCOUNT}.blob.core.local/{azure.container}/by/address.csv")
    azure.add("abfss", f"abfss://{azure.container}@{ACCOUNT}.dfs.core.local/by/address.csv")
    object.__setattr__(workspace._arm.cloud, "storage", "core.local")
    for name in ("plain", "abfss"):
        assert await opened(workspace, name) == CSV


async def test_a_data_lake_is_read_through_its_blob_endpoint(azure, workspace, blobs):
    blobs("in/lake.csv", CSV)
    azure.lake = True
    azure.add("sales", azure.path("in/lake.csv").replace("workspaceblobstore", "lake"))
    assert await opened(workspace, "sales") == CSV


async def test_one_level_of_a_folder_is_listed_as_such(azure, workspace, blobs):
    for path in ("1.csv", "sub/2.csv", "sub/deep/3.csv"):
        blobs(f"levels/{path}", CSV)
    azure.add("levels", azure.path("levels/"), "uri_folder")
    azure.add("file", azure.path("levels/1.csv"))
    top = await workspace.level("levels/")
    assert (top.folders, [one.name for one in top.datasets]) == (("levels/sub/",), ["levels/1.csv"])
    (inner,) = (await workspace.level("levels/sub/")).datasets
    assert (inner.id, inner.size) == ("levels:1/sub/2.csv", len(CSV))
    assert (await read(workspace, inner))[1] == CSV
    assert [one.name for one in (await workspace.level("")).datasets] == ["levels", "file"]
    for missing in ("levels/none/", "file/", "nobody/", "levels/../"):
        with pytest.raises(errors.NotFound):
            await workspace.level(missing)


def signature(container, key):
    allowed = ContainerSasPermissions(read=True, list=True)
    ends = datetime.now(UTC) + timedelta(hours=1)
    return generate_container_sas(ACCOUNT, container, key, permission=allowed, expiry=ends)


@pytest.mark.parametrize("kind", ["AccountKey", "Sas", "None", "ServicePrincipal"])
async def test_a_datastore_is_opened_by_what_it_says(azure, workspace, blobs, kind):
    azure.add("sales", blobs("sales.csv", CSV))
    azure.credentials = kind
    if kind == "Sas":
        azure.secrets = {"secretsType": "Sas", "sasToken": signature(azure.container, KEY)}
    elif kind == "ServicePrincipal":
        azure.principal = {
            "tenantId": "t",
            "clientId": "c",
            "authorityUrl": "https://login.core.local",
        }
        azure.secrets = {"secretsType": kind, "clientSecret": "the-secret-of-the-program"}
    assert await opened(workspace, "sales") == CSV


async def test_a_signature_that_ended_is_asked_for_once_more(azure, workspace, blobs):
    azure.add("sales", blobs("sales.csv", CSV))
    azure.credentials = "Sas"
    wrong = signature(azure.container, "d3Jvbmcga2V5IG9mIHRoZSB0ZXN0cw==")
    azure.secrets = {"secretsType": "Sas", "sasToken": wrong}
    with pytest.raises(errors.Unauthorized) as caught:
        await workspace.find("sales")
    assert "Storage Blob Data Reader" in caught.value.hint
    azure.secrets = {"secretsType": "Sas", "sasToken": signature(azure.container, KEY)}
    assert await opened(workspace, "sales") == CSV


async def test_a_folder_of_files_with_one_header_is_one_table(azure, workspace, blobs):
    blobs("days/1.csv", b"a,b\n1,2\n")
    blobs("days/2.csv", b"a,b\r\n3,4")
    blobs("days/sub/3.csv", b"a,b\n5,6\n")
    blobs("days/_SUCCESS", b"")
    azure.add("days", azure.path("days/"), "uri_folder")
    found = await workspace.find("days")
    info, data = await read(workspace, found)
    assert data == b"a,b\n1,2\n3,4\n5,6\n"
    assert (found.data_type_id, found.size, info.size) == ("GenericCSV", len(data), len(data))
    assert "3 files" in found.note
    assert (await read(workspace, found, start=6, stop=14))[1] == data[6:14]
    inner = await workspace.find("days/sub/3.csv")
    assert (inner.id, inner.name) == ("days:1/sub/3.csv", "days/sub/3.csv")
    assert (await read(workspace, inner))[1] == b"a,b\n5,6\n"


def parquet(table, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


async def test_a_folder_of_parquet_files_of_one_schema_is_one_table(azure, workspace, blobs):
    for year in (2024, 2025):
        rows = {"a": range(year, year + 500), "b": ["x"] * 500}
        blobs(f"p/year={year}/part.parquet", parquet(pa.table(rows), row_group_size=100))
    blobs("p/_SUCCESS", b"")
    azure.add("p", azure.path("p/"), "uri_folder")
    found = await workspace.find("p")
    info, data = await read(workspace, found)
    table = pq.read_table(io.BytesIO(data))
    assert table["a"].to_pylist() == [*range(2024, 2524), *range(2025, 2525)]
    assert table["year"].to_pylist() == [2024] * 500 + [2025] * 500
    assert (found.size, info.size, info.ranges) == (len(data), len(data), True)
    assert (found.uploaded_from_filename, "2 files" in found.note) == ("p.parquet", True)
    assert "names of folders say: year" in found.note
    assert (await read(workspace, found, start=100, stop=9_000))[1] == data[100:9_000]
    text = "paths: [{pattern: ./*/*.parquet}]\ntransformations: [read_parquet]\n"
    blobs("p/MLTable", text.encode())
    azure.add("t", azure.path("p"), "mltable")
    rows = pq.read_table(io.BytesIO(await opened(workspace, "t")))
    assert rows.equals(table.drop_columns(["year"]))
    blobs("p/year=2026/part.parquet", parquet(pa.table({"a": ["text"], "b": ["x"]})))
    azure.add("other", azure.path("p"), "uri_folder")
    assert "not one table" in (await workspace.find("other")).note


async def test_what_the_folders_of_texts_say_is_in_their_rows(azure, workspace, blobs):
    blobs("parted/year=2024/a.csv", b"a,b\n1,2\n")
    azure.add("parted", azure.path("parted/"), "uri_folder")
    found = await workspace.find("parted")
    info, data = await read(workspace, found)
    assert (data, found.size, info.size) == (b"year,a,b\n2024,1,2\n", None, None)
    assert "names of folders say: year" in found.note


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b'a,"b\nc"\n1,2\n', b'a,"b\nc"\n3,4\n'),  # a header of two lines
        ("a,b\n1,2\n".encode("utf-16"), "a,b\n3,4\n".encode("utf-16")),
        (b"a,b\n1,2\n", b"a;b\n3;4\n"),
    ],
)
async def test_files_that_cannot_simply_follow_each_other_are_no_one_table(
    azure, workspace, blobs, first, second
):
    name = hashlib.sha256(first).hexdigest()[:8]
    blobs(f"{name}/1.csv", first)
    blobs(f"{name}/2.csv", second)
    azure.add("odd", azure.path(name), "uri_folder")
    with pytest.raises(errors.NotSupportedByServer):
        await opened(workspace, "odd")


async def test_a_mark_of_utf_8_stands_once_at_the_beginning(azure, workspace, blobs):
    for number in (1, 2):
        blobs(f"marked/{number}.csv", b"\xef\xbb\xbfa\n%d\n" % number)
    azure.add("marked", azure.path("marked"), "uri_folder")
    assert await opened(workspace, "marked") == b"\xef\xbb\xbfa\n1\n2\n"


async def test_a_folder_that_is_no_table_names_its_files(azure, workspace, blobs):
    blobs("mixed/a.csv", b"a\n1\n")
    blobs("mixed/b.csv", b"b\n1\n")
    azure.add("mixed", azure.path("mixed"), "uri_folder")
    found = await workspace.find("mixed")
    assert "mixed/a.csv, mixed/b.csv" in found.note
    with pytest.raises(errors.NotSupportedByServer, match="folder of 2 files"):
        await read(workspace, found)
    assert await opened(workspace, "mixed/b.csv") == b"b\n1\n"
    with pytest.raises(errors.DatasetGone):
        await workspace.dataset("mixed/../../secret")


TABLE = """
type: mltable
paths:
  - pattern: ./*.txt
transformations:
  - read_delimited:
      delimiter: ";"
      encoding: iso88591
      header: all_files_same_headers
  - skip: 1
  - take: 3
  - drop_columns: [b]
"""


async def test_a_table_is_read_as_its_file_says(azure, workspace, blobs):
    blobs("table/MLTable", TABLE.encode())
    blobs("table/1.txt", 'a;b;c\n1;x;"two\nlines"\n2;y;\xe4\n'.encode("latin-1"))
    blobs("table/2.txt", b"a;b;c\n3;z;k\n4;z;m\n5;z;n\n")
    azure.add("table", azure.path("table"), "mltable")
    found = await workspace.find("table")
    assert (found.data_type_id, found.size, found.note) == ("GenericCSV", None, "")
    info, data = await read(workspace, found)
    assert data.decode() == "a,c\n2,\xe4\n3,k\n4,m\n"
    assert (info.size, info.ranges) == (None, False)


def told(reader, steps, *files):
    paths = ", ".join(f"{{file: ./{one}}}" for one in files)
    return f"paths: [{paths}]\ntransformations: [{reader}{steps}]\n".encode()


LINES = (
    b'{"a": 1.50, "b": "x", "c": {"d": [1]}}\n\n{"b": "\xc3\xa4", "a": 12345678901234567890}\r\n',
    b'{"a": 3}\n{"a": 4, "b": null, "c": 0}',
)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (", take: 1", b'{"a": 1.50, "b": "x", "c": {"d": [1]}}\n'),
        (", skip: 1, take: 2", b'{"b": "\xc3\xa4", "a": 12345678901234567890}\n{"a": 3}\n'),
        (", take: 3, skip: 2", b'{"a": 3}\n'),
        (
            ", keep_columns: [c, a]",
            b'{"c":{"d": [1]},"a":1.50}\n{"a":12345678901234567890}\n{"a":3}\n{"c":0,"a":4}\n',
        ),
        (", drop_columns: a, skip: 3", b'{"b":null,"c":0}\n'),
        (", skip: 9", b""),
    ],
)
async def test_steps_of_a_table_are_applied_to_json_lines(azure, workspace, blobs, steps, expected):
    blobs("lines/MLTable", told("read_json_lines", steps, "1.jsonl", "2.jsonl"))
    for number, data in enumerate(LINES, 1):
        blobs(f"lines/{number}.jsonl", data)
    azure.add("lines", azure.path("lines"), "mltable")
    found = await workspace.find("lines")
    assert (found.note, found.size) == ("", None)
    assert (await read(workspace, found))[1] == expected


async def test_json_lines_in_another_encoding_come_in_utf_8(azure, workspace, blobs):
    blobs("latin/MLTable", told("{read_json_lines: {encoding: latin1}}", "", "1.jsonl"))
    blobs("latin/1.jsonl", '{"a": "\xe4"}\n'.encode("latin-1"))
    azure.add("latin", azure.path("latin"), "mltable")
    assert (await opened(workspace, "latin")).decode() == '{"a": "\xe4"}\n'


async def test_a_line_that_is_no_object_is_an_error_where_columns_are_chosen(
    azure, workspace, blobs
):
    blobs("odd/MLTable", told("read_json_lines", ", drop_columns: a", "1.jsonl"))
    blobs("odd/1.jsonl", b"[1, 2]\n")
    azure.add("odd", azure.path("odd"), "mltable")
    with pytest.raises(errors.Unreadable, match="no JSON object"):
        await opened(workspace, "odd")


@pytest.mark.parametrize(
    ("steps", "columns", "rows"),
    [
        (", take: 7", ["a", "b", "c"], range(7)),
        (", skip: 995, take: 10", ["a", "b", "c"], range(995, 1005)),
        (", take: 3, skip: 2, keep_columns: [c, a]", ["c", "a"], range(2, 3)),
        (", drop_columns: [b, c]", ["a"], range(2_000)),
        (", skip: 2000", ["a", "b", "c"], range(0)),
    ],
)
async def test_steps_of_a_table_are_applied_to_parquet(
    azure, workspace, blobs, steps, columns, rows
):
    blobs("pq/MLTable", told("read_parquet", steps, "1.parquet", "2.parquet"))
    whole = pa.table(
        {
            "a": range(2_000),
            "b": [str(one) for one in range(2_000)],
            "c": [[one] for one in range(2_000)],
        }
    )
    for number in (0, 1):
        part = whole.slice(number * 1_000, 1_000)
        blobs(f"pq/{number + 1}.parquet", parquet(part, row_group_size=100))
    azure.add("pq", azure.path("pq"), "mltable")
    found = await workspace.find("pq")
    assert (found.note, found.size, found.uploaded_from_filename) == ("", None, "pq.parquet")
    made = pq.read_table(io.BytesIO((await read(workspace, found))[1]))
    assert made.schema == whole.select(columns).schema
    assert made.to_pylist() == whole.select(columns).slice(rows.start, len(rows)).to_pylist()


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (b"no parquet", "no Parquet"),
        (parquet(pa.table({"a": ["text"]})), "different columns"),
        (parquet(pa.table({"b": [1]})), "a column a that is not there"),
    ],
)
async def test_parquet_that_does_not_fit_its_table_is_an_error(
    azure, workspace, blobs, second, said
):
    blobs("bad/MLTable", told("read_parquet", ", keep_columns: a", "1.parquet", "2.parquet"))
    blobs("bad/1.parquet", parquet(pa.table({"a": [1], "b": [2]})))
    blobs("bad/2.parquet", second)
    azure.add("bad", azure.path("bad"), "mltable")
    with pytest.raises(errors.Unreadable, match=said):
        await opened(workspace, "bad")


def test_options_of_a_table_that_are_not_applied_are_named():
    text = """
paths: [{file: ./a.csv}]
transformations:
- read_delimited: {delimiter: ',', include_path_column: true, support_multi_line: true,
    infer_column_types: {sample_size: 9}, invalid_lines: drop, encoding: klingon, header: maybe}
- take_random_sample: {probability: 0.1}
- take: many
"""
    assert read_mltable(text.encode()).ignored == (
        "include_path_column", "infer_column_types", "invalid_lines drop", "encoding klingon",
        "header maybe", "take_random_sample", "take",
    )  # fmt: skip


async def test_what_a_table_asks_for_and_is_not_done_is_said(azure, workspace, blobs):
    text = "paths: [{file: ./a.csv}]\ntransformations:\n- read_parquet\n- take: 5\n- filter: 'x'\n"
    blobs("t/MLTable", text.encode())
    blobs("t/a.csv", CSV)
    azure.add("t", azure.path("t"), "mltable")
    found = await workspace.find("t")
    assert "filter, take" in found.note
    assert (await read(workspace, found))[1] == CSV


@pytest.mark.parametrize("text", [b"", b"paths: 7", b"\xff\xfe", b"paths: [", b"a: &a [*a]"])
async def test_a_damaged_table_file_is_unreadable(azure, workspace, blobs, text):
    blobs("damaged/MLTable", text)
    azure.add("damaged", azure.path("damaged"), "mltable")
    with pytest.raises(errors.Unreadable):
        await workspace.dataset("damaged")


def test_the_clouds_are_those_that_azure_has():
    assert CLOUDS["china"].scope == "https://management.chinacloudapi.cn/.default"
    assert CLOUDS["usgov"].storage == "core.usgovcloudapi.net"


async def test_a_token_is_renewed_before_it_ends(azure, workspace, monkeypatch):
    before, azure.lifetime = azure.issued, 301
    azure.add("sales", "https://example.org/x.csv")
    await workspace.datasets()
    now = time.time()
    monkeypatch.setattr("amltui.workspaces.azureml.tokens.time.time", lambda: now + 10)
    await workspace.datasets()
    assert azure.issued - before == 2


@pytest.mark.parametrize(
    ("names", "folder", "rows", "found"),
    [
        (["a b.csv"], "", None, ("a b.csv",)),
        (["t/1.csv", "t/1.csv", "t/2.csv"], "", None, ("t/1.csv", "t/2.csv")),
        (["t/k=1/a.csv", "t/k=2/a.csv"], "t/", None, ("t/",)),
        (["a.csv"], "", MLTable(()), ()),
    ],
)
def test_a_cluster_is_told_where_the_files_of_an_asset_lie(names, folder, rows, found):
    container = Container("acct", "data", "https://acct.blob.core.windows.net", None, 0)
    store = BlobStore("x", lambda: None, container)
    parts = [
        Part(store, Dataset(id=name, family_id=name, name=name, data_type_id="GenericCSV"))
        for name in names
    ]
    data = Data("GenericCSV", (Part(between=b"x"), *parts), rows=rows, folder=folder)
    root = "abfss://data@acct.dfs.core.windows.net"
    assert data.addresses() == tuple(f"{root}/{name}" for name in found)
    web = BlobStore("x", lambda: None, None)
    assert Data("GenericCSV", (Part(web, parts[0].file),)).addresses() == ()


async def test_an_asset_is_named_to_a_cluster_in_its_account(azure, workspace, blobs):
    blobs("near.csv", b"a\n1\n")
    azure.add("near", azure.path("near.csv"), "uri_file")
    (found,) = await workspace.addresses(await workspace.find("near"))
    assert re.fullmatch(rf"abfss://[a-z0-9-]+@{ACCOUNT}\.dfs\.core\.local/near\.csv", found)
