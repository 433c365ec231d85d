import { describe, expect, it } from "vitest";

import { beginOf, bounded, DAY, MINUTE, marks, spanOf, toX, widthFor } from "./span";

const span = { from: 0, to: 100_000 };

it("puts the ends of the span at the ends of the plot", () => {
  expect(toX(0, span, 500)).toBe(0);
  expect(toX(100_000, span, 500)).toBe(500);
});

describe("marks", () => {
  it("are apart far enough to be read", () => {
    const found = marks({ from: 0, to: 300_000 }, 900);
    expect(found.length).toBeGreaterThan(2);
    expect(found.length).toBeLessThanOrEqual(10);
  });
  it("reach over a month", () => expect(marks({ from: 0, to: 30 * DAY }, 900).length).toBeGreaterThan(3));
});

it("leaves some room for what is still to come while it follows the present", () => {
  const live = spanOf({ length: 100, end: null }, 1_000);
  expect(live.to).toBeGreaterThan(1_000);
  expect(live.to - live.from).toBe(100);
  expect(spanOf({ length: 100, end: 500 }, 1_000)).toEqual({ from: 400, to: 500 });
});

it("looks at no less than a minute and no more than a month", () => {
  expect(bounded(1)).toBe(MINUTE);
  expect(bounded(365 * DAY)).toBe(30 * DAY);
});

it("counts in round parts, as many as can be told apart", () => {
  expect(widthFor(5 * MINUTE)).toBe(2_000);
  expect(widthFor(30 * DAY) * 180).toBeGreaterThanOrEqual(30 * DAY);
  expect(beginOf(7_999, 2_000)).toBe(6_000);
});
