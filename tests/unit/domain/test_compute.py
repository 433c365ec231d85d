import pytest

from vedette.domain.compute import ComputeSpec, InvalidCompute, compute_spec, tagged_compute


@pytest.mark.parametrize(
    ("memory", "size"),
    [
        ("4GB", 4_000_000_000),
        ("4 GiB", 4 * 2**30),
        ("512MiB", 512 * 2**20),
        ("512m", 512_000_000),
        ("1.5g", 1_500_000_000),
        ("2TB", 2 * 10**12),
        ("80000000B", 80_000_000),
        (2**30, 2**30),
    ],
)
def test_memory_is_a_number_of_bytes_or_a_text_with_a_unit(memory: str | int, size: int) -> None:
    assert compute_spec(memory=memory).memory_bytes == size


@pytest.mark.parametrize("memory", ["lots", "4 apples", "-1GB", "", "1MB", True, 4.5, "4GBit"])
def test_what_is_no_memory_is_refused_with_what_it_was(memory: object) -> None:
    with pytest.raises(InvalidCompute, match="memory is"):
        compute_spec(memory=memory)


@pytest.mark.parametrize(("name", "amount"), [("cpu", 0), ("cpu", "-1"), ("gpu", -1), ("cpu", "two"), ("gpu", "nan")])
def test_an_amount_that_there_cannot_be_is_refused(name: str, amount: object) -> None:
    with pytest.raises(InvalidCompute, match=f"{name} is a number"):
        compute_spec(**{name: amount})


def test_tags_of_a_run_go_before_what_its_job_says() -> None:
    tagged = tagged_compute({"vedette/cpu": "0.5", "vedette/memory": "1GiB", "team": "north"})
    assert tagged.over(ComputeSpec(cpu=4, gpu=1)) == ComputeSpec(0.5, 1, 2**30)


def test_what_is_asked_for_reads_well() -> None:
    assert str(compute_spec(2, 1, "4GiB")) == "cpu=2, gpu=1, memory=4 GiB"
    assert str(ComputeSpec()) == "nothing in particular"
