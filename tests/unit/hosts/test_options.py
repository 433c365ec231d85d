import pytest

from vedette.hosts.child.frames import ChildKind
from vedette.hosts.child.options import ChildOptions, parse


@pytest.mark.parametrize("kind", [None, ChildKind.HOST, ChildKind.RUN])
@pytest.mark.parametrize("target", ["project.py", "package.module", "--odd name.py"])
def test_a_child_reads_what_the_server_wrote(kind: ChildKind | None, target: str) -> None:
    options = ChildOptions(3, 77, target, 512, 64, False, kind)
    assert parse(options.arguments()) == options
