"""Options that say how a text is written, for every command that reads rows."""

# No postponed annotations here: see `options`.

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from amltui.cli.output import Out, warn
from amltui.errors import AmltuiError, UsageError
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.formats.dialect import Dialect
    from amltui.formats.lens import Lens
    from amltui.models import Dataset
    from amltui.services.previews import Preview
    from amltui.services.session import Session
    from amltui.tables import Table

_GROUP = "How the text is written"
Sheet = Annotated[str | None, Parameter(name="--sheet")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class DialectOptions:
    """How rows, fields and numbers are written, where that is not what the type means."""

    delimiter: Annotated[
        str | None,
        Parameter(help="Between fields: one character, or tab, blank, pipe.", group=_GROUP),
    ] = None
    quote: Annotated[
        str | None, Parameter(help="Around fields; none for no quotes.", group=_GROUP)
    ] = None
    escape: Annotated[
        str | None, Parameter(help="Before a character taken as it is.", group=_GROUP)
    ] = None
    header: Annotated[
        bool | None,
        Parameter(
            help="The first row names the columns, or does not.",
            group=_GROUP,
            negative="--no-header",
        ),
    ] = None
    header_rows: Annotated[
        int | None, Parameter(help="Rows that name the columns together.", group=_GROUP)
    ] = None
    skip: Annotated[int | None, Parameter(help="Lines before the header.", group=_GROUP)] = None
    comment: Annotated[
        str | None, Parameter(help="What lines begin with that are no rows.", group=_GROUP)
    ] = None
    encoding: Annotated[
        str | None, Parameter(help="For example cp1252, gb18030, utf-16.", group=_GROUP)
    ] = None
    decimal: Annotated[
        str | None, Parameter(help="Decimal separator: . or , (comma).", group=_GROUP)
    ] = None
    thousands: Annotated[
        str | None, Parameter(help="Thousands separator, for example . or blank.", group=_GROUP)
    ] = None
    missing: Annotated[
        list[str] | None,
        Parameter(
            help="A spelling of a missing value; may be repeated.", group=_GROUP, negative=()
        ),
    ] = None

    @property
    def given(self) -> bool:
        """Whether any of these was said."""
        return any(getattr(self, field.name) is not None for field in fields(self))

    def on(self, base: "Dialect") -> "Dialect":
        """A dialect with what was said in place of its own.

        Raises:
            UsageError: no row can be read so.
        """
        from dataclasses import replace

        from amltui.formats.dialect import character

        said: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "missing" and value is not None:
                said[field.name] = tuple(value)
            elif value is not None:
                said[field.name] = character(value) if isinstance(value, str) else value
        if said.get("delimiter", base.delimiter) != base.delimiter:
            said["skip_space"] = said["delimiter"] == ","
        if "header_rows" in said:
            said.setdefault("header", True)
        if said.get("skip", 0) < 0:
            raise UsageError(f"--skip {said['skip']} is no number of lines")
        return replace(base, **said)

    def through(self, lens: "Lens") -> "Lens":
        """A lens on the same content, with what was said.

        Raises:
            UsageError: no row can be read so, or it is no text.
        """
        if not self.given:
            return lens
        if lens.fmt.kind not in {"delimited", "plain"}:
            raise UsageError(
                f"{lens.fmt.data_type_id} says itself how it is written",
                hint="Leave out the options about delimiters, quotes and encodings.",
            )
        return lens.written(self.on(lens.dialect or lens.own))


WRITTEN: Final = DialectOptions()


def options_of(dialect: "Dialect", own: "Dialect") -> str:
    """The options that make one dialect of another, as they are typed in a shell."""
    import shlex

    from amltui.formats.dialect import word_of

    words = []
    for field in fields(DialectOptions):
        value = getattr(dialect, field.name)
        if value == getattr(own, field.name):
            continue
        if isinstance(value, bool):
            words.append("--header" if value else "--no-header")
        elif isinstance(value, tuple):
            words += [f"--missing {shlex.quote(one)}" for one in value]
        elif isinstance(value, int):
            words.append(f"--{field.name.replace('_', '-')} {value}")
        else:
            words.append(f"--{field.name} {shlex.quote(word_of(value))}")
    return " ".join(words)


async def preview_of(
    session: "Session",
    dataset: "Dataset",
    written: DialectOptions,
    *,
    sheet: str | None = None,
    brief: bool = False,
) -> "Preview":
    """The preview of a dataset, read as was said; `brief`: see `PreviewOpener.open`. Close it.

    Raises:
        UsageError: no row can be read so, or the dataset is no text.
    """
    preview = await session.previews.open(dataset, sheet=sheet, brief=brief)
    if not written.given:
        return preview
    before = preview.lens
    preview.close()
    dialect = written.through(before).dialect
    return await session.previews.open(dataset, dialect, brief=brief)


def say_reading(out: Out, dataset: "Dataset", lens: "Lens") -> None:
    """Say on standard error how a text is read that is not read as its type means, or could be."""
    name = visible(dataset.name)
    if lens.offer is not None:
        looks = lens.offer.looks(lens.own)
        out.note(f'"{name}" looks {looks}: try {options_of(lens.offer, lens.own)}')
    elif lens.found and lens.dialect is not None:
        out.note(f'"{name}" is read as it looks: {lens.dialect.describe(lens.own)}')


async def table_that_fits(
    preview: "Preview", dataset: "Dataset"
) -> "tuple[Table, AmltuiError | None]":
    """Rows of a dataset as columns, and why they are not all; what is malformed or cut is told.

    See `services.whole_tables`.
    """
    from amltui.services import whole_tables

    table, problem = await whole_tables.table_that_fits(preview, dataset, in_place=True)
    if problem is not None:
        warn(
            f'"{visible(dataset.name)}" is asked of its first {table.row_count:,} rows, '
            f"{preview.part_words}."
        )
    if table.malformed_count:
        warn_malformed(dataset, table.malformed_count)
    if table.cut_count:
        from amltui.tables.long_fields import say_cut

        warn(f'"{visible(dataset.name)}": {say_cut(table.cut_count)}.')
    return table, problem


def warn_malformed(dataset: "Dataset", count: int) -> None:
    """Say on standard error that `count` rows are malformed."""
    warn(
        f'{count:,} {"row" if count == 1 else "rows"} of "{visible(dataset.name)}" '
        f"{'is' if count == 1 else 'are'} malformed: the terminal program shows why."
    )
