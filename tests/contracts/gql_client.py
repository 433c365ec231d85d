"""Drives gql against running servers, as clients.mjs does with those of Node."""

import asyncio
import json
import sys
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

SENSORS = "query Sensors($first: Int) { sensors(first: $first) { edges { node { id name } } } }"
START = """mutation Start($input: StartSensorInput!) {
  startSensor(input: $input) { sensor { id status } errors { message } } }"""
NAME = "gql"


class Place:
    """Where the server is now."""

    url = sys.argv[1]


def say(**value: Any) -> None:
    sys.stdout.write(json.dumps({"client": NAME, **value}) + "\n")
    sys.stdout.flush()


async def follow(field: str, document: str, variables: Any, after: str | None) -> None:
    while True:
        try:
            transport = WebsocketsTransport(
                url=Place.url.replace("http", "ws", 1), subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]
            )
            async with Client(transport=transport) as session:
                asked = GraphQLRequest(document, variable_values={**variables, "after": after})
                async for data in session.subscribe(asked):
                    after = data[field].get("position", after)
                    say(field=field, item=data[field])
            say(field=field, ended=True)
            return
        except Exception as error:
            say(field=field, lost=str(error) or type(error).__name__)
        await asyncio.sleep(0.1)


async def main() -> None:
    async with Client(transport=HTTPXAsyncTransport(url=Place.url), fetch_schema_from_transport=True) as session:
        data = await session.execute(GraphQLRequest(SENSORS, variable_values={"first": 10}))
        sensors = [edge["node"] for edge in data["sensors"]["edges"]]
        wanted = {"input": {"sensorId": sensors[0]["id"], "idempotencyKey": NAME}}
        started = await session.execute(GraphQLRequest(START, variable_values=wanted))
        say(sensors=[sensor["name"] for sensor in sensors], **started)
    async with asyncio.TaskGroup() as tasks:
        while line := await asyncio.to_thread(sys.stdin.readline):
            word, _, rest = line.strip().partition(" ")
            if word == "url":
                Place.url = rest
            elif word == "follow":
                for field, one in json.loads(rest).items():
                    tasks.create_task(follow(field, **one))


asyncio.run(main())
