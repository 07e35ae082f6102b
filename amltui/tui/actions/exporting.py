"""Writing what is seen to a file."""

from __future__ import annotations

import asyncio
from pathlib import Path

from amltui.errors import UsageError
from amltui.formats import file_name
from amltui.text import visible
from amltui.tui.actions.host import ActionHost, PreviewHost
from amltui.tui.actions.queries import QueryActions
from amltui.tui.dialogs.menu import Menu, MenuItem
from amltui.tui.dialogs.prompts import AskLine
from amltui.tui.path_completion import free_name, full_path


async def export(host: PreviewHost, queries: QueryActions) -> None:
    """`E`: the rows on the screen as they are filtered and sorted, without hidden columns."""
    from amltui.tables.export import ENDINGS, check_target
    from amltui.tables.export import export as write
    from amltui.tables.queries import in_thread

    dataset, grid = host.preview_dataset, host.preview.grid
    if dataset is None or host.preview.rows is None:
        raise UsageError("No rows are shown.", hint="Choose a dataset first.")

    def check(text: str) -> str:
        try:
            check_target(full_path(text))
        except UsageError as error:
            return f"{error}: {error.hint}"
        return ""

    columns = [at for at in range(len(host.preview.rows.columns)) if at not in grid.hidden_columns]
    hidden = len(host.preview.rows.columns) - len(columns)
    name = file_name(dataset.name, dataset.data_type_id)
    seen = " · ".join(queries.stack.labels) or "all rows"
    typed = await host.ask(
        AskLine(
            "Export what is seen",
            f"{visible(seen)}\n{len(columns):,} column{'s' * (len(columns) != 1)}"
            + (f", without {hidden:,} hidden" if hidden else "")
            + f"\nThe ending says how: {' '.join(ENDINGS)}",
            text=str(Path.cwd() / f"{Path(name).stem}-export.csv"),
            accept="export",
            check=check,
        )
    )
    if typed is None:
        return
    target = await place_for(host, full_path(typed))
    if target is None:
        return
    rows = await queries.stack.all_rows(part=False)
    with queries.stack.working(f"writing {target.name}"):
        count = await in_thread(write, rows, target, columns)
    host.say(f"Wrote {count:,} rows to {visible(str(target))}.")


async def place_for(host: ActionHost, target: Path) -> Path | None:
    """Where to write: `target`, or beside a file that is there already. None: nowhere."""
    if not await asyncio.to_thread(target.exists):
        return target
    spare = await asyncio.to_thread(free_name, target)
    answer = await host.ask(
        Menu(
            "The file is there already",
            [
                MenuItem("k", "keep both", f"save as {visible(spare.name)}"),
                MenuItem("o", "overwrite", visible(target.name)),
            ],
            question=visible(str(target)),
        )
    )
    return {"k": spare, "o": target}.get(answer or "")
