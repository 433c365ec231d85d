"""Tags: pairs of text on sensors, jobs and runs."""

from collections.abc import Mapping

import strawberry


@strawberry.type(description="A pair of text that marks a thing.")
class Tag:
    """A pair of text that marks a thing."""

    key: str = strawberry.field(description="What it tells of.")
    value: str = strawberry.field(description="What it tells.")


@strawberry.input(description="Asks for a tag.")
class TagInput:
    """Asks for a tag."""

    key: str = strawberry.field(description="The tag's key.")
    value: str | None = strawberry.field(default=None, description="The tag's value; any, if left out.")


def tag_list(tags: Mapping[str, str]) -> list[Tag]:
    """Return tags as the schema has them."""
    return [Tag(key=key, value=value) for key, value in tags.items()]
