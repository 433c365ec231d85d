import json
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from vedette.client.subscription import PROTOCOL, Subscription


async def test_a_client_that_fell_behind_goes_on_where_the_server_says() -> None:
    asked: list[Any] = []

    async def answer(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send('{"type":"connection_ack"}')
        asked.append(json.loads(await socket.recv())["payload"]["variables"]["after"])
        if len(asked) == 1:
            error = {"message": "Too slow.", "extensions": {"code": "FELL_BEHIND", "position": "7"}}
            await socket.send(json.dumps({"id": "1", "type": "error", "payload": [error]}))
        else:
            await socket.send('{"id":"1","type":"next","payload":{"data":{"ticks":{"position":"8"}}}}')
            await socket.send('{"id":"1","type":"complete"}')

    lost: list[str] = []
    async with serve(answer, "127.0.0.1", 0, subprotocols=[PROTOCOL]) as server:
        port = server.sockets[0].getsockname()[1]
        subscription = Subscription(f"http://127.0.0.1:{port}/graphql", "", "ticks")
        items = [item async for item in subscription.items(None, lost.append)]
    assert items == [{"position": "8"}]
    assert asked == [None, "7"]
    assert len(lost) == 1
