"""What all things with an id share."""

import strawberry


@strawberry.interface(description="A thing that can be fetched again by its id.")
class Node:
    """A thing that can be fetched again by its id."""

    id: strawberry.ID = strawberry.field(description="Opaque id, unique among all things.")
