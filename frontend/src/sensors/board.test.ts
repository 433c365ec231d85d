import { expect, it } from "vitest";

import { Board, type Row } from "./board";

function row(id: string, number: number, kind = "WAITING"): Row {
  return {
    id,
    name: id,
    status: "RUNNING",
    nextTickAt: null,
    condition: { kind },
    statusReason: { at: null },
    lastTick: { number, repeats: 0 },
  } as unknown as Row;
}

it("shows what was decided last, whichever stream tells it first", () => {
  const running = { ...row("a", 5), statusReason: { at: "2026-11-23T09:43:07+00:00" } } as Row;
  const stopped = { ...row("a", 5, "STOPPED"), statusReason: { at: "2026-11-23T09:43:08.5+00:00" } } as Row;
  const board = new Board();
  board.put([running]);
  board.update([stopped]);
  board.update([running]);
  expect(board.rows.get("a")?.condition.kind).toBe("STOPPED");
});

it("shows how often a tick was repeated at last", () => {
  const repeated = (repeats: number) => ({ ...row("a", 5), lastTick: { number: 5, repeats } }) as unknown as Row;
  const board = new Board();
  board.put([repeated(1)]);
  board.update([repeated(3)]);
  board.update([repeated(2)]);
  expect(board.rows.get("a")?.lastTick).toMatchObject({ repeats: 3 });
});

it("does not let an older reading undo a newer one", () => {
  const board = new Board();
  board.put([row("a", 5)]);
  board.update([row("a", 7, "BACKING_OFF")]);
  board.update([row("a", 6, "WAITING")]);
  expect(board.rows.get("a")?.condition.kind).toBe("BACKING_OFF");
});

it("tells which sensors it does not know", () => {
  const board = new Board();
  board.put([row("a", 1)]);
  expect(board.update([row("a", 2), row("b", 1)])).toEqual(["b"]);
});

it("keeps one bar a tick, in order, and no more than fit", () => {
  const board = new Board();
  const tick = (number: number, status = "STARTED") => ({ id: `${number}`, number, status }) as never;
  board.putSpark("a", [tick(2), tick(1)], null);
  board.putTicks([{ sensorId: "a", tick: tick(2, "SUCCESS") }]);
  expect(board.sparks.get("a")?.map((each) => each.status)).toEqual(["STARTED", "SUCCESS"]);
  board.putTicks(Array.from({ length: 40 }, (_, index) => ({ sensorId: "a", tick: tick(index + 3) })));
  expect(board.sparks.get("a")?.map((each) => each.number)).toEqual(
    Array.from({ length: 24 }, (_, index) => index + 19),
  );
});

it("shows the latest run of a sensor as it goes on", () => {
  const board = new Board();
  const run = (id: string, status: string) => ({ sensorId: "a", run: { id, status, queuedAt: id } }) as never;
  board.putRuns([run("1", "QUEUED")]);
  expect(board.lastRuns.has("a")).toBe(false);
  board.putSpark("a", [], null);
  board.putRuns([run("2", "QUEUED"), run("1", "SUCCESS"), run("2", "STARTED")]);
  expect(board.lastRuns.get("a")).toMatchObject({ id: "2", status: "STARTED" });
});

it("adds what is new when it reads some again, and keeps what came meanwhile", () => {
  const board = new Board();
  board.put([row("a", 7, "BACKING_OFF")]);
  board.refresh([row("a", 6), row("b", 1)]);
  expect([...board.rows.values()].map((each) => each.condition.kind)).toEqual(["BACKING_OFF", "WAITING"]);
});
