"""Objects of one type at one place: whether they are of it, and what is selected of them."""

from collections.abc import Callable
from typing import Any

from graphql.execution.executor import Executor, invalid_return_type_error
from graphql.type import GraphQLObjectType

from vedette.graphql.plans.places import SETTLED, Make, Place
from vedette.graphql.plans.strawberry_fields import python_type, type_check
from vedette.graphql.plans.ways import Way

# Plans what is selected at a place of a type.
Plan = Callable[[Executor[Any], Place, GraphQLObjectType], Make]


class Objects:
    """Completes objects. `known` is the class that objects of the type have; None where that does not say enough.

    `fits` tells whether a value is of the type, None where that takes more; `make` makes the answer of one that is.
    """

    def __init__(self, place: Place, kind: GraphQLObjectType, plan: Plan) -> None:
        self._place, self._kind, self._plan = place, kind, plan
        self.fits = type_check(kind)
        self.known = None if self.fits is None else python_type(kind)
        self.make: Make = self._planned
        if self.known is not None:
            SETTLED.add(self.known)

    def __call__(self, run: Executor[Any], value: Any, way: Way) -> Any:
        """Complete a value that is neither null, nor an error, nor to be awaited."""
        if self.fits is not None:
            return self._checked(run, self.fits(value), value, way)
        assert self._kind.is_type_of is not None
        fits = self._kind.is_type_of(value, self._place.info(run, way))
        return (self._later if run.is_awaitable(fits) else self._checked)(run, fits, value, way)

    def _planned(self, run: Executor[Any], value: Any, way: Way | None) -> Any:
        """Make the answer of the first one that is met: what is selected is planned when it is needed."""
        self.make = self._plan(run, self._place, self._kind)
        return self.make(run, value, way)

    def _checked(self, run: Executor[Any], fits: Any, value: Any, way: Way) -> Any:
        if not fits:
            raise invalid_return_type_error(self._kind, value, self._place.details)
        return self.make(run, value, way)

    async def _later(self, run: Executor[Any], fits: Any, value: Any, way: Way) -> Any:
        completed = self._checked(run, await fits, value, way)
        return await completed if run.is_awaitable(completed) else completed
