"""What to say where a library is missing that only one source needs."""


def missing(library: str, extra: str) -> ImportError:
    """Return the error for a `library` that is not installed, which the extra `extra` brings."""
    return ImportError(f"{library} is not installed; `pip install 'vedette[{extra}]'` brings it.", name=library)
