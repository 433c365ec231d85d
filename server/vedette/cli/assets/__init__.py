"""Assets: shown, followed, materialized and reported."""
