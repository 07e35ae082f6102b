"""What every server keeps, whatever its database and its store are."""

from __future__ import annotations

import hashlib
import os
import threading

import httpx
import pytest

from amltui.wire.headers import sha256_of
from tests.support.studio import Studio, url_of

EVERY_KEY = {
    "Id", "FamilyId", "Name", "Description", "DataTypeId", "Size", "CreatedDate",
    "CreatedDateTicks", "Owner", "SourceOrigin", "ResourceUploadId", "UploadedFromFilename",
    "ExperimentId", "PromotedFrom", "ClientVersion", "ServiceVersion", "IsLatest", "IsDeprecated",
    "Category", "Culture", "Batch", "SchemaStatus", "DownloadLocation", "VisualizeEndPoint",
    "SchemaEndPoint",
}  # fmt: skip


def test_a_new_dataset_has_every_key_that_the_old_client_reads(studio):
    dataset = studio.create("keys", Description="d", Owner="me")
    assert set(dataset) == EVERY_KEY | {"Sha256", "CreatedBy"}
    assert dataset["Sha256"] == hashlib.sha256(studio.read(dataset)).hexdigest()
    assert (dataset["Name"], dataset["Description"], dataset["Owner"]) == ("keys", "d", "me")
    assert dataset["Size"] == 8
    assert dataset["IsLatest"] is True
    assert dataset["Id"].split(".")[:2] == [studio.server.workspace_id, dataset["FamilyId"]]
    assert dataset["CreatedDate"].startswith("/Date(")


def test_blocks_come_in_any_order_and_more_than_once(studio):
    blocks = [bytes([n]) * 1000 for n in range(5)]
    upload = studio.begin()
    for number in (3, 0, 4, 0, 2, 1, 3):
        studio.block(upload, number, 5, blocks[number]).raise_for_status()
    dataset = studio.one(studio.commit(upload, "blocks").json())
    assert studio.read(dataset) == b"".join(blocks)


def test_a_repeated_block_takes_the_place_of_the_first(studio):
    upload = studio.upload(b"wrong")
    studio.block(upload, 0, 1, b"right").raise_for_status()
    assert studio.read(studio.one(studio.commit(upload, "again").json())) == b"right"


def test_missing_blocks_are_told_and_can_still_be_sent(studio):
    upload = studio.begin()
    studio.block(upload, 1, 3, b"b").raise_for_status()
    refused = studio.commit(upload, "holes")
    assert refused.status_code == 400
    assert "2 of 3 blocks are missing" in refused.text
    for number in (0, 2):
        studio.block(upload, number, 3, b"b").raise_for_status()
    assert studio.commit(upload, "holes").is_success


def test_no_blocks_are_an_empty_dataset(studio):
    dataset = studio.one(studio.commit(studio.begin(), "empty").json())
    assert dataset["Size"] == 0
    assert studio.read(dataset) == b""


def test_a_taken_name_is_a_conflict_also_an_examples(studio):
    studio.create("taken")
    for name in ("taken", "Iris"):
        refused = studio.commit(studio.begin(content=b"x"), name)
        assert refused.status_code == 409
        assert "already exists" in refused.json()["Message"]


@pytest.mark.parametrize("name", ["a:b", "tab\there", "nul\x00", "", "   ", "x" * 300])
def test_a_bad_name_is_refused(studio, name):
    refused = studio.commit(studio.begin(content=b"x"), name)
    assert refused.status_code == 400
    if ":" in name:
        assert "forbidden characters" in refused.json()["Message"]


def test_names_of_every_script_are_kept_and_are_case_sensitive(studio):
    for name in ("Größe", "資料", "a/b\\c?d*", "Case", "case", "🧮 <b>"):
        studio.create(name)
    assert set(studio.own()) == {"Größe", "資料", "a/b\\c?d*", "Case", "case", "🧮 <b>"}


def test_an_update_is_a_new_instance_and_the_old_one_stays(studio):
    old = studio.create("first", b"one")
    new = studio.update(old, b"two", name="second", Description="changed", DataTypeId="GenericTSV")
    assert new["FamilyId"] == old["FamilyId"]
    assert new["Id"] != old["Id"]
    assert set(studio.own()) == {"second"}
    assert (new["Description"], new["DataTypeId"]) == ("changed", "GenericTSV")
    again = studio.one(old["Id"])
    assert (again["Name"], again["IsLatest"]) == ("first", False)
    assert (studio.read(again), studio.read(new)) == (b"one", b"two")


def test_a_commit_that_is_repeated_answers_the_same_id(studio):
    upload = studio.begin(content=b"once")
    first, second = studio.commit(upload, "repeated"), studio.commit(upload, "repeated")
    assert first.json() == second.json()
    assert len(studio.own()) == 1


def test_rename_and_describe_need_no_contents(studio):
    dataset = studio.create("before", b"same")
    family = f"datasources/family/{dataset['FamilyId']}"
    renamed = studio.http.patch(family, json={"Name": "after"}).json()
    described = studio.http.patch(family, json={"Description": "words"}).json()
    assert renamed["Id"] == described["Id"] == dataset["Id"]
    assert (described["Name"], described["Description"]) == ("after", "words")
    assert studio.read(described) == b"same"
    studio.create("before")
    assert studio.http.patch(family, json={"Name": "before"}).status_code == 409


def test_a_family_lists_its_versions_and_an_old_one_can_be_restored(studio):
    dataset = studio.create("v", b"1")
    for content in (b"2", b"3"):
        dataset = studio.update(dataset, content)
    path = f"datasources/family/{dataset['FamilyId']}/versions"
    listed = studio.http.get(path).json()
    assert [studio.read(d) for d in listed] == [b"3", b"2", b"1"]
    assert [d["IsLatest"] for d in listed] == [True, False, False]
    restored = studio.http.post(f"datasources/{listed[2]['Id']}/restore").json()
    assert studio.read(restored) == b"1"
    assert len(studio.http.get(path).json()) == 4


def test_a_restored_version_is_called_as_the_dataset_is_today(studio):
    first = studio.create("then", b"1")
    studio.update(first, b"2")
    family = f"datasources/family/{first['FamilyId']}"
    studio.http.patch(family, json={"Name": "today"}).raise_for_status()
    studio.create("then", b"another dataset")
    answer = studio.http.post(f"datasources/{first['Id']}/restore")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["Name"], studio.read(answer.json())) == ("today", b"1")
    assert sorted(studio.own()) == ["then", "today"]


def test_a_deleted_family_is_gone_with_all_its_instances(studio):
    dataset = studio.create("gone")
    family = f"datasources/family/{dataset['FamilyId']}"
    assert studio.http.delete(family).is_success
    assert studio.http.delete(family).status_code == 404
    assert studio.http.get(f"datasources/{dataset['Id']}").status_code == 404
    assert studio.own() == {}
    studio.create("gone")


def test_examples_cannot_be_changed(studio):
    example = next(d for d in studio.all() if d["Name"] == "Iris")
    family = f"datasources/family/{example['FamilyId']}"
    assert studio.http.delete(family).status_code == 403
    assert studio.http.patch(family, json={"Name": "mine"}).status_code == 403
    upload = studio.begin(content=b"x")
    assert studio.commit(upload, "Iris", family=example["FamilyId"]).status_code == 403
    assert studio.http.post(f"datasources/{example['Id']}/restore").status_code == 403


def test_contents_answer_ranges(studio):
    content = os.urandom(300_000)
    url = url_of(studio.create("ranges", content))
    whole = studio.get(url)
    assert whole.content == content
    assert "content-encoding" not in whole.headers
    for range_, part in (
        ("bytes=0-0", content[:1]),
        ("bytes=10-99", content[10:100]),
        ("bytes=299990-", content[-10:]),
        ("bytes=-7", content[-7:]),
        ("bytes=299999-999999999", content[-1:]),
    ):
        answer = studio.get(url, Range=range_)
        assert (answer.status_code, answer.content) == (206, part)
        assert answer.headers["content-range"].endswith("/300000")
    assert studio.get(url, Range="bytes=300000-").status_code == 416


def test_a_content_is_named_by_its_hash_and_digest(studio):
    content = b"hash,me\n1,2\n"
    digest = hashlib.sha256(content).hexdigest()
    url = url_of(studio.create("digest", content))
    answer = httpx.get(url)  # an object store's redirect carries them too
    assert answer.headers["etag"] == f'"{digest}"'
    assert sha256_of(answer.headers["repr-digest"]) == digest
    assert studio.get(url, If_None_Match=f'"{digest}"').status_code == 304
    head = httpx.head(url, follow_redirects=True)
    assert (head.content, int(head.headers["content-length"])) == (b"", len(content))


def test_a_link_opens_nothing_else_and_ends(studio):
    one, two = studio.create("one", b"1"), studio.create("two", b"2")
    url = url_of(one)
    other = url.replace(one["DownloadLocation"]["Location"], two["DownloadLocation"]["Location"])
    assert studio.get(other).status_code == 403
    assert studio.get(url.replace("&se=", "&se=9")).status_code == 403
    assert studio.get(url.replace("&k=", "&k=9")).status_code == 403
    assert studio.get(url.replace("&sig=", "&v=schema&sig=")).status_code == 403
    assert studio.get(url_of(one, "SchemaEndPoint").replace("&v=schema", "")).status_code == 403
    assert studio.get(url.partition("?")[0]).status_code == 403
    assert studio.get(url + "x").status_code == 403


def test_a_link_ends_with_its_instance_even_where_the_bytes_stay(studio):
    one, two = studio.create("one", b"same"), studio.create("two", b"same")
    studio.http.delete(f"datasources/family/{one['FamilyId']}").raise_for_status()
    assert studio.get(url_of(one)).status_code == 404
    assert studio.read(two) == b"same"


def test_a_link_ends_with_the_token_it_was_made_for(studio):
    made = studio.http.post("tokens", json={"Name": "leaves", "Role": "reader"}).json()
    studio.create("linked", b"linked")
    reader = Studio(studio.server, made["Secret"])
    first = url_of(reader.own()["linked"])
    assert studio.get(first).content == b"linked"
    renewed = studio.http.post(f"tokens/{made['Id']}/regenerate").json()
    assert studio.get(first).status_code == 403
    again = Studio(studio.server, renewed["Secret"])
    second = url_of(again.own()["linked"])
    assert studio.get(second).content == b"linked"
    studio.http.delete(f"tokens/{made['Id']}").raise_for_status()
    assert studio.get(second).status_code == 403
    assert studio.get(url_of(studio.own()["linked"])).content == b"linked"
    reader.close()
    again.close()


def test_an_unchanged_list_is_not_sent_again(studio):
    first = studio.http.get("datasources")
    tag = {"If-None-Match": first.headers["etag"]}
    assert studio.http.get("datasources", headers=tag).status_code == 304
    studio.create("change")
    assert studio.http.get("datasources", headers=tag).status_code == 200


def test_an_output_is_published_read_and_promoted(studio):
    experiment = f"{studio.server.workspace_id}.f-id.nightly"
    path = f"experiments/{experiment}/outputdata/clean up/Results dataset"
    missing = studio.http.get(path)
    assert missing.status_code == 404
    for content in (b"x\n1\n", b"x\n2\n"):
        published = studio.http.put(path, params={"dataTypeId": "GenericCSV"}, content=content)
        assert published.is_success, published.text
    assert studio.http.get(path).content == b"x\n2\n"
    assert experiment in [e["ExperimentId"] for e in studio.http.get("experiments").json()]
    graph = studio.http.get(f"experiments/{experiment}").json()["Graph"]
    (port,) = graph["ModuleNodes"][0]["OutputPortsInternal"]
    assert (port["Name"], port["OutputType"]) == ("Results dataset", "GenericCSV")
    body = {
        "DataSource": {
            "Name": "promoted",
            "DataTypeId": "GenericCSV",
            "SourceOrigin": "FromOutputPromotion",
        },
        "ExperimentId": experiment,
        "ModuleNodeId": "clean up",
        "OutputName": "Results dataset",
    }
    promoted = studio.one(studio.http.post("datasources", json=body).raise_for_status().json())
    assert studio.read(promoted) == b"x\n2\n"
    assert promoted["ExperimentId"] == experiment
    assert promoted["SourceOrigin"] == "FromOutputPromotion"


def test_examples_take_no_outputs(studio):
    example, *_ = [e for e in studio.http.get("experiments").json() if e["Creator"] == "amltui"]
    path = f"experiments/{example['ExperimentId']}/outputdata/n/p"
    put = studio.http.put(path, params={"dataTypeId": "GenericCSV"}, content=b"x")
    assert put.status_code == 403


def test_tokens_have_roles_and_die_at_once(studio):
    made = studio.http.post("tokens", json={"Name": "r", "Role": "reader"}).json()
    reader = Studio(studio.server, made["Secret"])
    try:
        assert reader.http.get("datasources").is_success
        assert reader.http.get(studio.server.url()).json()["AuthorizationToken"] is None
        assert reader.http.get("tokens").status_code == 403
        refused = reader.http.post("datasources", json={})
        assert refused.status_code == 403
        listed = {t["Name"]: t for t in studio.http.get("tokens").json()}
        assert {"primary", "secondary", "r"} <= set(listed)
        assert all(t["Secret"] is None for t in listed.values())
        fresh = studio.http.post(f"tokens/{made['Id']}/regenerate").json()["Secret"]
        assert reader.http.get("datasources").status_code == 401
        again = Studio(studio.server, fresh)
        assert again.http.get("datasources").is_success
        assert studio.http.delete(f"tokens/{made['Id']}").is_success
        assert again.http.get("datasources").status_code == 401
        again.close()
    finally:
        reader.close()
    again.close()


def test_quota_counts_each_content_once(studio):
    studio.http.post("clean").raise_for_status()  # of what other tests deleted
    before = studio.http.get("quota").json()["UsedStorage"]
    content = os.urandom(1000)
    for name in ("q1", "q2"):
        studio.create(name, content)
    assert studio.http.get("quota").json()["UsedStorage"] == before + 1000


def test_of_many_who_want_one_name_one_gets_it(studio):
    uploads = [studio.begin(content=b"%d" % n) for n in range(8)]
    statuses = []

    def commit(upload):
        mine = Studio(studio.server)
        statuses.append(mine.commit(upload, "wanted").status_code)
        mine.close()

    threads = [threading.Thread(target=commit, args=(upload,)) for upload in uploads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, *[409] * 7]
    assert list(studio.own()) == ["wanted"]


def test_the_server_is_healthy(studio):
    assert studio.get(f"{studio.server.endpoint}health").json() == {"Status": "ok"}


def test_users_and_data_types_are_told(studio):
    users = {user["Name"]: user["Role"] for user in studio.http.get("users").json()}
    assert users == {"primary": "Owner", "secondary": "Owner"}
    types = [kind["Id"] for kind in studio.http.get("datatypes").json()]
    assert {"GenericCSV", "GenericTSV", "PlainText", "ARFF"} <= set(types)


def test_many_readers_and_writers_at_once_see_whole_datasets_only(studio):
    """Each update has one letter only: whoever reads two of them read half an update."""
    dataset = studio.create("letters", b"a" * 10_000)
    faults = []

    def write(letter):
        mine = Studio(studio.server)
        for _ in range(4):
            mine.update(dataset, letter * 10_000)
        mine.close()

    def read():
        mine = Studio(studio.server)
        for _ in range(8):
            seen = mine.own()["letters"]
            content = mine.read(seen)
            if len(set(content)) != 1 or len(content) != seen["Size"]:
                faults.append(content)
        mine.close()

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"b", b"c")]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    path = f"datasources/family/{dataset['FamilyId']}/versions"
    listed = studio.http.get(path).json()
    assert len(listed) == 9
    assert [d["IsLatest"] for d in listed] == [True, *[False] * 8]
