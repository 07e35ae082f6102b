"""`amltui cache`: what is on this disk and can be fetched again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from amltui.cli import exit_codes
from amltui.cli.options import PLAIN, Plain
from amltui.cli.output import Col, warn
from amltui.cli.several_names import NAMED, Named
from amltui.config.paths import cache_dir
from amltui.config.quota import cache_quota
from amltui.errors import NotFound, UsageError
from amltui.text import human_size, visible

if TYPE_CHECKING:
    from amltui.cache import Cache
    from amltui.cache.index import EntryInfo


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


def pin(*names: str, named: Named = NAMED, common: Plain = PLAIN) -> int:
    """Keep cached contents from eviction, whatever the quota.

    Args:
        names: The datasets' names or ids, as `amltui cache list` shows them, or quoted patterns.
        named: Several at once.
        common: Common options.
    """
    return _pin(named.words(names), common, pinned=True, regex=named.regex)


def unpin(*names: str, named: Named = NAMED, common: Plain = PLAIN) -> int:
    """Let pinned contents be evicted again.

    Args:
        names: The datasets' names or ids, or quoted patterns.
        named: Several at once.
        common: Common options.
    """
    return _pin(named.words(names), common, pinned=False, regex=named.regex)


def _pin(names: Sequence[str], common: Plain, *, pinned: bool, regex: bool) -> int:
    if not names:
        raise UsageError("A dataset's name is needed", hint="See: amltui cache list")
    documents = []
    code = exit_codes.DONE
    with _cache() as cache:
        for name in names:
            found = [] if regex else cache.named(name)
            found = found or _fitting(cache, name, regex=regex)
            for one in found:
                cache.entry_of(one).pin(pinned=pinned)
                documents.append({"name": one.name, "dataset_id": one.source, "pinned": pinned})
                if not common.json:
                    done = "Pinned" if pinned else "Unpinned"
                    common.out.note(f'{done} "{visible(one.name)}".')
            if not found:
                missing = NotFound(
                    f'Nothing cached is named "{visible(name)}"', 404, hint="See: amltui cache list"
                )
                if len(names) == 1:
                    raise missing
                warn(f"{missing}.")
                code = exit_codes.NOT_FOUND
    if common.json:
        common.out.document(documents)
    return code


def _fitting(cache: Cache, pattern: str, *, regex: bool) -> list[EntryInfo]:
    from amltui.services.selection import matching

    entries = cache.entries()
    names = set(matching(pattern, (one.name for one in entries), regex=regex))
    return [one for one in entries if one.name in names]


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
