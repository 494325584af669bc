import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { drawChart } from "../../bench/chart.mjs";
import { parts } from "../../bench/parts.mjs";
import { renderPart, replacePart } from "../../bench/report-page.mjs";
import { root } from "../../scripts/project.mjs";

const page = readFileSync(join(root, "docs", "performance.md"), "utf8");

describe("the page of figures", () => {
  it("has one place for each part of the benchmarks, and names it in its list", () => {
    const places = [...page.matchAll(/^<!-- bench:(\S+) -->$/gm)].map(([, name]) => name);
    expect([...places].sort()).toEqual(Object.keys(parts).sort());

    const list = /^Parts: (.*?)\./ms.exec(page)?.[1] ?? "";
    const listed = [...list.matchAll(/`(\S+?)`/g)].map(([, name]) => name);
    expect(listed).toEqual(Object.keys(parts));
  });

  it("gets another text in the place of a part, and keeps all around it", () => {
    const before =
      "prose\n\n<!-- bench:a -->\n\nold\n\n<!-- /bench:a -->\n\n<!-- bench:b -->\n\nkept";

    expect(replacePart(before, "a", "new")).toBe(before.replace("old", "new"));
    expect(() => replacePart(before, "b", "new")).toThrow("no place <!-- bench:b -->");
  });

  it("tells of a part when and under what it ran, its tables and charts, and what was missed", () => {
    const conditions = {
      ...{ startedAt: "2026-11-27T13:00:00Z", node: "v20.20.2", system: "Linux" },
      ...{ processors: 2, processor: "some processor", load: 0.25 },
    };
    const text = renderPart({
      ...{ name: "a", isQuick: true, conditions, missingPeers: ["no redis-server"] },
      tables: [{ title: "Appends", header: ["", "rate"], rows: [["a|b", "1 k"]] }],
      charts: [{ name: "a", title: "Rates" }],
      verdicts: [
        { target: "fast", met: true },
        { target: "small", met: false },
      ],
    });

    expect(text.split("\n").filter((line) => line !== "")).toEqual([
      "_27 November 2026: Node 20.20.2, Linux, 2 × some processor, load 0.3 before it; a quick run, of few rounds._",
      "Left out: no redis-server.",
      "Appends:",
      "|  | rate |",
      "| --- | --: |",
      "| a\\|b | 1 k |",
      "![Rates](performance/a.svg)",
      "| target |  |",
      "| --- | --- |",
      "| fast | met |",
      "| small | **missed** |",
    ]);
  });
});

describe("a chart", () => {
  it("has a bar for each value that there is, the greatest the longest, and says what is in it", () => {
    const svg = drawChart({
      ...{ name: "a", title: "Rates & more", kind: "bars", series: ["x", "y"] },
      bars: [
        { name: "one", values: [1_000, 500] },
        { name: "two", values: [250, Number.NaN] },
      ],
    });

    const lengths = [...svg.matchAll(/<rect [^>]*?width="([\d.]+)" height="11"/g)].map(firstGroup);
    const [longest = 0] = lengths;
    expect(lengths.map((length) => Math.round((length / longest) * 100))).toEqual([100, 50, 25]);
    expect(svg).toContain("Rates &amp; more");
    expect(svg).toContain(">1 k<");
  });

  it("has a line from the left to the right with values above its zero", () => {
    const svg = drawChart({
      ...{ name: "a", title: "Cost", kind: "lines", xLabel: "entries", yLabel: "µs" },
      isLogarithmic: true,
      lines: [
        {
          name: "append",
          points: [
            [1, 2],
            [10, 4],
            [100, 4],
          ],
        },
      ],
    });

    const points = (/<polyline points="([^"]+)"/.exec(svg)?.[1] ?? "")
      .split(" ")
      .map((point) => point.split(",").map(Number) as [number, number]);
    const [first, second, third] = points as [[number, number], [number, number], [number, number]];
    expect(second[0] - first[0]).toBeCloseTo(third[0] - second[0], 0);
    expect(second[1]).toBeLessThan(first[1]);
    expect(third[1]).toBe(second[1]);
  });
});

function firstGroup(match: RegExpExecArray): number {
  return Number(match[1]);
}
