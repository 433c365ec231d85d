"""The fault matrix: each fault at each point from claim to knock, on real processes; then everything must hold.

A cell takes some seconds. `make test` runs a few of them; FAULT_MATRIX=all every one, FAULT_MATRIX=PART those whose
name has that part, as in FAULT_MATRIX=TICK_COMMIT-stop.
"""

import os

import pytest
from chaos import cells, experiment
from chaos.cells import CELLS, Cell

from reliability.conftest import Deployment
from vedette.faults import Point

SHORT = {
    Cell("evaluate", Point.TICK_COMMITTED, "kill"),
    Cell("evaluate", Point.TICK_COMMIT, "stop"),
    Cell("launch", Point.START_COMMITTED, "kill"),
    Cell("launch", Point.END_COMMITTED, "term"),
    Cell("serve", Point.OUTBOX_FORWARD, "kill"),
    Cell("serve", Point.SUBSCRIPTION_EMIT, "error"),
}


def wanted(cell: Cell) -> bool:
    part = os.environ.get("FAULT_MATRIX")
    return cell in SHORT if part is None else part == "all" or part in str(cell)


@pytest.mark.slow
@pytest.mark.parametrize("cell", [cell for cell in CELLS if wanted(cell)], ids=str)
def test_nothing_is_lost_and_nothing_doubled(deployment: Deployment, cell: Cell) -> None:
    recovery = float("nan")
    problems: list[str] = ["it did not come to an end"]
    try:
        with deployment.trial() as trial:
            problems, recovery = experiment.run(trial, cell)
            assert problems == [], trial.fleet.processes[-1].log.read_text()
    finally:
        cells.keep(cell, not problems, recovery)
