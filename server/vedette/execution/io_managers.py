"""Which IO manager keeps and loads what."""

from collections.abc import Mapping
from typing import Any

from vedette.authoring.assets.io_managers import FilesystemIOManager, IOManager
from vedette.authoring.assets.specs import DEFAULT_IO_MANAGER_KEY
from vedette.errors import DefinitionError


class IOManagers:
    """The IO managers of a run, by key: resources; and a default for the key `io_manager`."""

    def __init__(self, resources: Mapping[str, Any] | None = None, default: IOManager | None = None) -> None:
        """Take the resources by key; the default keeps values in the folder of the server's instance."""
        self._resources = resources or {}
        self._default = default

    def get(self, key: str, owner: str) -> Any:
        """Return the IO manager `key`; raises DefinitionError where there is none."""
        found = self._resources.get(key)
        if found is None and key == DEFAULT_IO_MANAGER_KEY:
            self._default = self._default or FilesystemIOManager()
            return self._default
        if found is None:
            there = ", ".join(self._resources) or "there are none"
            raise DefinitionError(
                f'{owner} is kept by the IO manager "{key}", which is not among the resources ({there}); add it to'
                " resources= of Definitions."
            )
        if not hasattr(found, "handle_output") or not hasattr(found, "load_input"):
            raise DefinitionError(
                f'The resource "{key}" that is to keep {owner} is no IO manager: it needs handle_output and load_input.'
            )
        return found
