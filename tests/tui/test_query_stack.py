"""Queries that were asked of a growing table, and are asked again once all rows are there."""

import asyncio

import pytest

from amltui.tables.file_rows import content_table
from amltui.tables.queries import Condition, SortKey, filter_rows, in_thread, sort
from amltui.tui.actions.query_stack import Query, QueryStack


@pytest.fixture
def tables(tmp_path):
    """The first rows of a content, and all of it."""
    made = []
    for name, rows in (("some", 100), ("all", 300)):
        path = tmp_path / f"{name}.csv"
        path.write_text("n\n" + "".join(f"{n}\n" for n in range(rows)))
        scratch = tmp_path / name
        scratch.mkdir()
        made.append(content_table(path, scratch))
    with made[0] as some, made[1] as whole:
        yield some, whole


class Growing:
    """A stack whose table becomes the whole one while the first query is asked."""

    def __init__(self, some, whole):
        self.whole = whole
        self.shown = 0
        self.again = asyncio.Event()
        """Set when a query is asked again."""
        self.go_on = asyncio.Event()
        self.stack = QueryStack(
            want=lambda: None, plain=lambda: some, show=self._show, changed=lambda: None
        )
        self.stack.set_table(some)

    def _show(self, **how):
        del how
        self.shown += 1

    def query(self, kind, question, *args):
        async def run(rows):
            table = rows if rows is self.whole else getattr(rows, "table", None)
            if table is self.whole:
                self.again.set()
                await self.go_on.wait()
            answer = await in_thread(question, rows, *args)
            self.stack.set_table(self.whole)
            return answer

        return Query(kind, kind, run)


async def test_an_order_that_is_taken_back_while_it_is_asked_again_is_gone(tables):
    growing = Growing(*tables)
    stack = growing.stack
    asking = asyncio.create_task(
        stack.run("sorting", growing.query("sort", sort, [SortKey(0, descending=True)]))
    )
    await growing.again.wait()
    assert stack.settling
    assert stack.asking == 300
    asking.cancel()
    assert stack.pop()
    await asyncio.wait({asking})
    assert stack.results == []
    assert not stack.busy
    assert not stack.settling


async def test_what_is_left_when_a_query_is_taken_back_is_asked_of_all_rows(tables):
    growing = Growing(*tables)
    stack = growing.stack
    stack.set_table(tables[0])
    await stack.run("filtering", Query("filter", "&", _of_small))
    growing.go_on.set()
    asking = asyncio.create_task(
        stack.run("sorting", growing.query("sort", sort, [SortKey(0, descending=True)]))
    )
    await growing.again.wait()
    assert stack.pop()
    await asking
    assert [result.query.kind for result in stack.results] == ["filter"]
    assert stack.asked_of == 300
    assert stack.results[0].rows.row_count == 290
    stack.pop()


async def _of_small(rows):
    return await in_thread(filter_rows, rows, [Condition(0, ">=", "10")])
