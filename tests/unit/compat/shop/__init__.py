"""A project as it is written for Dagster: nothing in it knows of Vedette."""
