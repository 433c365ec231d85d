"""The only place that speaks SQL: tables, one module a noun, leases, pages, migrations, embedded Postgres."""
