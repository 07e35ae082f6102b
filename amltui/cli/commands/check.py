"""`amltui check`, and what `amltui update --check` says before it sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amltui.cli.exit_codes import DONE, REFUSED, CheckFailed, FileNotThere
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Col, Out, warn
from amltui.cli.session import run
from amltui.disk import expanded
from amltui.errors import UsageError
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.session import Session
    from amltui.tables.queries import Checked
    from amltui.tables.rules import Limits, Rules


def check(
    name: str,
    file: str | None = None,
    /,
    *,
    rules: str | None = None,
    fail_on: list[str] | None = None,
    common: Common = COMMON,
) -> int:
    """Hold a dataset, or what `update` would make of it, against rules. Exits 8 if one is broken.

    Rules are read from --rules, else from FILE.rules.toml beside the file, else from the dataset
    NAME.rules.toml of the same workspace: see amltui help rules.

    Args:
        name: The dataset's name or id. What it changed is held against the version before it.
        file: New contents; nothing is sent.
        rules: A file of rules.
        fail_on: What may not change: schema, type, missing=5%, rows=-10%; may be repeated, or with
            commas between.
        common: Common options.
    """
    path = local_file(file) if file is not None else None
    limits = limits_in(fail_on)

    async def work(session: Session) -> tuple[Dataset, Checked]:
        from amltui.services.checking import check_dataset, check_update

        dataset = await session.find(name)
        wanted = await rules_for(session, dataset, path, rules, limits)
        if wanted is None:
            raise UsageError(
                f'There are no rules for "{visible(dataset.name)}"',
                hint="Give --rules FILE or --fail-on schema: see amltui help rules.",
            )
        if path is not None:
            return dataset, await check_update(session, dataset, path, wanted)
        return dataset, await check_dataset(session, dataset, wanted)

    dataset, found = run(common, work)
    if common.json:
        common.out.document(document(dataset, found))
    else:
        print_checked(common.out, found)
        say_failures(found)
    return DONE if found.passed else REFUSED


async def refuse(
    session: Session,
    out: Out,
    dataset: Dataset,
    path: Path,
    named: str | None,
    limits: Limits | None,
    data_type_id: str | None,
) -> None:
    """Say on standard error what an update changes.

    Raises:
        CheckFailed: it breaks a rule.
    """
    from amltui.services.checking import check_update
    from amltui.tables.rules import Rules

    rules = await rules_for(session, dataset, path, named, limits) or Rules()
    found = await check_update(session, dataset, path, rules, data_type_id=data_type_id)
    told = list(changes(found))
    for line in told:
        out.note(line)
    if not told:
        out.note("Columns, types, missing values and the number of rows stay as they are.")
    say_failures(found)
    if not found.passed:
        raise CheckFailed("Nothing was sent: the new contents break a rule.")


def changes(found: Checked) -> Iterator[str]:
    """What changes, in words; what stays is left out."""
    before, after = found.rows
    if before != after:
        yield f"rows: {before:,} → {after:,}" if before is not None else f"rows: {after:,}"
    for one in found.columns:
        name = visible(one.name)
        if one.status == "retyped":
            yield f"column {name}: {one.types[0]} → {one.types[1]}"
        elif one.status != "same":
            yield f"column {name}: {one.status}"
        if None not in one.missing and one.missing[0] != one.missing[1]:
            yield f"column {name}: missing {one.missing[0]:,} → {one.missing[1]:,}"


def local_file(name: str) -> Path:
    """A file that was named.

    Raises:
        FileNotThere: it is not there.
    """
    path = expanded(name)
    if not path.is_file():
        raise FileNotThere(f"There is no file {visible(str(path))}")
    return path


def limits_in(fail_on: list[str] | None) -> Limits | None:
    """What `--fail-on` says; None: it was not given.

    Raises:
        UsageError: it makes no sense.
    """
    if fail_on is None:
        return None
    from amltui.tables.rules import limits_of

    return limits_of([word for words in fail_on for word in words.split(",")])


async def rules_for(
    session: Session, dataset: Dataset, path: Path | None, named: str | None, limits: Limits | None
) -> Rules | None:
    """The rules that count; None: there are none.

    Raises:
        UsageError: they make no sense.
        FileNotThere: a file of rules that was named is not there.
    """
    from amltui.services import checking

    if named is not None:
        found: Rules | None = checking.rules_at(local_file(named))
    else:
        found = await checking.rules_for(session, dataset, path)
    return found if limits is None else checking.with_limits(found, limits)


def print_checked(out: Out, found: Checked) -> None:
    """Print what changes, a column a line."""
    before, after = found.rows
    known = before is not None
    columns = (
        Col("COLUMN", wide=True), Col("CHANGE"), Col("TYPE"), Col("TYPE BEFORE"),
        Col("MISSING", "count"), Col("MISSING BEFORE", "count"),
    )  # fmt: skip
    words = {"same": "" if known else "-"}
    out.table(
        columns,
        [
            (one.name, words.get(one.status, one.status), one.types[1], one.types[0],
             one.missing[1], one.missing[0])
            for one in found.columns
        ],
    )  # fmt: skip
    was = f", before {before:,}" if before is not None else ""
    out.note(f"{after:,} rows{was}.")


def say_failures(found: Checked) -> None:
    """Say on standard error which rules are broken."""
    for failure in found.failures:
        warn(f"{failure.rule}: {failure.message}")


def document(dataset: Dataset, found: Checked) -> dict[str, Any]:
    """What was found, for JSON."""
    return {
        "dataset": dataset.name,
        "passed": found.passed,
        "rows": found.rows[1],
        "rows_before": found.rows[0],
        "columns": [
            {
                "name": one.name,
                "status": one.status,
                "type": one.types[1],
                "type_before": one.types[0],
                "missing": one.missing[1],
                "missing_before": one.missing[0],
            }
            for one in found.columns
        ],
        "failures": [asdict(one) for one in found.failures],
    }
