"""Values that go from op to op: in the run's process, or by an IO manager where the job has one."""

from collections.abc import Mapping
from typing import Any

from vedette.authoring.assets.io_managers import InputContext, OutputContext
from vedette.authoring.assets.specs import DEFAULT_IO_MANAGER_KEY
from vedette.authoring.graph import Node, OutputHandle
from vedette.authoring.logs import ContextLogger
from vedette.authoring.ops import In, Nothing, Out
from vedette.authoring.resources.scoped import Resources
from vedette.domain.runs import RunInstruction
from vedette.execution.io_managers import IOManagers


def manager_key_of(out: Out, resources: Resources) -> str | None:
    """Return under which key the IO manager of an output is found; None where its value stays in the process."""
    if out.dagster_type is Nothing:
        return None
    if out.io_manager_key not in (None, DEFAULT_IO_MANAGER_KEY):
        return out.io_manager_key
    return DEFAULT_IO_MANAGER_KEY if DEFAULT_IO_MANAGER_KEY in set(resources) else None


class OpValues:
    """The IO managers of one run, for the values of its ops."""

    def __init__(self, instruction: RunInstruction, resources: Resources) -> None:
        """Take the resources of the run."""
        self._instruction = instruction
        self._resources = resources
        self._managers = IOManagers({key: resources[key] for key in resources})
        # What is known of each value that was given to an IO manager.
        self._kept: dict[tuple[str, str], tuple[OutputContext, str]] = {}

    def keep(self, node: Node, outputs: Mapping[str, Any], log: ContextLogger) -> None:
        """Give the outputs of an op to their IO managers; raises what these raise."""
        for name, value in outputs.items():
            out = node.op.outputs[name]
            key = manager_key_of(out, self._resources)
            if key is None or (value is None and out.io_manager_key is None):
                continue
            context = OutputContext(
                step_key=node.name,
                name=name,
                run_id=str(self._instruction.run_id),
                partition_key=self._instruction.partition_key,
                definition_metadata=out.metadata,
                resources=self._resources,
                log=log,
                dagster_type=out.dagster_type,
            )
            self._managers.get(key, f'Output "{name}" of op "{node.name}"').handle_output(context, value)
            self._kept[node.name, name] = context, key

    def load(self, node: Node, name: str, handle: OutputHandle, value: Any, log: ContextLogger) -> Any:
        """Return what an input of an op gets: what its IO manager loads, else the value as it is."""
        known = self._kept.get((handle.node, handle.output))
        declared = node.op.ins.get(name, In())
        if known is None and declared.input_manager_key is None:
            return value
        upstream, key = known or (None, "")
        context = InputContext(
            upstream_output=upstream,
            step_key=handle.node,
            name=handle.output,
            run_id=str(self._instruction.run_id),
            partition_key=self._instruction.partition_key,
            definition_metadata=declared.metadata,
            resources=self._resources,
            log=log,
            dagster_type=declared.dagster_type,
        )
        key = declared.input_manager_key or key
        return self._managers.get(key, f'Input "{name}" of op "{node.name}"').load_input(context)
