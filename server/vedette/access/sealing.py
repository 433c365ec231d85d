"""Seals secret values of run configs for the database: encrypted and authenticated with the deployment's own key.

The key is the setting `secret_key`; with the embedded database it is made once, in a file beside that database.
"""

import base64
import importlib
import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from vedette.errors import VedetteError
from vedette.settings import Settings

FILE = "secret.key"
# Of a key in the settings, in characters: less could be guessed.
SHORTEST = 32
# Bytes of chance of a key that is made here.
STRENGTH = 32
_PURPOSE = b"vedette run config"


class NoSecretKey(VedetteError):
    """A value cannot be sealed or opened; the text is one sentence with the remedy."""


class Sealer:
    """Seals and opens values. Of several keys in the settings, comma-separated, the first seals and all open."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def seal(self, value: Any) -> str:
        """Return a value as it may be stored. Raises NoSecretKey where there is no key to seal it with."""
        sealed: bytes = self._box.encrypt(msgspec.json.encode(value))
        return sealed.decode()

    def open(self, text: str) -> Any:
        """Return a value that was sealed. Raises NoSecretKey where it was with another key."""
        try:
            return msgspec.json.decode(self._box.decrypt(text.encode()))
        except self._fernet.InvalidToken:
            raise NoSecretKey(
                "A secret of the run config was sealed with another key: give this process the secret_key of the one "
                "that queued the run, behind the new one if it has changed, as new,old."
            ) from None

    @cached_property
    def _fernet(self) -> Any:
        # Imported with the first secret: most deployments have none in their run configs.
        return importlib.import_module("cryptography.fernet")

    @cached_property
    def _box(self) -> Any:
        return self._fernet.MultiFernet([self._fernet.Fernet(_derived(key)) for key in self._keys()])

    def _keys(self) -> list[str]:
        given = self._settings.secret_key
        if given is not None:
            return [key.strip() for key in given.get_secret_value().split(",") if key.strip()]
        if self._settings.database_url is None:
            return [_kept(self._settings.home)]
        raise NoSecretKey(
            "The run config has a secret value and there is no key to seal it with: set VEDETTE_SECRET_KEY, the same "
            'for every process of the deployment, or give the value as {"env": "NAME"}, a variable where runs execute.'
        )


def _derived(key: str) -> bytes:
    hkdf = importlib.import_module("cryptography.hazmat.primitives.kdf.hkdf")
    hashes = importlib.import_module("cryptography.hazmat.primitives.hashes")
    derived = hkdf.HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
    return base64.urlsafe_b64encode(derived)


def _kept(home: Path) -> str:
    """Return the key beside the embedded database; it is made where there is none."""
    file = home / FILE
    try:
        if file.exists():
            return file.read_text()
        home.mkdir(parents=True, exist_ok=True)
        made = file.with_suffix(f".{os.getpid()}")
        descriptor = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_hex(STRENGTH))
        try:
            # Of several processes that begin together, one makes it, whole.
            os.link(made, file)
        except FileExistsError:
            pass
        finally:
            made.unlink()
        return file.read_text()
    except OSError as error:
        raise NoSecretKey(f"The key that seals secrets cannot be kept in {file}: {error.strerror}.") from None
