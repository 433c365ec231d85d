"""What engines are asked for, and the addresses that they have."""

import asyncio
from typing import Any

import pytest

from vedette.domain.catalog import Catalog, JobSpec
from vedette.domain.compute import ComputeSpec
from vedette.domain.ids import new_id
from vedette.domain.runs import RunInstruction
from vedette.errors import InvalidSetting, UsageError
from vedette.launcher.engines.capacity import Capacity
from vedette.launcher.engines.choosing import check_engine
from vedette.launcher.engines.contract import RunRefused
from vedette.launcher.engines.demands import demands_of
from vedette.launcher.engines.remote.addresses import engine_endpoint, listening_address
from vedette.launcher.engines.remote.dask_driver import dask_options
from vedette.launcher.engines.remote.driving import WrongOptions
from vedette.settings import Settings, load

CATALOG = Catalog(jobs=(JobSpec("heavy", compute=ComputeSpec(cpu=2), engine_options={"dask": {"priority": 3}}),))


def instruction(**tags: str) -> RunInstruction:
    return RunInstruction(new_id(), "heavy", tags={f"vedette/{name}": value for name, value in tags.items()})


def on_dask(**settings: Any) -> Settings:
    return Settings(**{"engine": "dask", "engine_address": "tcp://127.0.0.1:8786"} | settings)


def test_a_run_asks_for_what_its_job_says_and_its_tags() -> None:
    demands = demands_of(CATALOG, instruction(gpu="1"))
    assert demands.compute == ComputeSpec(cpu=2, gpu=1)
    assert demands.options == {"dask": {"priority": 3}}


def test_a_tag_that_asks_for_what_cannot_be_fails_the_run() -> None:
    with pytest.raises(RunRefused, match="memory is a number of bytes"):
        demands_of(CATALOG, instruction(memory="lots"))


def test_dask_is_asked_for_resources_of_its_workers() -> None:
    assert dask_options(ComputeSpec(2, 1, 64), {"priority": 3, "resources": {"licence": 1}}) == {
        "priority": 3,
        "resources": {"CPU": 2, "GPU": 1, "MEMORY": 64, "licence": 1},
    }
    assert dask_options(ComputeSpec(), {}) == {"resources": None}
    with pytest.raises(WrongOptions, match="there is no 'colour'"):
        dask_options(ComputeSpec(), {"colour": "red"})


@pytest.mark.parametrize("address", ["tcp://scheduler:8786", "scheduler:8786", "ray://scheduler:8786"])
def test_an_engine_is_at_a_host_and_port(address: str) -> None:
    assert engine_endpoint(address) == ("scheduler", 8786)


@pytest.mark.parametrize("address", ["scheduler", "auto", "tcp://:8786", "tcp://scheduler:port", ""])
def test_an_address_without_host_or_port_is_refused(address: str) -> None:
    with pytest.raises(InvalidSetting, match="has no host and port"):
        engine_endpoint(address)


@pytest.mark.parametrize(
    ("listen", "there"),
    [
        (None, ("127.0.0.1", 0)),
        ("10.0.0.7", ("10.0.0.7", 0)),
        ("pod.local:4500", ("pod.local", 4500)),
        ("[::1]:4500", ("::1", 4500)),
        ("[::1]", ("::1", 0)),
    ],
)
def test_a_launcher_listens_where_it_is_told_or_towards_its_engine(listen: str | None, there: tuple[str, int]) -> None:
    assert listening_address(on_dask(engine_listen=listen)) == there


def test_an_engine_without_an_address_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="needs engine_address as well"):
        load({"engine": "dask"}, {})
    with pytest.raises(InvalidSetting, match="engine"):
        load({"engine": "spark"}, {})


def test_an_engine_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'vedette\[dask\]'"):
        check_engine(on_dask())


async def test_what_there_is_goes_to_who_came_first_and_comes_back() -> None:
    capacity, seen = Capacity(ComputeSpec(cpu=2, gpu=0, memory_bytes=100)), []

    async def take(name: str, cpu: float) -> None:
        async with capacity.taken(ComputeSpec(cpu=cpu)):
            seen.append(name)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks, capacity.taken(ComputeSpec(cpu=1)):
        for name, cpu in (("large", 2.0), ("small", 1.0), ("none", 0.0)):
            tasks.create_task(take(name, cpu))
        await asyncio.sleep(0)
        assert seen == [], "a small one has overtaken the large one"
        given_up = asyncio.create_task(take("given up", 2.0))
        await asyncio.sleep(0)
        given_up.cancel()
    assert seen == ["large", "small", "none"]
    with pytest.raises(RunRefused, match="gpu=1"):
        async with capacity.taken(ComputeSpec(gpu=1)):
            pass
