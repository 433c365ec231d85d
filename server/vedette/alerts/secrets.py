"""Secrets of alerts: tokens, passwords and webhooks, as text or by the name of a variable, read when they are used."""

from typing import Protocol, runtime_checkable

from vedette.errors import DefinitionError


@runtime_checkable
class SecretReference(Protocol):
    """A secret that is looked up where it is used, as `EnvVar` is."""

    def get_value(self) -> str | None:
        """Return the secret; None where it is not set."""
        ...


Secret = str | SecretReference


class Kept:
    """A secret: no repr, log or error shows it; `reveal` hands it to whoever sends it."""

    __slots__ = ("_secret", "_what")

    def __init__(self, what: str, secret: Secret) -> None:
        """Take the secret; `what` names it in errors. Raises DefinitionError for what is none."""
        given: object = secret
        if not isinstance(given, str | SecretReference) or (type(given) is str and not given):
            raise DefinitionError(f"The {what} is a text, or an EnvVar that names the variable that holds it.")
        self._what = what
        self._secret = secret

    def reveal(self) -> str:
        """Return it. Raises DefinitionError where its variable is not set."""
        found = self._secret.get_value() if isinstance(self._secret, SecretReference) else self._secret
        if not found:
            raise DefinitionError(f"The {self._what} is not set: set the variable that it is to be read from.")
        return found

    def __repr__(self) -> str:
        """Show what it is."""
        return f"<{self._what}>"
