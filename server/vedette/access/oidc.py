"""Sign-in by OpenID Connect: the authorization code flow with PKCE, and who a person is by their ID token.

Nothing of what the provider says is taken on trust: the ID token's signature, issuer, audience, age and nonce are
verified, the last against what the browser that comes back has brought along.
"""

import secrets
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from vedette.access.claims import Grants, name_of
from vedette.domain.access import Reach, Role
from vedette.settings import Settings

SECONDS = 10.0
# Providers change their keys now and then; one that signs with a key that is not known is asked at once.
METADATA_SECONDS = 3600.0
# Between the provider's clock and ours.
LEEWAY_SECONDS = 60
# Signatures of keys that the provider publishes: none that rests on a shared secret, and not `none`.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class SignInFailed(Exception):
    """Nobody is signed in; the text is one sentence for the person. `status` is that of HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Begun(NamedTuple):
    """A sign-in that goes on at `url`; the rest is to come back with the same browser."""

    url: str
    state: str
    nonce: str
    verifier: str


class Identity(NamedTuple):
    """Who has signed in, and what they may do."""

    subject: str
    name: str
    role: Role
    code_locations: Reach


class _Known(NamedTuple):
    at: float
    metadata: Mapping[str, Any]
    keys: jwk.KeySet


class Provider:
    """The provider of the settings."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer is not None
        self._settings = settings
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id or ""
        self._grants = Grants.of(settings)
        self._known: _Known | None = None

    async def begin(self, redirect_uri: str) -> Begun:
        """Return where to send a browser that is to come back to `redirect_uri`. Raises SignInFailed."""
        known = await self._metadata()
        begun = Begun("", *(secrets.token_urlsafe(32) for _ in range(3)))
        url: str = prepare_grant_uri(
            known.metadata["authorization_endpoint"],
            client_id=self._client_id,
            response_type="code",
            redirect_uri=redirect_uri,
            scope=" ".join(self._settings.oidc_scopes),
            state=begun.state,
            nonce=begun.nonce,
            code_challenge=create_s256_code_challenge(begun.verifier),
            code_challenge_method="S256",
        )
        return begun._replace(url=url)

    async def identify(self, redirect_uri: str, code: str, nonce: str, verifier: str) -> Identity:
        """Return who a code is for. Raises SignInFailed."""
        known = await self._metadata()
        token = await self._token(known.metadata["token_endpoint"], redirect_uri, code, verifier)
        claims = await self._claims(token, nonce)
        role, reach = self._grants.to(claims)
        if role is None:
            raise SignInFailed(f"{name_of(claims, self._settings)} has no role here; ask an admin for one.", 403)
        return Identity(str(claims["sub"]), name_of(claims, self._settings), role, reach)

    async def _metadata(self, *, anew: bool = False) -> _Known:
        known = self._known
        if known is None or anew or known.at + METADATA_SECONDS < time.monotonic():
            metadata = await self._json("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if metadata.get("issuer") != self._issuer:
                raise SignInFailed(
                    f"What answers at {self._issuer} calls itself {str(metadata.get('issuer'))[:200]!r}; "
                    "oidc_issuer has to be the same, to the letter.",
                    502,
                )
            published: Any = await self._json("GET", metadata["jwks_uri"])
            keys = jwk.KeySet.import_key_set(published)
            known = self._known = _Known(time.monotonic(), metadata, keys)
        return known

    async def _token(self, endpoint: str, redirect_uri: str, code: str, verifier: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self._client_id,
        }
        secret = self._settings.oidc_client_secret
        # As RFC 6749, 2.3.1 has it: encoded as a form is, then as Basic.
        auth = None if secret is None else (quote(self._client_id, safe=""), quote(secret.get_secret_value(), safe=""))
        return await self._json("POST", endpoint, data=form, auth=auth)

    async def _claims(self, token: Mapping[str, Any], nonce: str) -> CodeIDToken:
        text = str(token.get("id_token"))
        try:
            try:
                decoded = jwt.decode(text, (await self._metadata()).keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError):
                # Signed with a new key, perhaps.
                decoded = jwt.decode(text, (await self._metadata(anew=True)).keys, algorithms=ALGORITHMS)
            options = {
                "iss": {"essential": True, "value": self._issuer},
                "aud": {"essential": True, "value": self._client_id},
            }
            params = {"nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")}
            claims = CodeIDToken(decoded.claims, decoded.header, options, params)
            claims.validate(leeway=LEEWAY_SECONDS)
        except (JoseError, AuthlibBaseError, ValueError) as error:
            raise SignInFailed(
                f"The provider's ID token is not good ({type(error).__name__}); sign in again.", 403
            ) from None
        return claims

    async def _json(self, method: str, url: str, **options: Any) -> Mapping[str, Any]:
        """Return what the provider answers. Raises SignInFailed; what it says of secrets is not passed on."""
        try:
            async with httpx.AsyncClient(timeout=SECONDS) as client:
                answer = await client.request(method, url, **options)
            found = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise SignInFailed(
                f"The provider at {self._issuer} does not answer ({type(error).__name__}).", 502
            ) from None
        if answer.is_error or not isinstance(found, dict):
            code = str(found.get("error", answer.status_code))[:100] if isinstance(found, dict) else answer.status_code
            raise SignInFailed(f"The provider at {self._issuer} refused ({code}); sign in again.", 403)
        return found
