"""Which role each field of the schema needs: this table decides, and nothing else does.

A field that is not in it needs an admin, and fails `make check`. What a field leads to is as open as the field itself.
"""

from collections.abc import Iterable

from vedette.domain.access import Role

_VIEWERS = {
    "Query": """
        node nodes sensor sensors tick ticks run runs job jobs asset assets codeLocations instance
        dynamicPartitionsDefinitions dynamicPartitionsDefinition viewer queue runLimits runTimeline
        rateLimit
    """,
    "Subscription": "ticks sensors pulses runs runEvents tickLogs assetEvents instance",
}
_OPERATORS = {
    "Mutation": """
        startSensor stopSensor resetSensor startSensors stopSensors resetSensors setSensorCursor evaluateSensor
        tickSensor launchRun cancelRun rerun releaseRunKey addDynamicPartition deleteDynamicPartitions
        reportAssetEvent setRunLimit removeRunLimit
    """,
}
_ADMINS = {
    "Query": "tokens auditLog deprecatedUses",
    "Mutation": "reloadCodeLocation wipeAssets createToken revokeToken",
    "Subscription": "auditLog",
}

NEEDED: dict[str, Role] = {
    f"{kind}.{name}": role
    for role, fields in ((Role.VIEWER, _VIEWERS), (Role.OPERATOR, _OPERATORS), (Role.ADMIN, _ADMINS))
    for kind, names in fields.items()
    for name in names.split()
}
# What answers according to who asks, not only to what they may: nobody else is given the answer.
PERSONAL = frozenset({"Query.viewer", "Query.rateLimit"})
# These tell what the schema is; the setting `introspection` says to whom.
OF_THE_SCHEMA = frozenset({"__schema", "__type"})


def needed(kind: str, name: str) -> Role:
    """Return the role that a field of the root type `kind` needs."""
    if name == "__typename":
        return Role.VIEWER
    return NEEDED.get(f"{kind}.{name}", Role.ADMIN)


def flaws(fields: Iterable[str]) -> list[str]:
    """Return what is wrong with the table for a schema whose root types have these fields, as `Query.node`."""
    there = set(fields)
    lacking = [f"{field} has no role; give it one in access/roles.py." for field in sorted(there - NEEDED.keys())]
    gone = sorted(NEEDED.keys() - there)
    return [
        *lacking,
        *(f"{field} has a role and is not in the schema; take it out of access/roles.py." for field in gone),
    ]
