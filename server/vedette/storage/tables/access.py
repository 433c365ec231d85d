"""Who may, who did what, and what a mutation with a key did."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from vedette.storage.tables.metadata import NOW, Timestamp, metadata

# What a client's mutation with an idempotency key did, written in the transaction of its effect: the key can be spent
# once, and the same mutation with the same key is answered with `outcome`.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    # Of the mutation's name and its input.
    Column("digest", Text, nullable=False),
    Column("outcome", JSONB),
    Column("at", Timestamp, nullable=False, server_default=NOW),
    Index(None, "at"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    # SHA-256 of the token, which is not kept.
    Column("digest", LargeBinary, nullable=False, unique=True),
    # How it begins, for people to tell it by.
    Column("prefix", Text, nullable=False),
    Column("role", Text, nullable=False),
    # Those that it is confined to; NULL: to none.
    Column("code_locations", ARRAY(Text)),
    Column("created_at", Timestamp, nullable=False, server_default=NOW),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Timestamp),
    Column("revoked_at", Timestamp),
    # Written now and then, not at each use.
    Column("last_used_at", Timestamp),
    # What it may ask of each server; NULL: as settings say.
    Column("requests_per_minute", BigInteger),
    Column("cost_per_minute", BigInteger),
    Column("streams", BigInteger),
    CheckConstraint("role IN ('VIEWER', 'OPERATOR', 'ADMIN')", name="role"),
    # A name is free again once its token is revoked.
    Index("ix_tokens_name", "name", unique=True, postgresql_where=text("revoked_at IS NULL")),
)

# Who uses what of the schema is deprecated. Clients name themselves, with an empty text where they do not.
deprecated_uses = Table(
    "deprecated_uses",
    metadata,
    Column("member", Text, primary_key=True),
    Column("client", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("actor", Text, primary_key=True),
    Column("uses", BigInteger, nullable=False),
    Column("first_at", Timestamp, nullable=False, server_default=NOW),
    Column("last_at", Timestamp, nullable=False, server_default=NOW),
)

# People who signed in, until a day after it is over.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    # SHA-256 of the cookie, which is not kept.
    Column("digest", LargeBinary, nullable=False, unique=True),
    # The token that somebody signed in with: the session ends with it. NULL: at a provider.
    Column("token_id", Uuid, ForeignKey("tokens.id")),
    # Who it is to the provider, else the token's name; and what they are called.
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("code_locations", ARRAY(Text)),
    Column("began_at", Timestamp, nullable=False, server_default=NOW),
    Column("expires_at", Timestamp, nullable=False),
    Column("ended_at", Timestamp),
    CheckConstraint("role IN ('VIEWER', 'OPERATOR', 'ADMIN')", name="role"),
    Index(None, "expires_at"),
)

# Every mutation that somebody tried, for ever. Rows are added; a trigger refuses all else.
audit_log = Table(
    "audit_log",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Timestamp, nullable=False),
    Column("actor", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("mutation", Text, nullable=False),
    # DONE, REPEATED, or the name of what was wrong.
    Column("result", Text, nullable=False),
    Column("subject_kind", Text),
    Column("subject_id", Uuid),
    Column("code_location", Text),
    Column("given", JSONB),
    Column("before", JSONB),
    Column("after", JSONB),
    Index(None, "actor", "position"),
    Index(None, "code_location", "position"),
    Index(None, "subject_id", "position"),
)
