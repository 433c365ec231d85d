import { describe, expect, it } from "vitest";

import { shownDistance, shownInterval, shownSeconds } from "./durations";

describe("shownSeconds", () => {
  it.each([
    [0, "< 1 ms"],
    [0.0123, "12 ms"],
    [0.9999, "1 s"],
    [1.25, "1.3 s"],
    [59.4, "59 s"],
    [59.6, "1 min"],
    [200, "3 min 20 s"],
    [7_500, "2 h 5 min"],
    [356_400, "4 d 3 h"],
  ])("shows %s s as %s", (seconds, text) => expect(shownSeconds(seconds)).toBe(text));
});

describe("shownDistance", () => {
  it.each([
    [0.4, "now"],
    [-8.9, "8 s ago"],
    [200, "in 3 min"],
    [-90_000, "1 d ago"],
  ])("shows %s s as %s", (seconds, text) => expect(shownDistance(seconds)).toBe(text));
});

it("says that an interval of zero is none", () => {
  expect(shownInterval(0)).toBe("at once");
  expect(shownInterval(30)).toBe("every 30 s");
});
