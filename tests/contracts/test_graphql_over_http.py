"""The audit suite of the npm package graphql-http: GraphQL over HTTP, check by check."""

import asyncio
import json

from contracts import node
from serving import Api

CHECKS = 61
SECONDS = 60


async def test_every_check_of_the_audit_is_ok(api: Api, node_packages: None) -> None:
    process = await asyncio.create_subprocess_exec(
        node.NODE, node.FOLDER / "audit.mjs", api.url, env=node.ENVIRONMENT, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS):
        printed, _ = await process.communicate()
    results = [json.loads(line) for line in printed.splitlines()]
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == CHECKS
