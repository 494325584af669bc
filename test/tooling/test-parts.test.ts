import { describe, expect, it } from "vitest";
import { requireNode } from "../../scripts/ensure-installed.mjs";
import { countTests, formatSummary } from "../../scripts/test-parts.mjs";

describe("counting the tests of a part", () => {
  it("takes the counts of the report", () => {
    const report = { numPassedTests: 5, numFailedTests: 2 };

    expect(countTests(report, false)).toEqual({ passed: 5, failed: 2 });
  });

  it("counts a part that fails without a failed test as one failure", () => {
    expect(countTests({}, false)).toEqual({ passed: 0, failed: 1 });
    expect(countTests({ numPassedTests: 5, numFailedTests: 0 }, false)).toEqual({
      passed: 5,
      failed: 1,
    });
  });

  it("counts no failure in a part that passes without a report", () => {
    expect(countTests({}, true)).toEqual({ passed: 0, failed: 0 });
  });
});

describe("the summary", () => {
  it("ends with a line of the sums and nothing else", () => {
    const summary = formatSummary([
      { name: "check", isPassed: false, seconds: 1.23, passed: 0, failed: 1 },
      { name: "test:unit", isPassed: true, seconds: 12, passed: 30, failed: 0 },
      { name: "test:faults", isPassed: false, seconds: 3, passed: 4, failed: 2 },
    ]);

    expect(summary.split("\n")).toEqual([
      "FAILED  check             1.2 s",
      "ok      test:unit        12.0 s  30 passed, 0 failed",
      "FAILED  test:faults       3.0 s  4 passed, 2 failed",
      "34 passed, 3 failed",
    ]);
  });
});

describe("the check of the Node version", () => {
  it.each(["20.19.0", "20.20.2", "22.0.0", "24.1.0"])("accepts %s", (version) => {
    expect(() => requireNode(version)).not.toThrow();
  });

  it.each(["18.20.8", "20.18.3"])("refuses %s and says what is needed", (version) => {
    expect(() => requireNode(version)).toThrow(/needs Node\.js 20\.19 or newer; this is/);
  });
});
