"""The clients: those that stay, those that come and go, that vanish, that read slowly, and that never begin.

Each follows the stream of ticks, whatever else it does, and goes on where it was: what it misses or gets twice is a
fault, and so is every end that it did not bring about or was not told why.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sockets.found import Found, Tape
from sockets.news import News
from sockets.transports import OPEN_SECONDS, PROTOCOL, Message, Refused, event_stream, http, websocket

TICKS = (
    "subscription($after: StreamPosition) { ticks(after: $after) { ... on TickChanged { position tick { number } } } }"
)
# Large items: what is not read of them adds up.
LOUD = TICKS.replace("number", "number skipReason")
# What else is followed, by its name. `events` ends when its run does.
OTHERS = {
    "runs": "subscription { runs { ... on RunChanged { position run { status } } } }",
    "sensors": "subscription { sensors { ... on SensorChanged { position sensor { name status } } } }",
    "assets": "subscription { assetEvents { ... on AssetEventAdded { position event { __typename } } } }",
    "pulses": "subscription($sensor: ID!) { pulses(sensorIds: [$sensor]) { sensor { name } } }",
    "instance": "subscription { instance { queuedRuns } }",
    "events": "subscription($run: ID!) { runEvents(runId: $run) { ... on RunEventAdded { position } } }",
    "query": "{ ticks(first: 3) { edges { node { number sensor { name } } } } }",
    "wrong": "subscription { nothing }",
}
# How long somebody reads nothing, in seconds: some are told then that they fell behind, some are cut off by then.
SLOW_SECONDS = (5.0, 50.0)
STAY_SECONDS = (1.0, 6.0)
PAUSE_SECONDS = 0.5
SILENT_CODE = 4408
# What ends a connection that its client does not read.
CUT_OFF = (ConnectionClosed, httpx.TransportError)


@dataclass
class Client:
    """One client."""

    address: str
    news: News
    dice: random.Random
    tape: Tape

    @property
    def found(self) -> Found:
        """Return what is found."""
        return self.tape.found

    def variables(self, name: str) -> dict[str, Any]:
        """Return what an operation of OTHERS is asked with."""
        return {"pulses": {"sensor": self.news.sensor}, "events": {"run": self.news.run}}.get(name, {})


async def staying(client: Client) -> None:
    """Follow over one websocket."""
    async with websocket(client.address) as socket:
        await socket.subscribe("ticks", TICKS, after=client.tape.after)
        while (message := await socket.receive()).kind == "next":
            client.tape.take(message.payload)
    _ended(client, message)


async def staying_by_events(client: Client) -> None:
    """Follow over one event stream."""
    async with http() as requests, event_stream(requests, client.address, TICKS, client.tape.after) as messages:
        async for message in messages:
            if message.kind != "next":
                _ended(client, message)
                return
            client.tape.take(message.payload)


async def changing(client: Client) -> None:
    """Do several things on one websocket for a while, complete one, use its id again, and close it as one should."""
    async with websocket(client.address) as socket:
        await _several(client, socket)
        await socket.send("complete", "ticks")
        await socket.subscribe("ticks", OTHERS["query"])
        while (message := await socket.receive()) != Message("ticks", "complete"):
            _take(client, message)
    client.found.outcomes["websockets closed"] += 1


async def vanishing(client: Client) -> None:
    """Do several things on one websocket for a while, and be gone."""
    async with websocket(client.address) as socket:
        await _several(client, socket)
        socket.connection.transport.abort()
    client.found.outcomes["websockets that vanished"] += 1


async def vanishing_by_events(client: Client) -> None:
    """Follow over an event stream for a while, and be gone."""
    async with http() as requests, event_stream(requests, client.address, TICKS, client.tape.after) as messages:
        with suppress(TimeoutError):
            async with asyncio.timeout(client.dice.uniform(*STAY_SECONDS)):
                async for message in messages:
                    if message.kind != "next":
                        _ended(client, message)
                        return
                    client.tape.take(message.payload)
    client.found.outcomes["event streams that vanished"] += 1


async def slow(client: Client) -> None:
    """Read nothing for a while, then what there is."""
    async with websocket(client.address, is_small=True) as socket:
        await socket.subscribe("ticks", LOUD, after=client.tape.after)
        await _slowly(client, socket.receive)


async def slow_by_events(client: Client) -> None:
    """Read nothing of an event stream for a while, then what there is."""
    async with (
        http(is_small=True) as requests,
        event_stream(requests, client.address, LOUD, client.tape.after) as messages,
    ):
        await _slowly(client, messages.__anext__)


async def silent(client: Client) -> None:
    """Open a websocket and say nothing."""
    url = f"ws://{client.address}/graphql"
    async with connect(url, subprotocols=[PROTOCOL], ping_interval=None, open_timeout=OPEN_SECONDS) as socket:
        await socket.wait_closed()
    if socket.close_code != SILENT_CODE:
        client.found.fault(f"silent: closed with {socket.close_code}")
    client.found.outcomes["websockets that never began"] += 1


async def _several(client: Client, socket: Any) -> None:
    await socket.subscribe("ticks", TICKS, after=client.tape.after)
    for name in client.dice.sample(sorted(OTHERS), client.dice.randint(2, 6)):
        await socket.subscribe(name, OTHERS[name], **client.variables(name))
    with suppress(TimeoutError):
        async with asyncio.timeout(client.dice.uniform(*STAY_SECONDS)):
            while True:
                _take(client, await socket.receive())


def _take(client: Client, message: Message) -> None:
    if message.kind == "error":
        if message.id != "wrong":
            _ended(client, message)
    elif message.kind == "next" and message.id == "ticks" and "position" in str(message.payload):
        client.tape.take(message.payload)


def _ended(client: Client, message: Message) -> None:
    """Note an end that the server told of: where its database did not answer, it says where to go on."""
    codes = {error["extensions"]["code"] for error in message.payload or () if message.kind == "error"}
    if codes == {"UNAVAILABLE"}:
        client.found.outcomes["told that the database did not answer"] += 1
    else:
        client.found.fault(f"{client.tape.name}: {message}")


async def _slowly(client: Client, receive: Callable[[], Awaitable[Message]]) -> None:
    """Wait, then read until there is no more for a moment; where it was too long, the server has said or done so."""
    await asyncio.sleep(client.dice.uniform(*SLOW_SECONDS))
    try:
        async with asyncio.timeout(2.0):
            while (message := await receive()).kind == "next":
                client.tape.take(message.payload)
    except TimeoutError:
        client.found.outcomes["slow, and kept up"] += 1
        return
    except CUT_OFF:
        client.found.outcomes["slow, and cut off"] += 1
        return
    behind = {"code": "FELL_BEHIND", "position": client.tape.after}
    if message.kind == "error" and [error["extensions"] for error in message.payload] == [behind]:
        client.found.outcomes["slow, and told where to resume"] += 1
    else:
        _ended(client, message)


# Of a hundred clients, so many of each.
KINDS: tuple[tuple[int, Callable[[Client], Awaitable[None]]], ...] = (
    (50, staying), (10, staying_by_events), (15, changing), (9, vanishing), (6, vanishing_by_events), (5, slow),
    (3, slow_by_events), (2, silent),
)  # fmt: skip
_MIXED = [kind for number, kind in KINDS for _ in range(number)]


async def live(number: int, address: str, news: News, found: Found) -> None:
    """Be the client of a number, over and over, until cancelled."""
    # Neighbours are of different kinds, so that a few clients are some of each.
    kind = _MIXED[number * 37 % len(_MIXED)]
    client = Client(address, news, random.Random(number), Tape(f"{kind.__name__} {number}", found))
    while True:
        try:
            await kind(client)
        except (*CUT_OFF, InvalidStatus, Refused, OSError, TimeoutError) as error:
            found.fault(f"{client.tape.name}: {type(error).__name__} {error}")
            await asyncio.sleep(PAUSE_SECONDS)
