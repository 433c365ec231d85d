"""A bucket as a source, on moto's server."""

from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from integration.sources.looking import Looker
from vedette.sources.s3 import S3Bucket

OPTIONS: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "testing",
    "aws_secret_access_key": "testing",
}


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def bucket(endpoint: str) -> Any:
    # Servers of one process share what they hold.
    httpx.post(f"{endpoint}/moto-api/reset")
    client = boto3.client("s3", endpoint_url=endpoint, **OPTIONS)
    client.create_bucket(Bucket="lake")
    return client


def put(client: Any, *keys: str, body: bytes = b"x") -> None:
    for key in keys:
        client.put_object(Bucket="lake", Key=key, Body=body)


def names(keys: list[str | None]) -> list[str]:
    return [str(key).partition("@")[0] for key in keys]


def test_objects_are_asked_about_once_and_again_with_other_content(endpoint: str, bucket: Any) -> None:
    looker = Looker(S3Bucket("lake", "in/", endpoint_url=endpoint, **OPTIONS))
    put(bucket, "in/b", "in/a", "out/c")
    assert names(looker.tick()) == ["in/a", "in/b"]
    assert looker.tick() == []
    put(bucket, "in/a", body=b"other")
    put(bucket, "in/0")
    assert names(looker.tick()) == ["in/0", "in/a"]


def test_keys_that_only_grow_need_no_more_than_the_last_one(bucket: Any) -> None:
    looker = Looker(S3Bucket("lake", ordered=True, limit=2, client=bucket))
    put(bucket, "2026-01", "2026-02", "2026-03")
    assert [names(looker.tick()) for _ in range(3)] == [["2026-01", "2026-02"], ["2026-03"], []]
    put(bucket, "2026-04")
    assert names(looker.tick()) == ["2026-04"]
    assert looker.cursor == '{"after": "2026-04"}'


def test_more_objects_than_a_page_of_the_api_holds_are_all_seen(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    put(bucket, *map(str, range(8)))
    looker = Looker(S3Bucket("lake", limit=5, client=bucket))
    assert [len(looker.tick()) for _ in range(3)] == [5, 3, 0]
    assert len(set(looker.keys)) == 8


def test_a_bucket_that_is_not_there_fails_the_tick(bucket: Any) -> None:
    assert "NoSuchBucket" in Looker(S3Bucket("nowhere", client=bucket)).fails()
