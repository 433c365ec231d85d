"""ID tokens that are not good: made by a provider that lies, or by somebody else."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc import jwk, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from vedette.access.oidc import Provider, SignInFailed
from vedette.settings import Settings, load
from vedette.web.server import serve_http

KEY = jwk.RSAKey.generate_key(2048, {"kid": "ours"})
OTHER = jwk.RSAKey.generate_key(2048, {"kid": "ours"})


class Liar:
    """A provider whose next ID token is made to order."""

    def __init__(self) -> None:
        self.address = ""
        self.token = ""

    def app(self) -> Starlette:
        async def metadata(_: Request) -> JSONResponse:
            return JSONResponse(
                {
                    "issuer": self.address,
                    "authorization_endpoint": f"{self.address}/authorize",
                    "token_endpoint": f"{self.address}/token",
                    "jwks_uri": f"{self.address}/jwks",
                }
            )

        async def token(_: Request) -> JSONResponse:
            return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": self.token})

        async def jwks(_: Request) -> JSONResponse:
            return JSONResponse({"keys": [KEY.as_dict(private=False)]})

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", metadata),
                Route("/token", token, methods=["POST"]),
                Route("/jwks", jwks),
            ]
        )

    def claims(self, **other: Any) -> dict[str, Any]:
        now = int(time.time())
        good = {"iss": self.address, "aud": "vedette", "sub": "1", "iat": now, "exp": now + 60, "nonce": "n"}
        return {name: value for name, value in {**good, **other}.items() if value is not None}


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    liar = Liar()
    async with serve_http(liar.app(), "127.0.0.1", 0) as server:
        liar.address = server.address
        yield liar


def provider(liar: Liar, roles: str = "*=viewer") -> Provider:
    options = {"authentication": "oidc", "oidc_issuer": liar.address, "oidc_client_id": "vedette", "oidc_roles": roles}
    settings: Settings = load(options, {})[0]
    return Provider(settings)


def signed(claims: dict[str, Any], key: Any = KEY) -> str:
    return jwt.encode({"alg": "RS256", "kid": "ours"}, claims, key)


async def identified(liar: Liar) -> Any:
    return await provider(liar).identify("http://here/auth/callback", "code", "n", "verifier")


async def test_a_good_token_is_taken(liar: Liar) -> None:
    liar.token = signed(liar.claims(email="ann@example.org"))
    assert (await identified(liar)).name == "ann@example.org"


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://elsewhere.example"},
    "another audience": {"aud": "another"},
    "several audiences and another party": {"aud": ["vedette", "another"], "azp": "another"},
    "expired": {"exp": 1_000_000_000},
    "another nonce": {"nonce": "m"},
    "no nonce": {"nonce": None},
    "nobody": {"sub": None},
    "for ever": {"exp": None},
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_token_for_somebody_else_is_refused(liar: Liar, lie: str) -> None:
    liar.token = signed(liar.claims(**LIES[lie]))
    with pytest.raises(SignInFailed, match="not good"):
        await identified(liar)


async def test_a_token_that_the_provider_has_not_signed_is_refused(liar: Liar) -> None:
    secret = jwk.OctKey.import_key(b"vedette" * 8)
    forged = [
        signed(liar.claims(), OTHER),
        jwt.encode({"alg": "HS256"}, liar.claims(), secret),
        ".".join([*signed(liar.claims()).split(".")[:2], ""]),
        "eyJhbGciOiJub25lIn0." + signed(liar.claims()).split(".")[1] + ".",
        "nothing",
        "",
    ]
    for token in forged:
        liar.token = token
        with pytest.raises(SignInFailed, match="not good"):
            await identified(liar)


async def test_a_provider_that_calls_itself_otherwise_is_refused(liar: Liar) -> None:
    options = {
        "authentication": "oidc",
        "oidc_issuer": liar.address + "/",
        "oidc_client_id": "v",
        "oidc_roles": "*=viewer",
    }
    with pytest.raises(SignInFailed, match="oidc_issuer has to be the same"):
        await Provider(load(options, {})[0]).begin("http://here/auth/callback")
