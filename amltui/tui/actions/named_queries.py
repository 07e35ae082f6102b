"""Statements that keep a name: saved from the SQL editor, written there again, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from amltui.text import visible
from amltui.tui.actions.host import PreviewHost
from amltui.tui.actions.workspaces import Choose
from amltui.tui.dialogs.prompts import AskLine, Confirm
from amltui.tui.saved_queries import delete, load, save


class NamedQueries:
    """What `^s` and `^o` do in the editor."""

    def __init__(self, host: PreviewHost, choose: Choose) -> None:
        """Begin; `choose` lets one of several names be chosen."""
        self._host = host
        self._choose = choose

    async def save(self, text: str) -> None:
        """Keep a statement under a name that is asked for."""
        known = await asyncio.to_thread(load)
        typed = await self._host.ask(
            AskLine(
                "Save this statement",
                f"{visible(' '.join(text.split()))}\n\nUnder the name:",
                accept="save",
                check=lambda name: "" if name.strip() else "Type a name.",
            )
        )
        if typed is None:
            return
        name = typed.strip()
        if name in known and known[name] != text:
            question = f"{visible(' '.join(known[name].split()))}\nhas this name. Replace it?"
            answer = await self._host.ask(
                Confirm("The name is taken", question, yes="replace", no="keep it")
            )
            if not answer:
                return
        await asyncio.to_thread(save, name, text)
        self._host.say(f"Saved as {visible(name)}: ^o in the editor writes it again.")

    async def open(self) -> None:
        """Choose a statement; it is written in the editor, where enter asks it."""
        known = await asyncio.to_thread(load)
        if not known:
            self._host.say("No statement has a name yet: ^s in the editor gives it one.")
            return
        names = list(known)[::-1]
        labels = [f"{name}  {' '.join(known[name].split())}" for name in names]

        def chosen(at: int) -> None:
            if at == len(names):
                self._choose("Delete a named statement", labels, self._delete_one(names))
            else:
                self._host.preview.line.open("sql", known[names[at]])

        self._choose("Named statements", [*labels, "delete one of them"], chosen)

    def _delete_one(self, names: Sequence[str]) -> Callable[[int], None]:
        def chosen(at: int) -> None:
            async def forget() -> None:
                await asyncio.to_thread(delete, names[at])
                self._host.say(f"Deleted the statement {visible(names[at])}.")

            self._host.work(forget)

        return chosen
