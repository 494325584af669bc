import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { requireNode } from "../../scripts/ensure-installed.mjs";
import { countTests, describeFailures, formatSummary } from "../../scripts/test-parts.mjs";

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

describe("the failures of a part", () => {
  const file = fileURLToPath(new URL("../unit/some.test.ts", import.meta.url));
  const passed = { status: "passed", fullName: "a works", failureMessages: [] };

  it("names the file, the test and the first line of the reason", () => {
    const failed = {
      ...{ status: "failed", fullName: "b keeps order" },
      failureMessages: ["Error: expected 1\n    at some.test.ts:7"],
    };

    expect(
      describeFailures({ testResults: [{ name: file, assertionResults: [passed, failed] }] }),
    ).toEqual(["test/unit/some.test.ts: b keeps order: Error: expected 1"]);
  });

  it("names a file that failed as a whole", () => {
    const results = [
      { name: file, message: "Cannot find module", assertionResults: [] },
      { name: file, message: "", assertionResults: [passed] },
    ];

    expect(describeFailures({ testResults: results })).toEqual([
      "test/unit/some.test.ts: Cannot find module",
    ]);
  });

  it("are none where there is no report", () => {
    expect(describeFailures({})).toEqual([]);
  });
});

describe("the summary", () => {
  it("ends with a line of the sums and nothing else", () => {
    const summary = formatSummary([
      { name: "check", isPassed: false, seconds: 1.23, passed: 0, failed: 1 },
      { name: "test:unit", isPassed: true, seconds: 12, passed: 30, failed: 0 },
      {
        name: "test:faults",
        isPassed: false,
        seconds: 3,
        passed: 4,
        failed: 2,
        failures: ["x: y"],
      },
    ]);

    expect(summary.split("\n")).toEqual([
      "FAILED  check             1.2 s",
      "ok      test:unit        12.0 s  30 passed, 0 failed",
      "FAILED  test:faults       3.0 s  4 passed, 2 failed",
      "        x: y",
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
