"""`serve --check --repair`, what takes room, and how long versions stay."""

from __future__ import annotations

import pytest

from amltui.server import admin
from amltui.server.options import ServeOptions
from amltui.server.retention import Policy
from tests.support.server import running_server
from tests.support.studio import Studio


@pytest.fixture
def options(tmp_path):
    return ServeOptions(tmp_path / "data", samples=False)


def fill(options, act):
    """Serve the workspace while `act` works on it."""
    with running_server(options.data, samples=False) as server:
        studio = Studio(server)
        try:
            return act(studio)
        finally:
            studio.close()


def content(options, sha256):
    return options.data / "contents" / sha256[:2] / sha256


def read_all(options):
    def act(studio):
        return {name: studio.read(one) for name, one in studio.own().items()}

    return fill(options, act)


def test_bytes_that_nothing_knows_become_a_dataset(options, tmp_path):
    lost = fill(options, lambda studio: studio.create("lost", b"precious"))["Sha256"]
    other = ServeOptions(tmp_path / "other", samples=False)
    fill(other, lambda studio: studio.create("here", b"here"))
    target = content(other, lost)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(content(options, lost).read_bytes())
    assert not admin.check(other).ok
    done, report = admin.repair(other, None)
    assert len(done) == 1
    assert report.ok
    assert read_all(other) == {"here": b"here", f"recovered {lost}": b"precious"}


def test_damaged_and_lost_contents_come_back_from_a_backup_and_stay_findings_without(
    options, tmp_path
):
    def act(studio):
        return [studio.create(name, name.encode())["Sha256"] for name in ("hurt", "gone", "well")]

    hurt, gone, _ = fill(options, act)
    admin.backup(options, tmp_path / "copy")
    content(options, hurt).chmod(0o600)
    content(options, hurt).write_bytes(b"HURT")
    content(options, gone).unlink()
    done, report = admin.repair(options, None)
    assert done == ()
    assert len(report.findings) == 2
    done, report = admin.repair(options, tmp_path / "copy")
    assert len(done) == 2
    assert report.ok
    assert read_all(options) == {"hurt": b"hurt", "gone": b"gone", "well": b"well"}


def test_what_removal_frees_counts_equal_contents_once(options):
    def act(studio):
        first = studio.create("sales", b"12345")
        studio.update(first, b"1234567")
        studio.create("twin", b"12345")

    fill(options, act)
    found = admin.usage(options, "dataset")
    assert found.stored == 12
    groups = {group.name: (group.versions, group.bytes, group.frees) for group in found.groups}
    assert groups == {"sales": (2, 12, 7), "twin": (1, 5, 0)}
    versions = {group.name: group.frees for group in admin.usage(options, "version").groups}
    assert versions == {"sales@1": 0, "sales@2": 7, "twin@1": 0}
    owners = admin.usage(options, "owner").groups
    assert [(g.name, g.versions, g.bytes, g.frees) for g in owners] == [("primary", 3, 12, 12)]


def test_a_dry_run_lists_old_versions_and_sets_nothing_and_the_latest_always_stays(options):
    def act(studio):
        first = studio.create("sales", b"1")
        for text in (b"22", b"333"):
            studio.update(first, text)

    fill(options, act)

    def keep_one(policy):
        return Policy(keep=1, days=None, audit_days=policy.audit_days)

    policy, old = admin.retention(options, keep_one, dry_run=True)
    assert [(one.number, one.size) for one in old] == [(1, 1), (2, 2)]
    assert policy.keep == 1
    assert admin.retention(options, lambda policy: policy, dry_run=False) == (Policy(), [])
    admin.retention(options, keep_one, dry_run=False)
    admin.clean(options)
    assert admin.retention(options, lambda policy: policy, dry_run=False)[1] == []
    assert read_all(options) == {"sales": b"333"}
