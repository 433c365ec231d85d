"""Assets: the things that runs produce, their keys, and the events that tell of them."""

import enum
import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from vedette.domain.metadata import Metadata
from vedette.errors import DefinitionError

Path = tuple[str, ...]
# Tells the processes of a server in which folder of its instance values of assets are kept.
STORAGE_VARIABLE = "VEDETTE_STORAGE"
# The tags of events that tell by which version of the code, and as which version of the data, an asset was produced.
CODE_VERSION_TAG = "vedette/code_version"
DATA_VERSION_TAG = "vedette/data_version"
# An index entry holds an asset's key and a partition's.
LONGEST_KEY_BYTES = 1024


class AssetKey:
    """The key of an asset: a path of parts. `AssetKey("a")` has one part, `AssetKey(["a", "b"])` has two.

    Raises DefinitionError for what is no path of texts.
    """

    __slots__ = ("parts",)

    parts: Path

    def __init__(self, path: "str | Sequence[str]") -> None:
        """Take one part, or several."""
        object.__setattr__(self, "parts", _checked((path,) if isinstance(path, str) else path))

    @property
    def path(self) -> list[str]:
        """Return the parts."""
        return list(self.parts)

    def to_user_string(self) -> str:
        """Return the parts joined by slashes, as people write the key."""
        return "/".join(self.parts)

    def to_escaped_user_string(self) -> str:
        """Return the parts joined by slashes, with a backslash before each slash and backslash of a part."""
        return escaped(self.parts)

    def to_string(self) -> str:
        """Return the parts as JSON."""
        return json.dumps(self.path)

    def to_python_identifier(self, suffix: str | None = None) -> str:
        """Return the parts as a name: joined by two underscores, other characters than letters and digits replaced."""
        parts = [*self.parts, suffix] if suffix is not None else self.parts
        text = "__".join(parts)
        return "".join(each if each.isascii() and (each.isalnum() or each == "_") else "_" for each in text)

    @staticmethod
    def from_user_string(asset_key_string: str) -> "AssetKey":
        """Return the key that `to_user_string` writes so: each slash separates two parts."""
        return AssetKey(asset_key_string.split("/"))

    @staticmethod
    def from_escaped_user_string(text: str) -> "AssetKey":
        """Return the key that `to_escaped_user_string` writes so."""
        return AssetKey(unescaped(text))

    @staticmethod
    def from_coercible(given: "CoercibleToAssetKey") -> "AssetKey":
        """Return the key that is meant: a key itself, "a/b", or a list of parts."""
        if isinstance(given, AssetKey):
            return given
        return AssetKey.from_user_string(given) if isinstance(given, str) else AssetKey(given)

    def with_prefix(self, prefix: "str | Sequence[str]") -> "AssetKey":
        """Return the key with parts before its own."""
        return AssetKey([*((prefix,) if isinstance(prefix, str) else prefix), *self.parts])

    def has_prefix(self, prefix: Sequence[str]) -> bool:
        """Tell whether the key begins with these parts."""
        return self.parts[: len(prefix)] == tuple(prefix)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: a key does not change."""
        raise AttributeError("An AssetKey does not change; make another.")

    def __eq__(self, other: object) -> bool:
        """Tell whether both have the same parts."""
        return isinstance(other, AssetKey) and other.parts == self.parts

    def __lt__(self, other: "AssetKey") -> bool:
        """Order by the parts."""
        return self.parts < other.parts

    def __hash__(self) -> int:
        """Hash by the parts."""
        return hash(self.parts)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by the parts."""
        return AssetKey, (self.path,)

    def __repr__(self) -> str:
        """Show the parts."""
        return f"AssetKey({self.path!r})"


CoercibleToAssetKey = AssetKey | str | Sequence[str]


def _checked(path: object) -> Path:
    parts = tuple(path) if isinstance(path, Sequence) else ()
    if not parts or not all(isinstance(part, str) and part and "\0" not in part for part in parts):
        raise DefinitionError(f"An asset key is one text or a list of texts, none of them empty, not {path!r:.100}.")
    try:
        size = len(escaped(parts).encode())
    except UnicodeEncodeError:
        raise DefinitionError(f"The asset key {path!r:.100} holds half a surrogate pair, no character.") from None
    if size > LONGEST_KEY_BYTES:
        raise DefinitionError(f"The asset key {path!r:.100} is longer than {LONGEST_KEY_BYTES} bytes.")
    return parts


def escaped(parts: Path) -> str:
    """Return the parts of a key as one text, different for different keys; keys are stored so."""
    return "/".join(part.replace("\\", "\\\\").replace("/", "\\/") for part in parts)


def unescaped(text: str) -> Path:
    """Return the parts of a key that `escaped` has made one text of."""
    parts, part, literal = [], "", False
    for each in text:
        if literal or each not in "\\/":
            part, literal = part + each, False
        elif each == "\\":
            literal = True
        else:
            parts.append(part)
            part = ""
    return (*parts, part)


class AssetEventKind(enum.StrEnum):
    """What happened to an asset: it was produced, looked at, or checked."""

    MATERIALIZATION = "MATERIALIZATION"
    OBSERVATION = "OBSERVATION"
    CHECK = "CHECK"


class AssetCheckSeverity(enum.StrEnum):
    """How bad it is when a check does not pass."""

    WARN = "WARN"
    ERROR = "ERROR"


class CheckOutcome(msgspec.Struct, frozen=True):
    """How a check of an asset went. `position` is that of the materialization it looked at, where that is known."""

    name: str
    passed: bool
    severity: AssetCheckSeverity = AssetCheckSeverity.ERROR
    blocking: bool = False
    position: int | None = None


class AssetEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that happened to an asset; `check` is set on events of the kind CHECK, and on these only."""

    kind: AssetEventKind
    key: Path
    partition_key: str | None = None
    description: str | None = None
    metadata: Metadata = {}
    tags: dict[str, str] = {}
    check: CheckOutcome | None = None


class AssetEventRecord(msgspec.Struct, frozen=True):
    """An event as it is recorded: its place among those of all assets, when (database time), and who told it.

    `run_id` and `step`, or `tick_id`, or neither: somebody reported it.
    """

    position: int
    at: datetime
    event: AssetEvent
    run_id: UUID | None = None
    step: str | None = None
    tick_id: UUID | None = None

    @property
    def key(self) -> AssetKey:
        """Return the asset's key."""
        return AssetKey(self.event.key)
