"""What a resource knows while it is built."""

from collections.abc import Mapping
from typing import Any

from vedette.authoring.logs import ContextLogger, Sink, to_standard_logging
from vedette.authoring.resources.scoped import Resources


class InitResourceContext:
    """The context of a resource's function, of `setup_for_execution` and the like.

    `resource_config` is its config, checked; `resources` are those that it requires; `run_id` is None in a sensor.
    """

    def __init__(
        self,
        resource_config: Any = None,
        resources: Resources | None = None,
        run_id: str | None = None,
        sink: Sink = to_standard_logging,
    ) -> None:
        """Make a context whose log lines go to `sink`."""
        self.resource_config = resource_config
        self.resources = resources or Resources({}, "The resource")
        self.run_id = run_id
        self.log = ContextLogger("resource", sink)


def build_init_resource_context(
    config: Any = None, resources: Mapping[str, Any] | None = None, run_id: str | None = None
) -> InitResourceContext:
    """Build a context to call the function of a @resource with in a test; `resources` are built values."""
    return InitResourceContext(config, Resources(resources or {}, "The resource"), run_id)
