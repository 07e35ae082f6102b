"""`amltui cache`: what is on this disk and can be fetched again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amltui.cli import exit_codes
from amltui.cli.options import PLAIN, Plain
from amltui.cli.output import Col
from amltui.config.paths import cache_dir
from amltui.config.quota import cache_quota
from amltui.errors import NotFound, UsageError
from amltui.text import human_size, visible

if TYPE_CHECKING:
    from amltui.cache import Cache


def _cache() -> Cache:
    from amltui.cache import Cache

    return Cache(cache_dir(), cache_quota())


def info(*, common: Plain = PLAIN) -> None:
    """Print how full the cache is and where it lies.

    Args:
        common: Common options.
    """
    with _cache() as cache:
        found = cache.info()
    if common.json:
        common.out.document(
            {
                "directory": found.directory,
                "size": found.size,
                "quota": found.quota,
                "entries": found.entries,
                "whole": found.whole,
                "partial": found.partial,
                "pinned": found.pinned,
            }
        )
        return
    common.out.fields(
        (
            ("directory", str(found.directory), "text"),
            ("size", found.size, "size"),
            ("quota", found.quota, "size"),
            ("contents", found.whole, "count"),
            ("begun", found.partial, "count"),
            ("pinned", found.pinned, "count"),
        )
    )
    if found.problem:
        common.out.note(found.problem)


def list_(*, common: Plain = PLAIN) -> None:
    """List what is cached, least recently used first.

    Args:
        common: Common options.
    """
    with _cache() as cache:
        entries = cache.entries()
    if common.json:
        common.out.document(
            [
                {
                    "name": one.name,
                    "dataset_id": one.source,
                    "workspace": one.workspace,
                    "data_type_id": one.data_type_id,
                    "size": one.size,
                    "whole": one.whole,
                    "pinned": one.pinned,
                    "used": one.used,
                }
                for one in entries
            ]
        )
        return
    columns = (
        Col("NAME", wide=True), Col("TYPE"), Col("SIZE", "size"), Col("USED", "time"),
        Col("WHOLE"), Col("PINNED"), Col("WORKSPACE", wide=True),
    )  # fmt: skip
    common.out.table(
        columns,
        [
            (one.name, one.data_type_id, one.size, one.used, one.whole, one.pinned, one.workspace)
            for one in entries
        ],
    )


def verify(*, common: Plain = PLAIN) -> int:
    """Read every cached content and compare it with its hash; damaged ones are dropped.

    Args:
        common: Common options.
    """
    with _cache() as cache:
        found = list(cache.verify())
    damaged = [one for one in found if one.state == "damaged"]
    if common.json:
        common.out.document(
            [
                {"name": one.entry.name, "dataset_id": one.entry.source, "state": one.state}
                for one in found
            ]
        )
    else:
        for one in damaged:
            common.out.line(one.entry.name)
        common.out.note(f"Read {len(found)} contents; {len(damaged)} were damaged and dropped.")
    return exit_codes.DAMAGED if damaged else exit_codes.DONE


def pin(name: str, /, *, common: Plain = PLAIN) -> None:
    """Keep a cached content from eviction, whatever the quota.

    Args:
        name: The dataset's name or id, as `amltui cache list` shows it.
        common: Common options.
    """
    _pin(name, common, pinned=True)


def unpin(name: str, /, *, common: Plain = PLAIN) -> None:
    """Let a pinned content be evicted again.

    Args:
        name: The dataset's name or id.
        common: Common options.
    """
    _pin(name, common, pinned=False)


def _pin(name: str, common: Plain, *, pinned: bool) -> None:
    with _cache() as cache:
        found = cache.named(name)
        for one in found:
            cache.entry_of(one).pin(pinned=pinned)
    if not found:
        raise NotFound(
            f'Nothing cached is named "{visible(name)}"', 404, hint="See: amltui cache list"
        )
    if common.json:
        common.out.document(
            [{"name": one.name, "dataset_id": one.source, "pinned": pinned} for one in found]
        )
    else:
        common.out.note(f'{"Pinned" if pinned else "Unpinned"} "{visible(name)}".')


def prune(*, days: float | None = None, common: Plain = PLAIN) -> None:
    """Evict down to the quota, and what was not used for some days.

    Args:
        days: Also evict what was not used for so many days.
        common: Common options.
    """
    if days is not None and days < 0:
        raise UsageError("--days is 0 or more")
    with _cache() as cache:
        freed = cache.prune(unused_days=days)
    _freed(common, freed)


def clear(*, common: Plain = PLAIN) -> None:
    """Delete all that is cached; it can be fetched again.

    Args:
        common: Common options.
    """
    with _cache() as cache:
        freed = cache.clear()
    _freed(common, freed)


def _freed(common: Plain, freed: int) -> None:
    if common.json:
        common.out.document({"freed": freed})
    else:
        common.out.note(f"Freed {human_size(freed)}.")
