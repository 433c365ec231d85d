"""Finding and importing a project, and the Definitions in it."""

import importlib
import importlib.util
import linecache
import re
import sys
from pathlib import Path
from types import ModuleType

from vedette.authoring.assets.definition import AssetsDefinition, SourceAsset
from vedette.authoring.assets.jobs import UnresolvedAssetJobDefinition
from vedette.authoring.definitions import Definitions
from vedette.authoring.jobs import JobDefinition
from vedette.authoring.sensors import SensorDefinition
from vedette.errors import DefinitionError, InvalidTarget
from vedette.execution.redirection import redirect

_PREFERRED = ("defs", "definitions")
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def load(target: str) -> Definitions:
    """Import the project `target` and return its Definitions.

    A target that ends with .py is a file, relative to the working directory; any other is a module, as `python -m`
    finds it. Taken is the module-level Definitions called `defs` or `definitions`, else the only one there is, else
    all sensors, jobs and assets of the module. Raises InvalidTarget for a file or module that is not there,
    DefinitionError where it is not clear what to take, and whatever the project's code raises.
    """
    # Before the import: a log handler that the project makes must not get hold of the stream behind the capture.
    redirect()
    module = _import_file(target) if target.endswith(".py") else _import_module(target)
    return definitions_of(module, target)


def definitions_of(module: ModuleType, target: str) -> Definitions:
    """Return what `module` defines; raises DefinitionError."""
    there = {name: value for name, value in vars(module).items() if isinstance(value, Definitions)}
    preferred = {name: value for name, value in there.items() if name in _PREFERRED} or there
    if len({id(value) for value in preferred.values()}) > 1:
        raise DefinitionError(
            f"{target} has several Definitions ({', '.join(preferred)}); put everything into one and call it defs."
        )
    if preferred:
        return next(iter(preferred.values()))
    values = list({id(value): value for value in vars(module).values()}.values())
    sensors = [value for value in values if isinstance(value, SensorDefinition)]
    jobs = [value for value in values if isinstance(value, JobDefinition | UnresolvedAssetJobDefinition)]
    assets = [value for value in values if isinstance(value, AssetsDefinition | SourceAsset)]
    if not sensors and not jobs and not assets:
        raise DefinitionError(
            f"{target} defines no sensor, no job and no asset; add one, or a module-level `defs = Definitions(...)`."
        )
    return Definitions(sensors=sensors, jobs=jobs, assets=assets)


def _import_file(target: str) -> ModuleType:
    path = Path(target).absolute()
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise InvalidTarget(f"The project file {target} {what}; give the path of a Python file.")
    folder, name = _place(path)
    _put_on_path(str(folder))
    linecache.checkcache(str(path))
    if "." in name:
        return importlib.import_module(name)
    return _execute(path, _free_name(name, path))


def _place(path: Path) -> tuple[Path, str]:
    """Return the folder to import from and the module's name: dotted where the file is part of a package."""
    folder, name = path.parent, path.stem
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        name = f"{folder.name}.{name}"
        folder = folder.parent
    return folder, name


def _free_name(name: str, path: Path) -> str:
    """Return `name` unless another module, imported or importable, has it: then one that nobody has."""
    name = re.sub(r"\W", "_", name)
    other = sys.modules.get(name)
    origin = getattr(other, "__file__", None) if other is not None else _origin(name)
    taken = name in sys.stdlib_module_names or (origin or str(path)) != str(path)
    return f"vedette_project_{name}" if taken or (other is not None and origin is None) else name


def _origin(name: str) -> str | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return spec.origin if spec is not None else None


def _execute(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InvalidTarget(f"The project file {path} cannot be imported as Python.")
    module = importlib.util.module_from_spec(spec)
    # Registered before it is executed, as an import does: the project's other modules may import this one.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _import_module(target: str) -> ModuleType:
    if not _MODULE.fullmatch(target):
        raise InvalidTarget(
            f'"{target}" names no project: give the path of a .py file, or a module such as package.module.'
        )
    _put_on_path(str(Path.cwd()))
    try:
        return importlib.import_module(target)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{target}.".startswith(f"{error.name}."):
            raise InvalidTarget(
                f"There is no module {error.name} on the path or in the working directory; check the project's name."
            ) from None
        raise


def _put_on_path(folder: str) -> None:
    if folder not in sys.path:
        sys.path.insert(0, folder)
