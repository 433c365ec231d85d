from dagster import Definitions, load_asset_checks_from_modules, load_assets_from_modules

from . import assets, sensors
from .jobs import daily_report, greet_customer, process_file
from .resources import RESOURCES

defs = Definitions(
    assets=load_assets_from_modules([assets], group_name="shop"),
    asset_checks=load_asset_checks_from_modules([assets]),
    jobs=[daily_report, process_file, greet_customer],
    sensors=[
        sensors.inbox,
        sensors.new_customers,
        sensors.when_idle,
        sensors.refresh,
        sensors.on_totals,
        sensors.on_success,
        sensors.on_failure,
    ],
    resources=RESOURCES,
)
