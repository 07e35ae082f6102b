from __future__ import annotations

import pytest

from amltui.server.responses import ListCache


@pytest.fixture
def cache():
    return ListCache()


def make(cache, etag, revision):
    return cache.make(etag, [], None, "http://here/", revision=revision, packed=False)


def test_a_list_is_kept_until_there_is_a_newer_one(cache):
    assert make(cache, "anna's first", (1, 1)) == b"[]"
    make(cache, "ben's first", (1, 1))
    assert cache.get("anna's first", packed=False) == b"[]"
    make(cache, "anna's second", (2, 1))
    assert cache.get("anna's first", packed=False) is None
    assert cache.get("ben's first", packed=False) is None
    assert cache.get("anna's second", packed=False) == b"[]"


def test_a_list_that_was_overtaken_while_it_was_made_is_not_kept(cache):
    make(cache, "new", (2, 1))
    assert make(cache, "old", (1, 1)) == b"[]"
    assert cache.get("old", packed=False) is None
    assert cache.get("new", packed=False) == b"[]"
