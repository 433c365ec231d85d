from typing import Any

from dagster import ConfigurableIOManager, ConfigurableResource, EnvVar, InputContext, OutputContext

KEPT: dict[str, Any] = {}


class OrdersApi(ConfigurableResource):
    url: str
    token: str

    def orders(self, day: str) -> list[dict[str, Any]]:
        return [{"id": f"{day}-{number}", "total": 10 * number} for number in (1, 2)]


class Kept(ConfigurableIOManager):
    prefix: str = "shop"

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        if isinstance(obj, list):
            context.add_output_metadata({"rows": len(obj)})
        KEPT["/".join([self.prefix, *context.get_identifier()])] = obj

    def load_input(self, context: InputContext) -> Any:
        return KEPT["/".join([self.prefix, *context.get_identifier()])]


RESOURCES = {"api": OrdersApi(url="https://example.com", token=EnvVar("ORDERS_TOKEN")), "io_manager": Kept()}
