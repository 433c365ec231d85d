"""Assets in real processes: values go from run to run through the folder of the instance."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from integration.hosts.projects import Project
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.runs import RunInstruction
from vedette.hosts.locations import CodeLocation


async def make(location: CodeLocation, **instruction: Any) -> tuple[list[RunEvent], Any]:
    async with location.run_process(RunInstruction(uuid4(), "__ASSET_JOB", **instruction)) as process:
        await process.ready()
        await process.begin()
        events = [event async for batch in process.events() for event in batch]
        exit_ = await process.exit()
        return [*events, *exit_.last_events], exit_


def told(events: Sequence[RunEvent]) -> list[tuple[str, Any]]:
    return [("/".join(event.asset.key), event.asset.metadata) for event in events if event.asset is not None]


async def test_values_go_from_run_to_run(project: Project, tmp_path: Path) -> None:
    project.write(
        """
        @asset
        def numbers():
            return [1, 2]

        @asset(key_prefix="shop")
        def total(context, numbers):
            context.add_output_metadata({"total": sum(numbers)})
            return sum(numbers)

        defs = Definitions(assets=[numbers, total])
        """
    )
    async with project.served(home=tmp_path / "home") as location:
        assert location.catalog is not None
        assert {spec.key for spec in location.catalog.assets} == {("numbers",), ("shop", "total")}
        events, exit_ = await make(location, asset_selection=(("shop", "total"),))
        assert exit_.error is not None
        assert 'There is no value of "numbers"' in exit_.error.message
        events, exit_ = await make(location, asset_selection=(("numbers",),))
        assert [key for key, _ in told(events)] == ["numbers"]
        events, exit_ = await make(location, asset_selection=(("shop", "total"),))
        [(key, metadata)] = told(events)
        assert (key, metadata["total"].value) == ("shop/total", 3)
        kinds = [event.kind for event in events]
        assert kinds.index(RunEventKind.ASSET_MATERIALIZATION) < kinds.index(RunEventKind.STEP_SUCCESS)
    assert (tmp_path / "home" / "storage" / "shop" / "total" / ".value").is_file()
