"""What an op hands back, made into its named outputs."""

from collections.abc import AsyncGenerator, Generator
from typing import Any

from vedette.authoring.asset_events import Told
from vedette.authoring.ops import DEFAULT_OUTPUT, OpDefinition, Output
from vedette.authoring.telling import Telling
from vedette.authoring.text import shown
from vedette.errors import InvalidResult


class Outputs:
    """The outputs of one execution of the op `op`, which is called `name` in its job."""

    def __init__(self, op: OpDefinition, name: str, telling: Telling) -> None:
        """Begin with none; what the op tells of assets goes to `telling`."""
        self._op = op
        self._name = name
        self._telling = telling
        # Outputs of which everything is told already.
        self._told_outputs: set[str] = set()
        self.values: dict[str, Any] = {}

    def drain(self, generator: Generator[Any, Any, Any]) -> None:
        """Take all that a generator yields; what it returns counts if it yielded nothing. Raises InvalidResult."""
        try:
            while True:
                self._yielded(next(generator))
        except StopIteration as stop:
            if stop.value is not None or not self.values:
                self.take(stop.value)
        finally:
            generator.close()

    async def drain_async(self, generator: AsyncGenerator[Any, Any]) -> None:
        """Take all that an async generator yields; raises InvalidResult."""
        try:
            async for value in generator:
                self._yielded(value)
        finally:
            await generator.aclose()
        if not self.values:
            self.take(None)

    def take(self, result: object) -> None:
        """Take what a function returned: an Output, a value, or for several outputs a tuple or None."""
        names = list(self._op.outputs)
        if isinstance(result, Told):
            self._telling.tell(result)
            result = None
        if isinstance(result, Output):
            self._put(result)
        elif len(names) == 1:
            self._put(Output(result, names[0]))
        elif result is not None:
            self._take_tuple(names, result)

    def _take_tuple(self, names: list[str], result: object) -> None:
        if not isinstance(result, tuple) or len(result) != len(names):
            raise InvalidResult(
                f'Op "{self._name}" has the outputs {", ".join(names)} and must return a tuple of {len(names)} values,'
                f" not {shown(result)}."
            )
        for name, value in zip(names, result, strict=True):
            self._put(value if isinstance(value, Output) else Output(value, name))

    def _yielded(self, value: object) -> None:
        if isinstance(value, Told):
            self._telling.tell(value)
        elif isinstance(value, Output):
            self._put(value)
        else:
            raise InvalidResult(
                f'Op "{self._name}" yielded {shown(value)} ({type(value).__name__}); a generator yields'
                " Output(value, output_name) or events of assets, or returns its value at the end."
            )

    def _named(self, output: Output) -> str:
        name = output.output_name
        if name == DEFAULT_OUTPUT and name not in self._op.outputs and len(self._op.outputs) == 1:
            name = next(iter(self._op.outputs))
        return name

    def _put(self, output: Output) -> None:
        name = self._named(output)
        if name not in self._op.outputs:
            raise InvalidResult(
                f'Op "{self._name}" gave the output {shown(name)}, which it does not have'
                f" ({', '.join(self._op.outputs)})."
            )
        if name in self.values:
            raise InvalidResult(f'Op "{self._name}" gave the output "{name}" twice.')
        self.values[name] = output.value

    def complete(self) -> dict[str, Any]:
        """Return the values by name; raises InvalidResult if a required one is missing."""
        for name, declared in self._op.outputs.items():
            if declared.is_required and name not in self.values:
                raise InvalidResult(
                    f'Op "{self._name}" ended without its output "{name}";'
                    " give it, or declare it with Out(is_required=False)."
                )
        return self.values
