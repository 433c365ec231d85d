"""Plans: what an operation needs, worked out once and kept, so that its resolvers are most of what it costs again.

`PlannedExecutor` goes before graphql-core's Executor, or a subclass of it, among the bases of a class that a schema
executes with. A plan is the tree of an operation's fields as graphql-core collects them, each field a function. It is
graphql-core in all that is seen: errors, nulls and the order of things are made by the executor's own methods, and what
a plan does not know (an iterable that is no list, an executor with middleware, incremental delivery) goes to these.
Where several fields fail, a turn of the loop decides which errors are told of: so what is awaited is awaited as
graphql-core does it, by as many tasks, also a future that is done. A resolver that has its value at hand returns that.

Fields that are attributes of an object's own attributes are resolved by `Attribute`, which a plan reads without a call.

Only the ways in which strawberry resolves a field are known to `strawberry_fields`; the rest knows graphql-core alone.
"""

from vedette.graphql.plans.attributes import Attribute
from vedette.graphql.plans.executor import PlannedExecutor

__all__ = ["Attribute", "PlannedExecutor"]
