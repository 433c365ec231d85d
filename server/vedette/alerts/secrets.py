"""Secrets of alerts: tokens, passwords and webhooks, as text or as an EnvVar, read when they are used."""

from vedette.authoring.environment import EnvVar
from vedette.authoring.redaction import keep_secret
from vedette.errors import DefinitionError


class Secret:
    """A secret: no repr, log or error shows it; `reveal` hands it to whoever sends it."""

    __slots__ = ("_secret", "_what")

    def __init__(self, what: str, secret: str) -> None:
        """Take the secret; `what` names it in errors. Raises DefinitionError for what is none."""
        given: object = secret
        if not isinstance(given, str) or not given:
            raise DefinitionError(f"The {what} is a text, or an EnvVar that names the variable that holds it.")
        self._what = what
        self._secret = secret

    def reveal(self) -> str:
        """Return it; from now on it is struck out of what is logged. Raises DefinitionError where it is not set."""
        found = self._secret.get_value() if isinstance(self._secret, EnvVar) else self._secret
        if not found:
            raise DefinitionError(f"The {self._what} is not set: set the variable {self._secret!r}.")
        keep_secret(self._what, found)
        return found

    def __repr__(self) -> str:
        """Show what it is."""
        return f"<{self._what}>"
