"""Whose turn it is: the place of a run in the queue, given when it is queued, so that a claim is one scan of an index.

Of runs of one priority the least turn goes first. A source (a sensor; who launches a job by hand) takes turns one after
the other, from where the queue has come or from its own last run that still waits: so sources alternate, and one that
asks for ten thousand runs is no further before another's than one. (Start-time fair queueing, with all weights equal.)
How far the queue has come is told by claims, in `queue_turns`, by priority; a priority is never passed by a lesser one.
"""

from vedette.domain.priorities import MOST, PRIORITY_TAGS

_DIGITS = len(str(MOST))
_SAID = "coalesce({})".format(", ".join(f"{{tags}} ->> '{tag}'" for tag in PRIORITY_TAGS))
# The priority that the tags of a run say; 0 for what is no priority, which is refused where people say it.
_PRIORITY = f"CASE WHEN {_SAID} ~ '^-?[0-9]{{{{1,{_DIGITS}}}}}$' THEN CAST({_SAID} AS integer) ELSE 0 END"

# The last turn before those that a source takes now, at a priority.
LAST_TURN = """greatest(
    (SELECT turn FROM queue_turns WHERE queue_turns.priority = {priority}),
    (SELECT max(waiting.turn) FROM runs AS waiting
        WHERE waiting.status = 'QUEUED' AND waiting.source_id = {source} AND waiting.priority = {priority}),
    0
)"""


def priority_of(tags: str) -> str:
    """Return the SQL of the priority that `tags`, a jsonb, says."""
    return _PRIORITY.format(tags=tags)


# A part of the statement that claims: `claimed` has the priority and turn of what it claims.
MOVED_ON = """
    INSERT INTO queue_turns (priority, turn) SELECT priority, max(turn) FROM claimed GROUP BY priority ORDER BY priority
    ON CONFLICT (priority) DO UPDATE SET turn = greatest(queue_turns.turn, excluded.turn)
    RETURNING true
"""
