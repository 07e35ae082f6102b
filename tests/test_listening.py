"""The listening socket of the tests, which are to leave no connection behind."""

import asyncio
import gc
import ssl

from tests.support.listening import listening


async def serve(reader, _writer):
    await reader.read()


async def test_a_handshake_that_the_client_gives_up_at_the_end_leaves_no_connection():
    silent = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    async with listening(serve, ssl=silent) as port:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.05, writer.transport.abort)
    gc.collect()  # what is left behind fails the test here
