"""The schema as text, as it is kept in `schema.graphql`."""

from vedette.graphql.schema import schema


def printed_schema() -> str:
    """Return the schema in the schema definition language, with a newline at its end."""
    return schema.as_str().rstrip("\n") + "\n"


if __name__ == "__main__":
    print(printed_schema(), end="")  # noqa: T201
