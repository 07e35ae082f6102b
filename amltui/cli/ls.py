"""`amltui ls`: the command that scripts call most, so it starts without the parser of arguments.

Arguments that are plainly right are understood here; help and mistakes are left to the parser.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from amltui.cli.json_output import of_dataset
from amltui.cli.moments import moment
from amltui.cli.output import Col, Out, warn
from amltui.errors import UsageError
from amltui.models import Dataset
from amltui.text import iso_utc, visible

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.workspaces.terms import Seen

Sort = Literal["name", "size", "date", "type"]
Format = Literal["table", "tsv", "csv", "json", "names0"]

COLUMNS: Final[dict[str, tuple[Col, Callable[[Dataset], Any]]]] = {
    "name": (Col("NAME", wide=True), lambda one: one.name),
    "type": (Col("TYPE"), lambda one: one.data_type_id),
    "size": (Col("SIZE", "size"), lambda one: one.size),
    "created": (Col("CREATED", "time"), lambda one: one.created_date),
    "owner": (Col("OWNER"), lambda one: one.owner),
    "id": (Col("ID"), lambda one: one.id),
    "description": (Col("DESCRIPTION", wide=True), lambda one: one.description),
}
"""What `--columns` can name: how it is shown, and where it comes from."""
_USUAL: Final = ("name", "type", "size", "created", "owner")

_FLAGS: Final = {
    "--mine": "mine",
    "--examples": "examples",
    "--reverse": "reverse",
    "--json": "json",
    "--quiet": "quiet",
    "-q": "quiet",
    "--offline": "offline",
}
_VALUES: Final = {
    "--filter": "text",
    "-f": "text",
    "--folder": "folder",
    "--profile": "profile",
    "--at": "profile",  # a place is one or the other
    "--sort": "sort",
    "--since": "since",
    "--columns": "columns",
    "--format": "format",
}


@dataclass(slots=True, kw_only=True)
class ListOptions:
    """What `ls` was asked for."""

    mine: bool = False
    examples: bool = False
    text: str = ""
    """Only names that contain it, letter case ignored."""
    folder: str | None = None
    """Only what lies directly in this folder, and its folders; "" is the top. None: everything."""
    since: str | None = None
    """Only what was created at this time or later; see `times.parse_time`."""
    sort: Sort | None = None
    """None: as the workspace lists them."""
    reverse: bool = False
    columns: str | None = None
    """Names of columns with commas between. None: the usual ones."""
    format: Format | None = None
    """None: a table on a terminal, else as `tsv`."""
    json: bool = False
    quiet: bool = False
    offline: bool = False
    profile: str | None = None


def parse_fast(arguments: list[str]) -> ListOptions | None:
    """`arguments` of `ls`, or None where the parser has to look at them."""
    options = ListOptions()
    seen: set[str] = set()
    rest = list(arguments)
    while rest:
        name, separator, value = rest.pop(0).partition("=")
        field = _FLAGS.get(name)
        if field and not separator:
            setattr(options, field, True)
            continue
        field = _VALUES.get(name)
        if field is None or field in seen:
            return None
        if not separator:
            if not rest or rest[0].startswith("-"):
                return None
            value = rest.pop(0)
        if name == "--at" and "/" not in value:
            return None
        seen.add(field)
        setattr(options, field, value)
    known = options.sort in {None, *get_args(Sort)} and options.format in {None, *get_args(Format)}
    return options if known else None


def print_list(options: ListOptions) -> None:
    """Print the datasets that were asked for.

    Raises:
        UsageError: two options exclude each other, or one names no time or column.
    """
    if options.mine and options.examples:
        raise UsageError("--mine and --examples exclude each other", hint="Leave one out.")
    form = _form(options)
    names = _column_names(options)
    since = moment("--since", options.since)
    out = Out(form == "json", options.quiet)
    early = _Early(options, out, form, names, since)
    folders: tuple[str, ...] = ()
    if options.folder is None:
        found = _all(options, out, early)
    else:
        folders, found = _level(options, out)
    datasets = _sorted(_wanted(options, since, found), options.sort, reverse=options.reverse)
    if early.printed:
        pass
    elif form == "json":
        shown = [{"name": one, "is_folder": True} for one in folders]
        out.document(shown + [of_dataset(one) for one in datasets])
    elif form == "names0":
        sys.stdout.write("".join(f"{one.name}\0" for one in datasets))
    else:
        rows = [
            [{"name": one, "type": "folder"}.get(name, "") for name in names] for one in folders
        ]
        rows += _rows(names, datasets)
        if form == "csv":
            _print_csv(names, rows)
        else:
            out.table(_columns(names), rows, as_table=_as_table(form))
    if out.on_terminal and form in {None, "table"}:
        out.note(f"{len(datasets)} datasets." if len(datasets) != 1 else "1 dataset.")


class _Early:
    """Prints the pages of a long list as they come, in the order in which they come.

    A list of one page is left alone, and so is one that has to be whole: to be sorted, or to be
    one document.
    """

    def __init__(
        self,
        options: ListOptions,
        out: Out,
        form: Format | None,
        names: list[str],
        since: datetime | None,
    ) -> None:
        self._options = options
        self._since = since
        self._names = names
        self._form = form
        self._can = form != "json" and options.sort is None and not options.reverse
        self._rows = out.growing(_columns(names), as_table=_as_table(form))
        self._first: tuple[Dataset, ...] = ()
        self.printed = False

    def __call__(self, page: tuple[Dataset, ...]) -> None:
        """Take a page."""
        if not self._can or not page:
            return
        if not self._first:
            self._first = page
            return
        if not self.printed:
            self._print(self._first, self._names)
        self._print(page, [])
        self.printed = True

    def _print(self, page: tuple[Dataset, ...], head: list[str]) -> None:
        from amltui.services.catalog import in_order

        found = _wanted(self._options, self._since, in_order(page))
        if self._form == "names0":
            sys.stdout.write("".join(f"{one.name}\0" for one in found))
            sys.stdout.flush()
        elif self._form == "csv":
            _print_csv(head, _rows(self._names, found))
            sys.stdout.flush()
        else:
            self._rows(_rows(self._names, found))


def _wanted(
    options: ListOptions, since: datetime | None, found: Iterable[Dataset]
) -> list[Dataset]:
    text = options.text.casefold()
    return [
        dataset
        for dataset in found
        if text in dataset.name.casefold()
        and not (options.mine and dataset.is_example)
        and not (options.examples and not dataset.is_example)
        and not (since and (dataset.created_date is None or dataset.created_date < since))
    ]


def _columns(names: list[str]) -> list[Col]:
    return [COLUMNS[name][0] for name in names]


def _rows(names: list[str], datasets: Iterable[Dataset]) -> list[list[Any]]:
    return [[COLUMNS[name][1](one) for name in names] for one in datasets]


def _as_table(form: Format | None) -> bool | None:
    return None if form is None else form == "table"


def _form(options: ListOptions) -> Format | None:
    if options.json and options.format not in {None, "json"}:
        raise UsageError("--json and --format exclude each other", hint="Leave one out.")
    form = "json" if options.json else options.format
    if options.columns is not None and form in {"json", "names0"}:
        raise UsageError(
            f"--columns does not go with {form}",
            hint="A document has all keys: choose with jq. Or write --format csv.",
        )
    return form


def _column_names(options: ListOptions) -> list[str]:
    if options.columns is None:
        return list(_USUAL)
    names = [name.strip().lower() for name in options.columns.split(",")]
    for name in names:
        if name not in COLUMNS:
            raise UsageError(
                f'There is no column "{visible(name)}"', hint=f"There are: {', '.join(COLUMNS)}."
            )
    return names


def _sorted(datasets: list[Dataset], sort: Sort | None, *, reverse: bool) -> list[Dataset]:
    """As `ls` sorts files: the largest and the newest first; what is not known comes last."""
    if sort in {"size", "date"}:
        known: list[Dataset] = []
        unknown: list[Dataset] = []
        for one in datasets:
            there = one.size if sort == "size" else one.created_date
            (unknown if there is None else known).append(one)
        if sort == "size":
            known.sort(key=lambda one: one.size or 0, reverse=not reverse)
        else:
            never = datetime.min.replace(tzinfo=UTC)
            known.sort(key=lambda one: one.created_date or never, reverse=not reverse)
        return known + unknown
    if sort == "type":
        return sorted(
            datasets,
            key=lambda one: (one.data_type_id.casefold(), one.name.casefold()),
            reverse=reverse,
        )
    if sort == "name":
        return sorted(datasets, key=lambda one: one.name.casefold(), reverse=reverse)
    return datasets[::-1] if reverse else datasets


def _print_csv(names: list[str], rows: Iterable[list[Any]]) -> None:
    """Print exact values, with a header; no names: without one."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    if names:
        writer.writerow(names)
    for row in rows:
        writer.writerow([iso_utc(one) if isinstance(one, datetime) else one for one in row])


def _level(options: ListOptions, out: Out) -> tuple[tuple[str, ...], tuple[Dataset, ...]]:
    """Folders and datasets directly in the folder that was named."""
    if options.offline:
        raise UsageError("--folder asks the workspace", hint="Leave out --offline, or --folder.")
    from amltui.cli.session import in_session

    prefix = (options.folder or "").strip("/")

    async def work(session: Session) -> tuple[tuple[str, ...], tuple[Dataset, ...]]:
        level = await (await session.connect()).level(f"{prefix}/" if prefix else "")
        if level.unreadable:
            warn(f"{level.unreadable} entries of the folder could not be read.")
        wanted = options.text.casefold()
        return tuple(one for one in level.folders if wanted in one.casefold()), level.datasets

    return in_session(options.profile, out, work)


def _all(options: ListOptions, out: Out, seen: Seen) -> tuple[Dataset, ...]:
    if options.offline:
        # Without a session: nothing that speaks to a network is even imported.
        from amltui.services.offline import remembered_list

        remembered = remembered_list(options.profile)
        out.note(f"This is the list of {iso_utc(remembered.fetched)}, from this disk.")
        return remembered.listing.datasets
    from amltui.cli.session import in_session

    async def work(session: Session) -> tuple[Dataset, ...]:
        snapshot = await session.current_list(seen)
        if snapshot.gap:
            warn(snapshot.gap)
        return snapshot.datasets

    return in_session(options.profile, out, work)
