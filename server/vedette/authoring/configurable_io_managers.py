"""IO managers as resources: classes with config as fields, and functions that make them."""

from abc import abstractmethod
from typing import Any

from vedette.authoring.assets.io_managers import FilesystemIOManager, InMemoryIOManager, InputContext, OutputContext
from vedette.authoring.config_containers import Noneable
from vedette.authoring.config_schema import Field
from vedette.authoring.config_types import String
from vedette.authoring.resources.configurable import ConfigurableResource, ConfigurableResourceFactory
from vedette.authoring.resources.definition import resource
from vedette.authoring.resources.init_context import InitResourceContext


class ConfigurableIOManager(ConfigurableResource[Any]):
    """Base of an IO manager whose fields are its config: override both methods."""

    @abstractmethod
    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Keep `obj`."""

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Return what was kept."""


class ConfigurableIOManagerFactory(ConfigurableResourceFactory[Any]):
    """Base of a resource whose fields are config and that makes an IO manager of them."""

    @abstractmethod
    def create_io_manager(self, context: InitResourceContext) -> Any:
        """Return the IO manager."""

    def create_resource(self, context: InitResourceContext) -> Any:
        """Return the IO manager."""
        return self.create_io_manager(context)


# An IO manager is a resource like others.
io_manager = resource


@resource(config_schema={"base_dir": Field(Noneable(String), default_value=None)})
def fs_io_manager(context: InitResourceContext) -> FilesystemIOManager:
    """Keep values as files, in the folder of the config's `base_dir` or in that of the instance."""
    return FilesystemIOManager(context.resource_config["base_dir"])


@resource
def mem_io_manager() -> InMemoryIOManager:
    """Keep values in memory."""
    return InMemoryIOManager()
