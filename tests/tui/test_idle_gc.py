"""The garbage collector and whoever types."""

from __future__ import annotations

import gc
import weakref

import pytest

from amltui.tui.idle_gc import IdleCollector


class Knot:
    """Refers to itself: only the collector can free it."""

    def __init__(self) -> None:
        self.self = self


def old_garbage() -> weakref.ref[Knot]:
    """What only a look at all objects finds."""
    knot = Knot()
    for _ in range(6):
        gc.collect(1)
    return weakref.ref(knot)


@pytest.fixture
def collector():
    usual = gc.get_threshold()
    collector = IdleCollector()
    collector.begin()
    yield collector
    collector.end()
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0


def test_what_nobody_needs_is_freed_while_nobody_types(collector):
    left = old_garbage()
    collector.collect_in_quiet()
    assert left() is None


def test_who_has_just_pressed_a_key_does_not_wait_for_the_collector(collector):
    left = old_garbage()
    collector.key_taken()
    collector.collect_in_quiet()
    assert left() is not None


def test_many_objects_do_not_bring_the_collector_in_between_keys(collector):
    left = old_garbage()
    held = [[] for _ in range(50_000)]
    assert len(held) == 50_000
    assert left() is not None
