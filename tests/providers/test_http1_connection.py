"""What depends on the state of the operating system's buffers, with a transport whose state the test sets."""

import asyncio

from providers.loopback import answer
from weighbridge.providers.http1_answer import HttpLimits
from weighbridge.providers.http1_connection import WRITE_SLICE_BYTES, Connection

OK = answer(b"{}")


class Buffers(asyncio.Transport):
    """Takes every byte and says how many it still holds."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.held, self.is_aborted = b"", 0, False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.held

    def is_closing(self) -> bool:
        return self.is_aborted

    def abort(self) -> None:
        self.is_aborted = True


def connected() -> tuple[Connection, Buffers]:
    connection, buffers = Connection(asyncio.get_running_loop(), "host", HttpLimits()), Buffers()
    connection.connection_made(buffers)
    return connection, buffers


async def exchange(connection: Connection, body: bytes = b"") -> None:
    await connection.exchange(b"HEAD", body, asyncio.get_running_loop().time() + 5, is_live=False)


async def test_a_connection_with_unsent_bytes_is_not_kept() -> None:
    for held in (0, 1):
        connection, buffers = connected()
        buffers.held = held
        asyncio.get_running_loop().call_soon(connection.data_received, OK)
        await exchange(connection)
        assert connection.is_usable == (held == 0)


async def test_a_large_body_waits_while_the_peer_does_not_read() -> None:
    connection, buffers = connected()
    connection.pause_writing()
    call = asyncio.create_task(exchange(connection, b"x" * (WRITE_SLICE_BYTES + 1)))
    await asyncio.sleep(0.01)
    assert buffers.written == b"HEAD"
    connection.resume_writing()
    await asyncio.sleep(0.01)
    assert len(buffers.written) == 4 + WRITE_SLICE_BYTES + 1
    connection.data_received(OK)
    await call


async def test_a_connection_that_was_lost_between_two_calls_counts_as_stale() -> None:
    connection, _ = connected()
    asyncio.get_running_loop().call_soon(connection.data_received, OK)
    await exchange(connection)
    connection.connection_lost(None)
    assert not connection.is_usable
    result = await asyncio.gather(exchange(connection), return_exceptions=True)
    assert "before it answered" in str(result[0])
    assert connection.was_stale
