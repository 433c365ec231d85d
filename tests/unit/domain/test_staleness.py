"""Which assets are stale, and what a run that mends it makes."""

from typing import Any

from vedette.domain.assets import Path
from vedette.domain.staleness import AssetState, stale, to_make

A: Path = ("a",)
B: Path = ("b",)
C: Path = ("c",)
OUT: Path = ("out",)


def chain(a: int | None, b: int | None, c: int | None, out: int | None = None, **of_b: Any) -> dict[Path, AssetState]:
    """a ← b ← c, and b ← out, which is external; positions of their last materializations."""
    return {
        OUT: AssetState(executable=False, position=out),
        A: AssetState(position=a, op_name="a"),
        B: AssetState((A, OUT), position=b, op_name="b", **of_b),
        C: AssetState((B,), position=c, op_name="c"),
    }


def test_what_is_newer_upstream_makes_stale_all_the_way_down() -> None:
    assert stale(chain(1, 2, 3), [A, B, C]) == frozenset()
    assert stale(chain(None, None, None), [A, B, C]) == {A, B, C}
    assert stale(chain(4, 2, 3), [A, B, C]) == {B, C}
    assert stale(chain(1, 4, 3), [A, B, C]) == {C}
    assert stale(chain(None, 2, 3), [C]) == {C}


def test_external_assets_are_stale_by_being_newer_only() -> None:
    assert stale(chain(1, 3, 4, out=2), [A, B, C]) == frozenset()
    assert stale(chain(1, 3, 4, out=5), [B, C]) == {B, C}
    assert stale(chain(1, 3, 4, out=5), [OUT, ("nobody",)]) == frozenset()


def test_code_of_another_version_makes_stale() -> None:
    assert stale(chain(1, 2, 3, code_version="2", made_of_code="1"), [A, B, C]) == {B, C}
    assert stale(chain(1, 2, 3, code_version="2", made_of_code="2"), [A, B, C]) == frozenset()


def test_what_is_made_in_one_step_is_made_together() -> None:
    known = {A: AssetState(position=1, op_name="both"), B: AssetState(position=None, op_name="both")}
    assert to_make(known, [A, B]) == (A, B)
    assert to_make(known, [A]) == ()
