"""The incumbent, Dagster: installed in an environment of its own and measured on the work that Vedette is measured on.

It runs as its documentation has it run: a code server and `dagster-daemon run` with stock settings, `dagster-webserver`
or `dagster dev` where the API is measured. Its Postgres is the embedded one, with fsync on.
"""
