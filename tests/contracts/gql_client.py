"""Drives gql against a running server, as clients.mjs does with those of Node."""

import asyncio
import json
import sys
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

URL = sys.argv[1]
SENSORS = "query Sensors($first: Int) { sensors(first: $first) { edges { node { id name } } } }"
START = """mutation Start($input: StartSensorInput!) {
  startSensor(input: $input) { sensor { id status } errors { message } } }"""
TICKS = """subscription Ticks($after: StreamPosition) {
  ticks(after: $after) { ... on TickChanged { position tick { number } } } }"""


def say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def follow() -> None:
    after = "0"
    while True:
        try:
            transport = WebsocketsTransport(
                url=URL.replace("http", "ws", 1), subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]
            )
            async with Client(transport=transport) as session:
                async for item in session.subscribe(GraphQLRequest(TICKS, variable_values={"after": after})):
                    after = item["ticks"]["position"]
                    say({"number": item["ticks"]["tick"]["number"]})
        except Exception as error:
            say({"lost": str(error) or type(error).__name__})
        await asyncio.sleep(0.1)


async def main() -> None:
    async with Client(transport=HTTPXAsyncTransport(url=URL), fetch_schema_from_transport=True) as session:
        data = await session.execute(GraphQLRequest(SENSORS, variable_values={"first": 10}))
        sensors = [edge["node"] for edge in data["sensors"]["edges"]]
        say({"sensors": [sensor["name"] for sensor in sensors]})
        wanted = {"input": {"sensorId": sensors[0]["id"], "idempotencyKey": "k"}}
        say((await session.execute(GraphQLRequest(START, variable_values=wanted)))["startSensor"])
    await follow()


asyncio.run(main())
