"""`amltui ls`: the command that scripts call most, so it starts without the parser of arguments.

Arguments that are plainly right are understood here; help and mistakes are left to the parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from amltui.cli.documents import of_dataset
from amltui.cli.output import Col, Out, warn
from amltui.errors import UsageError
from amltui.models import Dataset
from amltui.text import iso_utc

if TYPE_CHECKING:
    from amltui.services.session import Session

COLUMNS: Final = (
    Col("NAME", wide=True),
    Col("TYPE"),
    Col("SIZE", "size"),
    Col("CREATED", "time"),
    Col("OWNER"),
)

_FLAGS: Final = {
    "--mine": "mine",
    "--examples": "examples",
    "--json": "json",
    "--quiet": "quiet",
    "-q": "quiet",
    "--offline": "offline",
}
_VALUES: Final = {"--filter": "text", "-f": "text", "--profile": "profile"}


@dataclass(slots=True)
class Asked:
    """What `ls` was asked for."""

    mine: bool = False
    examples: bool = False
    text: str = ""
    """Only names that contain it, letter case ignored."""
    json: bool = False
    quiet: bool = False
    offline: bool = False
    profile: str | None = None


def understood(arguments: list[str]) -> Asked | None:
    """`arguments` of `ls`, or None where the parser has to look at them."""
    asked = Asked()
    seen: set[str] = set()
    rest = list(arguments)
    while rest:
        name, separator, value = rest.pop(0).partition("=")
        field = _FLAGS.get(name)
        if field and not separator:
            setattr(asked, field, True)
            continue
        field = _VALUES.get(name)
        if field is None or field in seen:
            return None
        if not separator:
            if not rest or rest[0].startswith("-"):
                return None
            value = rest.pop(0)
        seen.add(field)
        setattr(asked, field, value)
    return asked


def print_list(asked: Asked) -> None:
    """Print the datasets that were asked for.

    Raises:
        UsageError: two options exclude each other.
    """
    if asked.mine and asked.examples:
        raise UsageError("--mine and --examples exclude each other", hint="Leave one out.")
    out = Out(asked.json, asked.quiet)
    wanted = asked.text.casefold()
    datasets = [
        dataset
        for dataset in _all(asked, out)
        if wanted in dataset.name.casefold()
        and not (asked.mine and dataset.is_example)
        and not (asked.examples and not dataset.is_example)
    ]
    if out.json:
        out.document([of_dataset(one) for one in datasets])
        return
    out.table(
        COLUMNS,
        [(one.name, one.data_type_id, one.size, one.created_date, one.owner) for one in datasets],
    )
    if out.on_terminal:
        out.note(f"{len(datasets)} datasets." if len(datasets) != 1 else "1 dataset.")


def _all(asked: Asked, out: Out) -> tuple[Dataset, ...]:
    if asked.offline:
        # Without a session: nothing that speaks to a network is even imported.
        from amltui.services.offline import remembered_list

        remembered = remembered_list(asked.profile)
        out.note(f"This is the list of {iso_utc(remembered.fetched)}, from this disk.")
        return remembered.listing.datasets
    from amltui.cli.work import in_session

    async def work(session: Session) -> tuple[Dataset, ...]:
        snapshot = await session.current_list()
        if snapshot.gap:
            warn(snapshot.gap)
        return snapshot.datasets

    return in_session(asked.profile, out, work)
