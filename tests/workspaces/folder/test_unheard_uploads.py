"""Uploads that a store began and whose names came to nobody: none is left after the next start."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.config import Config
from botocore.session import get_session

from amltui.cache import Cache
from amltui.transfers import Options, Transfers
from amltui.transfers.beginning import noted_inside
from amltui.transfers.given_up import abort_given_up
from amltui.transfers.journal import Journal
from amltui.transfers.records import UploadRecord, UploadRequest
from amltui.workspaces.folder.directory import Directory
from amltui.workspaces.folder.store import StoreWorkspace
from amltui.workspaces.folder.store_changes import BegunUpload
from amltui.workspaces.folder.workspace import FolderWorkspace
from tests.support.forks import COMMAND
from tests.support.proxy import Fault, fault_proxy

DATA = random.Random(1).randbytes(11_000_000)


@pytest.fixture
def bucket(moto, monkeypatch):
    """botocore's client, and the name of a fresh bucket of moto."""
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    settings = Config(s3={"addressing_style": "path"})
    client = get_session().create_client(
        "s3", "us-east-1", endpoint_url=moto.endpoint, config=settings
    )
    return client, moto.new_container().split("/")[2]


@pytest.fixture
async def proxy(moto):
    async with fault_proxy(int(moto.endpoint.rpartition(":")[2].strip("/"))) as found:
        yield found


@pytest.fixture
def environment(bucket, proxy, tmp_path):
    """Of programs whose requests go through the proxy."""
    own = {
        f"AMLTUI_{name}_DIR": str(tmp_path / name.lower()) for name in ("CONFIG", "CACHE", "DATA")
    }
    return os.environ | own | {"AWS_ENDPOINT": proxy.endpoint.rstrip("/")}


async def works(process):
    """Wait for the program, which is to end well."""
    assert await asyncio.to_thread(process.wait) == 0, process.said.read_text()


@pytest.fixture
def amltui(environment, forks, tmp_path):
    """Starts the program."""
    path = tmp_path / "said"
    with Path(os.devnull).open("r+b") as nothing, path.open("w+b") as said:
        streams = [nothing.fileno(), nothing.fileno(), said.fileno()]

        def start(*arguments):
            process = forks.start(COMMAND, list(arguments), environment, tmp_path, streams)
            process.said = path
            return process

        yield start


def uploads(bucket):
    """The keys of the uploads that the store holds, with how many parts each has."""
    client, name = bucket
    found = client.list_multipart_uploads(Bucket=name).get("Uploads", ())
    return sorted(
        (
            one["Key"],
            len(
                client.list_parts(Bucket=name, Key=one["Key"], UploadId=one["UploadId"]).get(
                    "Parts", ()
                )
            ),
        )
        for one in found
    )


def begin(bucket, key, *, parts=0):
    """What another program begins."""
    client, name = bucket
    upload = client.create_multipart_upload(Bucket=name, Key=key)["UploadId"]
    for number in range(parts):
        client.upload_part(
            Bucket=name, Key=key, UploadId=upload, PartNumber=number + 1, Body=b"theirs"
        )
    return upload


async def profile(bucket, amltui):
    """Let `there` be the bucket."""
    added = ("profile", "add", "there", "--url", f"s3://{bucket[1]}", "--write")
    await works(amltui(*added))


class Held:
    """A rule: no answer to the first request that is `meant`, though the store gives one."""

    def __init__(self, meant):
        self.meant = meant
        self.seen = asyncio.Event()

    def __call__(self, request):
        if self.seen.is_set() or not self.meant(request):
            return None
        self.seen.set()
        return Fault(wait=3600)


def begins(request):
    return request.method == "POST" and request.target.endswith("?uploads")


def lists(request):
    return request.method == "GET" and "?uploads" in request.target


async def killed_when_begun(bucket, proxy, process, there):
    """Kill the program when the store has begun one more upload than `there`."""
    await proxy.rule.seen.wait()
    while len(await asyncio.to_thread(uploads, bucket)) == there:
        pass
    process.kill()
    await asyncio.to_thread(process.wait)


async def test_an_upload_killed_before_it_heard_that_the_store_began_leaves_none(
    bucket, proxy, amltui, tmp_path
):
    source = tmp_path / "a.bin"
    source.write_bytes(DATA)
    put = ("put", str(source), "--profile", "there")
    await profile(bucket, amltui)
    begin(bucket, "a.bin", parts=1)
    begin(bucket, "a.bin.old")
    proxy.rule = Held(begins)
    await killed_when_begun(bucket, proxy, amltui(*put), 2)
    assert uploads(bucket) == [("a.bin", 0), ("a.bin", 1), ("a.bin.old", 0)]
    await works(amltui(*put))
    assert bucket[0].get_object(Bucket=bucket[1], Key="a.bin")["Body"].read() == DATA
    assert uploads(bucket) == [("a.bin", 1), ("a.bin.old", 0)]


async def test_a_copy_inside_the_store_that_was_killed_leaves_none(bucket, proxy, amltui):
    client, name = bucket
    client.put_object(Bucket=name, Key="from/a.bin", Body=DATA)
    await profile(bucket, amltui)
    cp = ("cp", "there:from/a.bin", "there:to/a.bin")
    for meant in (begins, copies):
        proxy.rule = Held(meant)
        await killed_when_begun(bucket, proxy, amltui(*cp), 0)
        assert len(uploads(bucket)) == 1
        await works(amltui(*cp))
        assert client.get_object(Bucket=name, Key="to/a.bin")["Body"].read() == DATA
        assert uploads(bucket) == []
        client.delete_object(Bucket=name, Key="to/a.bin")


def copies(request):
    return "x-amz-copy-source" in request.headers


async def test_a_rename_that_was_killed_leaves_none(bucket, proxy, amltui, tmp_path):
    client, name = bucket
    client.put_object(Bucket=name, Key="a.bin", Body=DATA)
    (tmp_path / "b.csv").write_text("b\n1\n")
    await profile(bucket, amltui)
    rename = ("rename", "a.bin", "c.bin", "--profile", "there")
    put = ("put", str(tmp_path / "b.csv"), "--name", "b", "--profile", "there")
    for meant, later in ((begins, put), (copies, ("rename", "b", "d", "--profile", "there"))):
        proxy.rule = Held(meant)
        await killed_when_begun(bucket, proxy, amltui(*rename), 0)
        assert len(uploads(bucket)) == 1
        await works(amltui(*later))
        assert uploads(bucket) == []
        assert client.get_object(Bucket=name, Key="a.bin")["Body"].read() == DATA
    await works(amltui(*rename))
    assert client.get_object(Bucket=name, Key="c.bin")["Body"].read() == DATA


async def test_a_rename_in_python_that_was_killed_leaves_none_after_the_next(
    bucket, proxy, amltui, environment
):
    client, name = bucket
    for key in ("a.bin", "b.bin"):
        client.put_object(Bucket=name, Key=key, Body=DATA)
    await profile(bucket, amltui)

    def rename(old, new):
        line = f"Workspace.from_profile('there').datasets[{old!r}].rename({new!r})"
        command = [sys.executable, "-c", f"from amltui import Workspace; {line}"]
        return subprocess.Popen(command, env=environment)

    for number, meant in enumerate((begins, copies)):
        proxy.rule = Held(meant)
        await killed_when_begun(bucket, proxy, rename("a.bin", "c.bin"), 0)
        assert len(uploads(bucket)) == 1
        other = rename("b.bin" if number == 0 else "b0", f"b{number}")
        assert await asyncio.to_thread(other.wait) == 0
        assert uploads(bucket) == []


@pytest.mark.parametrize("listing", [None, 403, 501])
async def test_a_lost_answer_is_no_second_upload_where_the_store_lists_them(
    bucket, proxy, monkeypatch, tmp_path, listing
):
    lost = iter([Fault(lose_answer=True)] * 3)

    def rule(request):
        if begins(request):
            return next(lost, None)
        return Fault(answer=(listing, {}, b"")) if listing and lists(request) else None

    proxy.rule = rule
    monkeypatch.setenv("AWS_ENDPOINT", proxy.endpoint.rstrip("/"))
    source = tmp_path / "a.bin"
    source.write_bytes(DATA)
    with Cache(tmp_path / "cache") as cache:
        async with (
            StoreWorkspace(f"s3://{bucket[1]}", write=True) as workspace,
            Transfers(workspace, cache, options=Options(attempts=6)) as transfers,
        ):
            sent = transfers.upload(source, name="a.bin", data_type_id="GenericCSV")
            await transfers.finished(sent.id)
    assert bucket[0].get_object(Bucket=bucket[1], Key="a.bin")["Body"].read() == DATA
    assert uploads(bucket) == ([("a.bin", 0)] * 3 if listing else [])


async def test_a_name_that_is_taken_leaves_no_upload(bucket, tmp_path):
    client, name = bucket
    client.put_object(Bucket=name, Key="a.bin", Body=b"theirs")
    source = tmp_path / "a.bin"
    source.write_bytes(DATA)
    with Cache(tmp_path / "cache") as cache:
        async with (
            StoreWorkspace(f"s3://{name}", write=True) as workspace,
            Transfers(workspace, cache) as transfers,
        ):
            sent = transfers.upload(source, name="a.bin", data_type_id="GenericCSV")
            with pytest.raises(Exception, match="exists"):
                await transfers.finished(sent.id)
    assert uploads(bucket) == []


async def test_what_was_begun_before_is_somebody_elses(bucket):
    begin(bucket, "a.bin")
    later = datetime.now(UTC) + timedelta(hours=1)
    async with StoreWorkspace(f"s3://{bucket[1]}", write=True) as workspace:
        await workspace.abort_unnamed("a.bin", since=later, known=set)
        assert uploads(bucket) == [("a.bin", 0)]
        await workspace.abort_unnamed("a.bin", since=datetime.now(UTC), known=set)
        assert uploads(bucket) == []


async def test_what_another_program_is_beginning_is_not_taken_for_what_a_killed_one_left(
    bucket, tmp_path
):
    journal, key = Journal(tmp_path / "journal"), f"s3://{bucket[1]}"
    async with StoreWorkspace(key, write=True) as workspace:
        with pytest.raises(KeyboardInterrupt), noted_inside(journal, workspace.key, "a.bin"):
            raise KeyboardInterrupt  # as one that was killed: its beginning stays noted
        with noted_inside(journal, workspace.key, "a.bin") as begun:
            upload = begin(bucket, "a.bin")
            await abort_given_up(journal, workspace)
            assert uploads(bucket) == [("a.bin", 0)]
            begun(BegunUpload("a.bin", "", upload, None).text)
            await abort_given_up(journal, workspace)
            assert uploads(bucket) == [("a.bin", 0)]
    assert list((tmp_path / "journal").glob("*.json")) == []


async def test_a_hidden_file_that_nobody_noted_is_removed_with_the_next_start(tmp_path):
    root, source = tmp_path / "there", tmp_path / "a.bin"
    root.mkdir()
    source.write_bytes(DATA)
    disk, begun = Directory(root), datetime.now(UTC)
    unheard, theirs, other = disk.begin("a.bin"), disk.begin("a.bin"), disk.begin("b.bin")
    disk.write_part(theirs, 0, b"theirs")
    with Cache(tmp_path / "cache") as cache:
        async with FolderWorkspace(root, write=True) as workspace:
            request = UploadRequest(str(source), "GenericCSV", beginning=begun)
            record = UploadRecord("1", workspace.key, "a.bin", begun, request=request)
            entry = Journal(cache.journals).add(record)
            entry.give_up()
            async with Transfers(workspace, cache):
                pass
        assert list(cache.journals.iterdir()) == []
    assert {path.name.rpartition("-")[2] for path in root.iterdir()} == {theirs, other}
    assert unheard not in {theirs, other}
