"""Waiting in line: whatever becomes of one who has a turn, or waits for it, the next gets it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from amltui.server.http_errors import ServiceUnavailable
from amltui.server.turns import turn

WORDS = "Too many now."
LONG = 5


async def take(line, until):
    """Have a turn until the event."""
    async with turn(line, LONG, WORDS):
        await until.wait()


async def begun(*work):
    """Tasks, of which each has a turn already or stands in line."""
    tasks = [asyncio.create_task(one) for one in work]
    await asyncio.sleep(0)  # one round of the loop
    return tasks


@pytest.fixture(params=[asyncio.Lock, lambda: asyncio.Semaphore(2)], ids=["lock", "two at a time"])
def line(request):
    return request.param()


async def assert_free(line):
    """As many as may have turns at once can have them."""
    count = 1 if isinstance(line, asyncio.Lock) else 2
    async with asyncio.timeout(5), contextlib.AsyncExitStack() as held:
        for _ in range(count):
            await held.enter_async_context(turn(line, LONG, WORDS))
        assert line.locked()


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError, ServiceUnavailable])
async def test_a_turn_that_fails_is_given_back(line, error):
    for _ in range(3):
        with contextlib.suppress(error):
            async with turn(line, LONG, WORDS):
                raise error(WORDS)
    await assert_free(line)


async def test_those_who_are_cancelled_in_line_take_no_turn_along(line):
    done = asyncio.Event()
    tasks = await begun(*(take(line, done) for _ in range(100)))
    for task in tasks[1::2]:
        task.cancel()
    done.set()  # in the same moment: turns are given to some who are being cancelled
    await asyncio.wait(tasks)
    assert sum(not task.cancelled() for task in tasks) == 50
    await assert_free(line)


async def test_who_waits_too_long_is_told_and_takes_no_turn_along(line):
    done = asyncio.Event()
    holders = await begun(*(take(line, done) for _ in range(2)))
    for _ in range(10):
        with pytest.raises(ServiceUnavailable, match=WORDS):
            async with turn(line, 0.001, WORDS):
                pass
    done.set()
    await asyncio.wait(holders)
    await assert_free(line)


async def test_turns_are_had_in_the_order_in_which_they_were_asked_for(line):
    done, order = asyncio.Event(), []
    holders = await begun(*(take(line, done) for _ in range(2)))

    async def note(number):
        async with turn(line, LONG, WORDS):
            order.append(number)

    tasks = await begun(*(note(number) for number in range(20)))
    done.set()
    await asyncio.wait([*holders, *tasks])
    assert order == list(range(20))
