"""How many connections a line is worth, judged by what the first one does."""

from __future__ import annotations

import asyncio

import pytest

from amltui.transfers.rates import RateLimiter
from amltui.transfers.scaler import ConnectionScaler
from amltui.transfers.states import MIB


async def test_an_answer_from_far_away_asks_for_several_connections_at_once():
    line = ConnectionScaler(lambda: 0)
    line.answered(0.001)
    assert not line.several.is_set()
    assert line.least >= 4 * MIB
    line.answered(0.05)
    assert line.several.is_set()
    assert line.least == 0


async def test_a_slow_line_asks_for_several_connections_and_a_fast_one_does_not():
    received = 0

    def fast() -> int:
        nonlocal received
        received += 1 << 40
        return received

    busy = ConnectionScaler(fast)
    watching = asyncio.create_task(busy.watch())
    slow = ConnectionScaler(lambda: 0)
    await slow.watch()
    assert slow.several.is_set()
    assert not busy.several.is_set()
    assert busy.least > 1 << 40  # a second's worth
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


@pytest.mark.parametrize("rate", [1, 10_000, 1_000_000])
async def test_a_limit_is_spent_in_steps_that_nobody_waits_long_for(rate):
    assert RateLimiter(rate).step == max(1024, rate // 4)
    assert RateLimiter(None).step > 1 << 40


async def test_who_presses_keys_gets_the_loop_and_a_limit_is_never_raised():
    unlimited, limited = RateLimiter(None), RateLimiter(10_000)
    for limit in (unlimited, limited):
        limit.give_way()
    assert unlimited.rate is not None
    assert limited.rate == 10_000
    before = asyncio.get_running_loop().time()
    for _ in range(3):  # the first goes at once
        await unlimited.spend(int(unlimited.rate / 50))
    assert asyncio.get_running_loop().time() - before >= 0.03
