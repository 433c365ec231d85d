import { expect, it } from "vitest";

import { figures, path } from "./figures";

const at = (second: number) => new Date(second * 1_000).toISOString();

it("finds every number over time, the oldest first, typed or not", () => {
  const found = figures([
    { at: at(2), metadata: { rows: 5, table: "orders", size: { type: "float", value: 2.5 } } },
    { at: at(1), metadata: { rows: 3, size: { type: "float", value: 1.5 } } },
  ]);
  expect(found).toEqual([
    { name: "rows", points: [{ at: 1_000, value: 3 }, { at: 2_000, value: 5 }] },
    { name: "size", points: [{ at: 1_000, value: 1.5 }, { at: 2_000, value: 2.5 }] },
  ]);
});

it("draws from the lower left to the upper right", () => {
  const points = [{ at: 0, value: 1 }, { at: 10, value: 2 }];
  expect(path(points, 100, 40)).toBe("M0.0,40.0 L100.0,0.0");
  expect(path([{ at: 0, value: 1 }, { at: 10, value: 1 }], 100, 40)).toBe("M0.0,20.0 L100.0,20.0");
});
