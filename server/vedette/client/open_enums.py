"""Enums of the API, which a newer server may answer with values that this client does not know."""

from enum import StrEnum
from typing import Self


class OpenEnum(StrEnum):
    """A value that is no member's is taken as it is: a member of that name and value, not listed with them."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        # One object a value, as for the members.
        known = cls._value2member_map_.setdefault(value, member)
        assert isinstance(known, cls)
        return known
