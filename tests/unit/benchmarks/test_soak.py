"""The soak says what grows, by name, and does not call noise a leak."""

from benchmarks.probe import Sample
from benchmarks.soak import judge, table


def samples(name: str, *values: float) -> list[Sample]:
    return [Sample(5.0 * number, {name: value}, 0, 0, 0) for number, value in enumerate(values)]


def test_a_leak_of_descriptors_grows() -> None:
    found = judge("descriptors of server", samples("descriptors of server", *(20.0 + n // 10 for n in range(120))))
    assert found.verdict == "grows"
    assert found.end > found.begin
    assert "| descriptors of server |" in table([found])


def test_what_grows_in_the_first_half_only_is_warm_up() -> None:
    values = [50.0 + min(n, 100) for n in range(360)]
    assert judge("memory of server, MB", samples("memory of server, MB", *values)).verdict == "flat"


def test_two_percent_an_hour_are_no_leak_of_a_large_table() -> None:
    hour = 720
    values = [1000.0 + 5.0 * n / hour for n in range(hour)]
    assert judge("table sensors, MB", samples("table sensors, MB", *values)).verdict == "flat"
    values = [1000.0 + 50.0 * n / hour for n in range(hour)]
    assert judge("table sensors, MB", samples("table sensors, MB", *values)).verdict == "grows"


def test_history_grows_until_its_partitions_have_had_their_time() -> None:
    found = judge("history ticks, MB", samples("history ticks, MB", *(float(n) for n in range(720))))
    assert found.verdict == "history"
    assert round(found.slope) == 720
