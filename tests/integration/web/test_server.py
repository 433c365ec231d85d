import asyncio
import contextlib
import json
import signal
import socket
import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from vedette.errors import PortTaken, UsageError
from vedette.settings import Settings
from vedette.web.server import serve_http


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


async def listen(socket: WebSocket) -> None:
    await socket.accept()
    async for _ in socket.iter_text():
        pass


APP = Starlette(routes=[Route("/", hello), WebSocketRoute("/", listen)])


async def test_port_0_takes_a_free_one_and_says_which() -> None:
    async with serve_http(APP, "127.0.0.1", 0) as one, serve_http(APP, "127.0.0.1", 0) as other:
        assert one.port != other.port
        async with httpx.AsyncClient() as client:
            assert (await client.get(one.address)).text == "hello"


async def test_a_port_that_is_taken_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"^Port {port} of 127\.0\.0\.1 is taken .* --port\.$"):
            async with serve_http(APP, "127.0.0.1", port):
                pass


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
async def test_an_address_that_is_not_ours_is_one_clear_line(host: str) -> None:
    with pytest.raises(UsageError, match=r"^Cannot listen on .* --host"):
        async with serve_http(APP, host, 0):
            pass


async def test_the_port_is_free_again_at_once() -> None:
    async with serve_http(APP, "127.0.0.1", 0) as first:
        pass
    async with serve_http(APP, "127.0.0.1", first.port) as second:
        assert second.port == first.port


async def test_leaving_closes_websockets_soon() -> None:
    async with serve_http(APP, "127.0.0.1", 0) as server:
        socket = await connect(server.address.replace("http", "ws"))
        began = time.monotonic()
    assert time.monotonic() - began < 2
    with pytest.raises(ConnectionClosed):
        await socket.recv()
    await socket.close()


async def test_signals_are_left_to_others() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with serve_http(APP, "127.0.0.1", 0):
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


async def test_a_request_that_does_not_end_is_cancelled() -> None:
    cancelled = asyncio.Event()
    entered = asyncio.Event()

    async def endless(request: Request) -> Response:
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return PlainTextResponse(json.dumps(None))

    async with asyncio.TaskGroup() as tasks, httpx.AsyncClient() as client:
        async with serve_http(Starlette(routes=[Route("/", endless)]), "127.0.0.1", 0) as server:

            async def ask() -> None:
                with contextlib.suppress(httpx.HTTPError):
                    assert (await client.get(server.address, timeout=30)).status_code == 500

            tasks.create_task(ask())
            await entered.wait()
        assert cancelled.is_set()


@pytest.mark.parametrize("begun", [b"", b"\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n", b"GET"])
async def test_a_request_that_does_not_come_is_not_waited_for(begun: bytes) -> None:
    sound = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    async with serve_http(APP, "127.0.0.1", 0, Settings(request_seconds=0.2)) as server, asyncio.timeout(20):
        for before in (b"", sound):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(before + begun)
            with contextlib.suppress(ConnectionError):
                answer = await reader.read()
                assert answer.endswith(b"hello" if before else b"")
            writer.close()
