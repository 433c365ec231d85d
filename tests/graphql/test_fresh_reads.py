"""What loaders have read is for one request, or one item of a stream: the next is shown how things are then."""

import seeds
from serving import Api, Subscription
from statements import counted_statements
from vedette.storage.database import Database

# All that is below a tick here is read by loaders.
FIELDS = "number sensor { name codeLocation { name error { message } } }"
QUERY = f"query Fresh {{ ticks {{ edges {{ node {{ {FIELDS} }} }} }} }}"
FOLLOW = f"subscription Fresh {{ ticks(after: 0) {{ ... on TickChanged {{ tick {{ {FIELDS} }} }} }} }}"


async def broken(database: Database, message: str) -> None:
    error = f'{{"type": "E", "message": "{message}", "stack": []}}'
    await seeds.execute(database, "UPDATE code_locations SET error = CAST(:error AS jsonb)", error=error)


def message(tick: dict[str, dict[str, dict[str, dict[str, str]]]]) -> str:
    return tick["sensor"]["codeLocation"]["error"]["message"]


async def test_each_operation_of_a_connection_reads_anew(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    await seeds.tick(database, await seeds.sensor(database), 1)
    told = []
    async with api.connect() as socket:
        subscription = Subscription(socket)
        await subscription.send({"type": "connection_init"})
        assert (await subscription.receive())["type"] == "connection_ack"
        for said in ("first", "second"):
            await broken(database, said)
            await subscription.send({"id": said, "type": "subscribe", "payload": {"query": QUERY}})
            [edge] = (await subscription.next())["ticks"]["edges"]
            told.append(message(edge["node"]))
            assert (await subscription.receive())["type"] == "complete"
            [edge] = (await api.query(QUERY))["ticks"]["edges"]
            told.append(message(edge["node"]))
    assert told == ["first", "first", "second", "second"]


async def test_each_item_of_a_stream_is_read_anew(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database)
    told = []
    async with api.subscribe(FOLLOW) as subscription:
        for number, said in enumerate(("first", "second", "third", "fourth"), start=1):
            await broken(database, said)
            await seeds.tick(database, sensor, number)
            tick = (await subscription.next())["ticks"]["tick"]
            told.append((tick["number"], message(tick)))
    assert told == [(1, "first"), (2, "second"), (3, "third"), (4, "fourth")]


async def test_within_one_request_nothing_is_read_twice(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database)
    counts = []
    for number in (1, 2):
        await seeds.tick(database, sensor, number)
        with counted_statements() as statements:
            edges = (await api.query(QUERY))["ticks"]["edges"]
        assert len(edges) == number
        counts.append(len(statements))
    assert counts[0] == counts[1]
