"""Whether a server may listen where it is told to: beyond its own machine only for those whom it recognises."""

import ipaddress

from vedette.errors import UsageError
from vedette.settings import Settings

LOCAL_NAMES = frozenset({"localhost", "ip6-localhost"})


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address; of a name that is not known to be so: no."""
    name = host.strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name in LOCAL_NAMES


def check(settings: Settings) -> str | None:
    """Return the warning to give, if any.

    Raises UsageError where others could reach a server that asks nobody's name.
    """
    if settings.authentication != "none" or is_loopback(settings.host):
        return None
    if not settings.insecure:
        raise UsageError(
            f"Others can reach {settings.host}, and no authentication is configured: whoever reaches the server may do "
            "everything. Set VEDETTE_AUTHENTICATION=tokens (then `vedette token create`), keep to --host 127.0.0.1, "
            "or say --insecure if that is what you want."
        )
    return (
        f"INSECURE: everybody who can reach {settings.host} may do everything here: read all, launch runs, edit "
        "cursors. Set VEDETTE_AUTHENTICATION=tokens to end that."
    )
