"""A folder of documents can be made all that is answered."""

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from checks.own_documents import own_documents
from graphql import get_introspection_query

import seeds
from serving import Api, serving
from vedette.bus import Bus
from vedette.errors import UsageError
from vedette.graphql.documents.requests import Request
from vedette.graphql.documents.trusted_documents import TrustedDocuments, document_id
from vedette.graphql.errors import RequestError
from vedette.settings import Settings
from vedette.storage.database import Database

VERSION = "query Version { instance { version } }\n"
LOCATIONS = "{ codeLocations { id } }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "version.graphql").write_text(VERSION)
    (tmp_path / "ticks.graphql").write_text("subscription { ticks { __typename } }")
    return tmp_path


def in_mode(folder: Path, mode: Any) -> Settings:
    return Settings(trusted_documents=folder, trusted_documents_mode=mode)


async def code(api: Api, status: int, **body: Any) -> str | None:
    response = await api.client.post(api.url, json=body)
    assert response.status_code == status
    errors = response.json().get("errors")
    return None if errors is None else str(errors[0]["extensions"]["code"])


async def test_nothing_else_is_answered(database: Database, bus: Bus, folder: Path) -> None:
    async with serving(database, bus, in_mode(folder, "only")) as api:
        for known in ("version", document_id(VERSION)):
            assert await code(api, 200, documentId=known) is None
        digest = document_id(VERSION).removeprefix("sha256:")
        assert await code(api, 200, extensions={"persistedQuery": {"version": 1, "sha256Hash": digest}}) is None
        assert (await api.client.get(api.url, params={"documentId": "version"})).status_code == 200
        # The text itself is as good as its name.
        assert await code(api, 200, query=VERSION) is None
        assert await code(api, 403, query=LOCATIONS) == "DOCUMENT_NOT_TRUSTED"
        assert await code(api, 404, documentId="other") == "PERSISTED_QUERY_NOT_FOUND"
        assert await code(api, 404, documentId=document_id(LOCATIONS)) == "PERSISTED_QUERY_NOT_FOUND"
        assert await code(api, 200, documentId="version", query=LOCATIONS) == "BAD_INPUT"
        async with api.subscribe(LOCATIONS) as subscription:
            message = await subscription.receive()
        assert message["payload"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"


async def test_what_is_asked_by_its_id_may_be_kept_and_nothing_else(database: Database, bus: Bus, folder: Path) -> None:
    (folder / "locations.graphql").write_text("query Locations { codeLocations { name } }")
    (folder / "wrong.graphql").write_text('{ tick(id: "x") { id } }')
    (folder / "start.graphql").write_text('mutation { startSensor(input: {sensorId: "x"}) { errors { message } } }')
    async with serving(database, bus, in_mode(folder, "off")) as api:

        async def get(known: str = "", **asked: str) -> httpx.Response:
            return await api.client.get(api.url, params=asked, headers={"if-none-match": known} if known else {})

        kept = await get(documentId="locations")
        assert kept.headers["cache-control"] == "private, no-cache"
        assert {"accept", "authorization", "cookie"} <= {name.strip() for name in kept.headers["vary"].split(",")}
        same = await get(kept.headers["etag"], documentId="locations")
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", kept.headers["etag"])
        await seeds.code_location(database)
        changed = await get(kept.headers["etag"], documentId="locations")
        assert (changed.status_code, len(changed.json()["data"]["codeLocations"])) == (200, 1)
        posted = await api.client.post(api.url, json={"documentId": "locations"})
        others = [posted, await get(query=LOCATIONS), await get(documentId="wrong"), await get(documentId="none")]
        assert {answer.headers["cache-control"] for answer in others} == {"no-store"}
        assert not any("etag" in answer.headers for answer in others)
        assert (await get(documentId="start")).status_code == 405


async def test_at_first_it_only_tells_what_it_would_refuse(
    database: Database, bus: Bus, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "vedette.graphql.documents.trusted_documents"):
        async with serving(database, bus, in_mode(folder, "log")) as api:
            assert await code(api, 200, query=VERSION) is None
            assert caplog.text == ""
            assert await code(api, 200, query=LOCATIONS) is None
    assert LOCATIONS in caplog.text
    assert document_id(LOCATIONS) in caplog.text


def test_what_the_command_line_and_the_client_send_is_trusted_always(folder: Path) -> None:
    trusted = TrustedDocuments.load(in_mode(folder, "only"))
    sent = own_documents()
    assert {
        "vedette.cli.sensors.sensor_documents.LIST",
        "vedette.client.generated.documents.FollowTicks",
    } <= sent.keys()
    for text in sent.values():
        assert trusted.text(Request(query=text)) == text


def test_what_the_build_of_the_interface_lists_is_trusted_always(folder: Path) -> None:
    listed = folder / "documents.txt"
    listed.write_text(f"{document_id(LOCATIONS)} Locations\n")
    assert TrustedDocuments.load(in_mode(folder, "only"), listed).text(Request(query=LOCATIONS)) == LOCATIONS
    with pytest.raises(RequestError, match="trusted documents only"):
        TrustedDocuments.load(in_mode(folder, "only"), folder / "not-built.txt").text(Request(query=LOCATIONS))


async def test_a_page_that_asks_for_the_schema_is_refused(database: Database, bus: Bus, folder: Path) -> None:
    async with serving(database, bus, in_mode(folder, "only")) as api:
        assert await code(api, 403, query=get_introspection_query()) == "DOCUMENT_NOT_TRUSTED"


def test_a_file_that_is_no_document_of_the_schema_is_named(folder: Path) -> None:
    for text in ("{", "{ nothing }", "\xff"):
        (folder / "bad.graphql").write_text(text, encoding="latin-1")
        with pytest.raises(UsageError, match=r"bad\.graphql"):
            TrustedDocuments.load(in_mode(folder, "off"))


def test_a_folder_that_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(UsageError, match="missing"):
        TrustedDocuments.load(in_mode(folder / "missing", "off"))
    with pytest.raises(UsageError, match="trusted_documents"):
        TrustedDocuments.load(Settings(trusted_documents_mode="only"))
