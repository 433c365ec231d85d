"""Which Vedette this is."""

from importlib import metadata


def installed_version() -> str:
    """Return the version of the installed package; a source tree that only lies on the path has none."""
    try:
        return metadata.version("vedette")
    except metadata.PackageNotFoundError:
        return "(not installed)"
