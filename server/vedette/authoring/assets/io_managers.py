"""IO managers: they keep what assets are, between steps and between runs, and load it again."""

import hashlib
import os
import pickle
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vedette.authoring.logs import ContextLogger
from vedette.authoring.metadata import normalised_metadata
from vedette.domain.assets import STORAGE_VARIABLE, AssetKey
from vedette.domain.metadata import Metadata
from vedette.errors import InvalidResult, InvocationError

_PLAIN = re.compile(r"[\w\- ][\w\-. ]*")
LONGEST_NAME = 100


class OutputContext:
    """What an IO manager knows of a value that it is to keep. `metadata` is what the definition says of it."""

    def __init__(
        self,
        *,
        asset_key: AssetKey | None = None,
        step_key: str = "step",
        name: str = "result",
        run_id: str = "EPHEMERAL",
        partition_key: str | None = None,
        definition_metadata: Mapping[str, Any] | None = None,
        resources: Any = None,
        log: ContextLogger | None = None,
        dagster_type: Any = None,
    ) -> None:
        """Put together what is known."""
        self._asset_key = asset_key
        self.step_key = step_key
        self.name = name
        self.run_id = run_id
        self._partition_key = partition_key
        self.definition_metadata = definition_metadata or {}
        self.metadata = self.definition_metadata
        self.resources = resources
        self.log = log or ContextLogger("io_manager", _nowhere)
        self.dagster_type = dagster_type
        self.added: Metadata = {}

    @property
    def asset_key(self) -> AssetKey:
        """Return the key of the asset; raises InvocationError where it is none."""
        if self._asset_key is None:
            raise InvocationError(f'The value "{self.name}" of step "{self.step_key}" is no asset.')
        return self._asset_key

    @property
    def has_asset_key(self) -> bool:
        """Tell whether it is an asset."""
        return self._asset_key is not None

    @property
    def partition_key(self) -> str:
        """Return the partition; raises InvocationError where there is none."""
        if self._partition_key is None:
            raise InvocationError(f'The value "{self.name}" of step "{self.step_key}" has no partition.')
        return self._partition_key

    asset_partition_key = partition_key

    @property
    def has_partition_key(self) -> bool:
        """Tell whether it is of one partition."""
        return self._partition_key is not None

    has_asset_partitions = has_partition_key

    def add_output_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add to the metadata of the materialization; raises InvalidResult."""
        self.added |= normalised_metadata(metadata)

    @property
    def place(self) -> tuple[tuple[str, ...], str | None]:
        """Return what tells the value from all others: an asset's key and its partition; or run, step and name."""
        if self._asset_key is None:
            return (self.run_id, self.step_key), self.name
        return self._asset_key.parts, self._partition_key

    def get_identifier(self) -> list[str]:
        """Return where the value belongs: its asset's key and partition, or its run, step and name."""
        if self._asset_key is None:
            return [self.run_id, self.step_key, self.name]
        return [*self._asset_key.parts, *([] if self._partition_key is None else [self._partition_key])]

    get_asset_identifier = get_identifier


class InputContext(OutputContext):
    """What an IO manager knows of a value that it is to load. `name` is the parameter that takes it."""

    def __init__(self, *, upstream_output: OutputContext | None = None, **known: Any) -> None:
        """Put together what is known; `upstream_output` is of the value that was kept."""
        super().__init__(**known)
        self.upstream_output = upstream_output


def _nowhere(record: Any) -> None:
    """Drop a line that is logged outside of a run."""


def build_output_context(**known: Any) -> OutputContext:
    """Build a context to test an IO manager with."""
    return OutputContext(**_coerced(known))


def build_input_context(**known: Any) -> InputContext:
    """Build a context to test an IO manager with."""
    return InputContext(**_coerced(known))


def _coerced(known: dict[str, Any]) -> dict[str, Any]:
    if known.get("asset_key") is not None:
        known["asset_key"] = AssetKey.from_coercible(known["asset_key"])
    return known


class IOManager(ABC):
    """Keeps values and loads them again. Both may be called in different processes, and machines."""

    @abstractmethod
    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Keep `obj`; the next of the same asset and partition takes its place."""

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Return what was kept."""


class InMemoryIOManager(IOManager):
    """Keeps values while it lives: for tests."""

    def __init__(self) -> None:
        """Begin with none."""
        self.values: dict[tuple[tuple[str, ...], str | None], Any] = {}

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Keep it as it is."""
        self.values[context.place] = obj

    def load_input(self, context: InputContext) -> Any:
        """Return it; raises InvocationError where there is none."""
        if context.place not in self.values:
            raise InvocationError(_missing(context, "this process"))
        return self.values[context.place]


class FilesystemIOManager(IOManager):
    """Keeps each value as a pickle in a folder, readable for its owner only: a file an asset and partition."""

    def __init__(self, base_dir: str | os.PathLike[str] | None = None) -> None:
        """Keep values in `base_dir`; in the folder `storage` of the server's instance unless given."""
        self._base = base_dir

    @property
    def base(self) -> Path:
        """Return the folder; raises InvocationError where it is not given and there is no instance."""
        base = self._base or os.environ.get(STORAGE_VARIABLE)
        if base is None:
            raise InvocationError(
                "There is no folder to keep values in: outside of a server, make FilesystemIOManager(base_dir=...)."
            )
        return Path(base)

    def path(self, context: OutputContext) -> Path:
        """Return the file of a value."""
        folders, part = context.place
        # Names that begin with a dot are no folder's: the asset `a`, its partition `b` and the asset `a/b` are apart.
        name = ".value" if part is None else f".value-{_file_name(part)}"
        return self.base.joinpath(*map(_file_name, folders), name)

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Write it, and put it in the place of the last one at once. Raises InvalidResult for what has no pickle."""
        try:
            data = pickle.dumps(obj, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            raise InvalidResult(
                f'The value of "{"/".join(context.get_identifier())}" cannot be pickled ({error}); give the asset an'
                " IO manager that can keep it, or let it return None."
            ) from error
        path = self.path(context)
        _make_folder(path.parent)
        # mkstemp makes it for its owner alone.
        handle, made = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(made).replace(path)
        except BaseException:
            Path(made).unlink(missing_ok=True)
            raise
        context.add_output_metadata({"path": path})

    def load_input(self, context: InputContext) -> Any:
        """Read it; raises InvocationError where there is none."""
        try:
            data = self.path(context).read_bytes()
        except FileNotFoundError:
            raise InvocationError(_missing(context, str(self.base))) from None
        # What lies there was written by runs of this instance, into a folder that nobody else can write to.
        return pickle.loads(data)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each for its owner alone; what is there stays as it is."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _missing(context: InputContext, where: str) -> str:
    named = "/".join(context.get_identifier())
    return f'There is no value of "{named}" in {where}: materialize it first.'


def _file_name(part: str) -> str:
    """Return a part of an identifier as the name of a file or folder; different parts have different names."""
    if part.isascii() and _PLAIN.fullmatch(part) and len(part) <= LONGEST_NAME:
        return part
    return "." + hashlib.sha256(part.encode()).hexdigest()
