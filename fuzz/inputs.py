"""What is thrown: sound requests, and what becomes of them when a few of their parts are bent."""

import json
import random
from typing import Any

DOCUMENTS = [
    "{ instance { version } }",
    "{ sensors(first: 3) { edges { cursor node { id name lastTick { number status } } } pageInfo { endCursor } } }",
    "query Q($id: ID!, $n: Int = 2) { node(id: $id) { ... on Sensor { ticks(first: $n) { edges { cursor } } } } }",
    '{ nodes(ids: ["a", "b"]) { id } runs(filter: {status: [QUEUED]}) { edges { node { id tags { key value } } } } }',
    "query A { ...f } query B { __typename } fragment f on Query { codeLocations { id } }",
    'mutation { startSensor(input: {sensorId: "U2Vuc29yOng"}) { sensor { id } errors { message } } }',
    'mutation($c: JSON) { launchRun(input: {jobName: "x", runConfig: $c}) { errors { __typename } } }',
    "subscription($after: StreamPosition) { ticks(after: $after) { __typename ... on StreamGap { position } } }",
    'subscription { runEvents(runId: "UnVuOng", after: "1") { __typename } }',
    "{ __schema { types { name fields(includeDeprecated: true) { name } } } }",
]
BITS = [
    "{", "}", "(", ")", "[", "]", "\"", '"""', "...", "$", "@", "!", ":", "|", "\\", "\x00", "\ud800", "\u2028", "#",
    "null", "-1", "1e999", "99999999999999999999", "on", "fragment", "query", "__typename", "@skip(if: true)", "é",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, -1, 0, 2**63, 1e308, "", "x", "\x00", "\ud800", "9" * 40, [], {}, [[]], {"": None}, ["a"] * 300,
    {"after": {"after": 1}}, "U2Vuc29yOng", "2026-01-01T00:00:00Z",
]  # fmt: skip
TYPES = [
    "application/json", "Application/JSON; charset=UTF-8", "application/json; charset=utf-16", "text/plain", "", ";;",
    "\xff", "multipart/form-data; boundary=x", "application/graphql",
]  # fmt: skip
ACCEPTS = [
    *["*/*"] * 20, "application/json", "application/graphql-response+json", "text/event-stream", "", ",", "a/b;q=x",
    "*/*;q=0", "\xff", ";" * 50,
]  # fmt: skip
OTHER_HEADERS = [
    ("content-encoding", "gzip"), ("last-event-id", "x"), ("last-event-id", "9" * 30), ("origin", "null"), ("origin", "http://["),
    ("host", "evil.example"), ("sec-fetch-site", "cross-site"), ("content-length", "5"), ("expect", "100-continue"),
    ("x-long", "x" * 9000),
]  # fmt: skip

BEGINNINGS = [b"", b"POST /graphql HTTP/1.1\r\nHost: localhost\r\n", b"GET /graphql HTTP/9\r\n", b"\x16\x03"]


def bent(text: str, dice: random.Random) -> str:
    """Return a text with a few of its characters dropped, doubled, moved or replaced."""
    for _ in range(dice.choice((0, 0, 1, 1, 2, 5))):
        at = dice.randrange(len(text) + 1)
        kind = dice.randrange(4)
        if kind == 0:
            text = text[:at] + text[at + dice.randrange(1, 9) :]
        elif kind == 1:
            text = text[:at] + dice.choice(BITS) * dice.choice((1, 1, 3, 400)) + text[at:]
        elif kind == 2:
            text = text[:at] + text[max(0, at - dice.randrange(30)) :]
        else:
            text = text[:at] + dice.choice(DOCUMENTS)
    return text


def document(dice: random.Random) -> str:
    """Return a document, most of them broken."""
    return bent(dice.choice(DOCUMENTS), dice)


def parameters(dice: random.Random) -> Any:
    """Return the parameters of a request, or what stands in their place."""
    if dice.random() < 0.05:
        return dice.choice(VALUES)
    body: dict[str, Any] = {"query": document(dice) if dice.random() < 0.95 else dice.choice(VALUES)}
    if dice.random() < 0.4:
        body["variables"] = {dice.choice(("id", "n", "c", "after", "x")): nested(dice)}
    for name in ("variables", "operationName", "extensions", "documentId"):
        if dice.random() < 0.1:
            body[name] = dice.choice(VALUES)
    return body


def nested(dice: random.Random) -> Any:
    """Return a value, now and then deep within lists and objects."""
    value = dice.choice(VALUES)
    for _ in range(dice.choice((0, 0, 0, 1, 3, 150))):
        value = [value] if dice.random() < 0.5 else {"a": value}
    return value


def body(dice: random.Random) -> bytes:
    """Return a body: JSON, bent JSON, or bytes."""
    kind = dice.randrange(10)
    if kind == 0:
        return dice.randbytes(dice.randrange(200))
    text = json.dumps(parameters(dice))
    if kind < 3:
        text = bent(text, dice)
    return text.encode("utf-16" if kind == 3 else "utf-8", "surrogatepass")


def message(dice: random.Random) -> str | bytes:
    """Return a message of a websocket, in order or not."""
    kind = dice.randrange(12)
    if kind == 0:
        return dice.randbytes(dice.randrange(50))
    if kind == 1:
        sound = '{"type":"subscribe","id":"1","payload":{"query":"{ a }"}}'
        return bent(sound, dice).encode(errors="replace").decode()
    name = dice.choice(("connection_init", "ping", "pong", "complete", *["subscribe"] * 8, "next", ""))
    told: dict[str, Any] = {"type": name}
    if name in {"complete", "subscribe"} or dice.random() < 0.1:
        told["id"] = dice.choice(("1", "2", "3", "", 1, "x" * 300)) if dice.random() < 0.9 else None
    if name == "subscribe" or dice.random() < 0.1:
        told["payload"] = parameters(dice)
    return json.dumps(told)
