"""Finds what a project registers: the topologies and services that two settings name as `package:NAME`.

The current folder is searched first, so that a package needs no installation. Knows nothing of what is done
with what it finds.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamapp.dsl.topology import Topology
from streamapp.errors import ConfigurationError, NotFoundError, StreamappError
from streamapp.suggestion import nearest

if TYPE_CHECKING:
    from streamapp.service import Service
    from streamapp.settings import Settings


class MissingRegistryError(ConfigurationError):
    """The package or the name in it does not exist."""


def load_topologies(settings: Settings) -> dict[str, Topology]:
    """The registered topologies by name, in their order.

    Raises `ConfigurationError` when the registry cannot be imported or holds something else, and what a
    topology's module itself raises as `TopologyError`.
    """
    found = _load(settings.topologies, "topologies")
    if isinstance(found, (str, Mapping)) or not hasattr(found, "__iter__"):
        raise ConfigurationError(_wrong(settings.topologies, "topologies", found, "a sequence of Topology values"))
    topologies: dict[str, Topology] = {}
    for item in found:
        if not isinstance(item, Topology):
            wrong = _wrong(settings.topologies, "topologies", item, "Topology values only")
            raise ConfigurationError(f"{wrong}; name the topology value of a module, such as billing.topology")
        if item.name in topologies:
            raise ConfigurationError(f"{settings.topologies} holds two topologies called {item.name!r}: rename one")
        topologies[item.name] = item
    return topologies


def load_services(settings: Settings) -> dict[str, Service]:
    """The registered services by name; raises `ConfigurationError` as `load_topologies` does."""
    from streamapp.service import Service  # late: only commands of services need it

    found = _load(settings.services, "services")
    if not isinstance(found, Mapping) or not all(isinstance(service, Service) for service in found.values()):
        raise ConfigurationError(_wrong(settings.services, "services", found, "a mapping of names to Service values"))
    return dict(found)


def pick(topologies: Mapping[str, Topology], names: tuple[str, ...] | None) -> tuple[Topology, ...]:
    """The topologies called `names`, all of them for None; raises `NotFoundError` for an unknown name."""
    for name in names or ():
        if name not in topologies:
            raise NotFoundError(f"there is no topology {name!r}: {nearest(name, topologies)}")
    return tuple(topologies[name] for name in names) if names else tuple(topologies.values())


def _load(reference: str, setting: str) -> Any:
    module_name, _, name = reference.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except StreamappError:
        raise
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise MissingRegistryError(_missing(error.name, reference, setting)) from None
        raise ConfigurationError(_broken(module_name, error)) from error
    except Exception as error:  # an author's module may raise anything; it is named with its line
        raise ConfigurationError(_broken(module_name, error)) from error
    if not hasattr(module, name):
        raise MissingRegistryError(
            f"{module_name} has no {name} (setting {setting} = {reference!r}): "
            f"define it in {module.__file__}, or set STREAMAPP_{setting.upper()}=package:NAME"
        )
    return getattr(module, name)


def _missing(package: str, reference: str, setting: str) -> str:
    return (
        f"there is no package {package!r} here (setting {setting} = {reference!r}): "
        f"go to the folder that holds it, or set STREAMAPP_{setting.upper()}=package:NAME"
    )


def _broken(module: str, error: Exception) -> str:
    """Names the author's line: the last one that is neither ours nor of the import machinery."""
    if isinstance(error, SyntaxError):
        where = f"{error.filename}:{error.lineno}"
    else:
        frames = traceback.extract_tb(error.__traceback__)
        authors = [f"{frame.filename}:{frame.lineno}" for frame in frames if not _is_ours(frame.filename)]
        where = authors[-1] if authors else module
    return f"{module} cannot be imported: {type(error).__name__}: {error} ({where})"


def _is_ours(filename: str) -> bool:
    return "importlib" in filename or filename.startswith(str(Path(__file__).parent))


def _wrong(reference: str, setting: str, found: object, expected: str) -> str:
    return f"{reference} (setting {setting}) holds {found!r}: expected {expected}"
