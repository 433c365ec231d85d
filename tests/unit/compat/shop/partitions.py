from dagster import DailyPartitionsDefinition, DynamicPartitionsDefinition

days = DailyPartitionsDefinition(start_date="2026-01-01", end_date="2026-01-04")
customers = DynamicPartitionsDefinition(name="customers")
