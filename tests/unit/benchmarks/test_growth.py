"""The growth table has a line a point, with what was asked for beside what was done."""

from benchmarks.growth import Point, table

POINTS = [Point(n, 1.0, float(n), 1.0, 9.0, n / 4000, 0.2, 150.0 + n / 50, 3.0) for n in (10, 100, 1_000, 10_000)]


def test_each_number_of_sensors_has_a_line() -> None:
    lines = table(POINTS).splitlines()
    assert len(lines) == 2 + len(POINTS)
    assert lines[-1].startswith(
        "| 10,000 | 1 s | 10,000 | 10,000 | 1.00 ms | 9.00 ms | 2.50 cores | 0.200 ms | 350 MB |"
    )
