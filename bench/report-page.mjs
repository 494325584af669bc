// Writes what parts of the suite found into docs/performance.md: into the place of each part, between `<!-- bench:name -->`
// and `<!-- /bench:name -->`. The prose around is written by hand and stays; so does what stands for parts that did not run.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { drawChart } from "./chart.mjs";
import { formatConditions } from "./conditions.mjs";

const docs = fileURLToPath(new URL("../docs/", import.meta.url));
const pagePath = join(docs, "performance.md");
const chartFolder = "performance";

export async function writePage(found) {
  let page = readFileSync(pagePath, "utf8");
  for (const part of found) {
    if (part.failure !== undefined || part.isLeftOut) {
      console.error(`${part.name} did not run to its end: what the page says of it stays.`);
      continue;
    }
    page = replacePart(page, part.name, renderPart(part));
    writeCharts(part.charts);
  }
  const options = { ...(await resolveConfig(pagePath)), parser: "markdown" };
  writeFileSync(pagePath, await format(page, options));
}

/** The page with another text in the place of a part. Throws where it has no such place. */
export function replacePart(page, name, text) {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, until] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || until < from)
    throw new Error(`docs/performance.md has no place ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(until)}`;
}

function writeCharts(charts) {
  mkdirSync(join(docs, chartFolder), { recursive: true });
  for (const chart of charts)
    writeFileSync(join(docs, chartFolder, `${chart.name}.svg`), drawChart(chart));
}

/** What a part found, as markdown: its day and conditions, tables, charts, and which targets were met. */
export function renderPart({ tables, charts, verdicts, conditions, isQuick, missingPeers }) {
  const date = new Date(conditions.startedAt);
  const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" }).format(date);
  const how = isQuick ? "; a quick run, of few rounds" : "";
  return [
    `_${day}: ${formatConditions(conditions)}${how}._`,
    ...(missingPeers.length === 0 ? [] : [`Left out: ${missingPeers.join("; ")}.`]),
    ...tables.map(renderTable),
    ...charts.map(({ name, title }) => `![${title}](${chartFolder}/${name}.svg)`),
    ...(verdicts.length === 0 ? [] : [renderVerdicts(verdicts)]),
  ].join("\n\n");
}

function renderRow(cells) {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function renderTable({ title, header, rows }) {
  const rule = header.map((_, column) => (column === 0 ? "---" : "--:"));
  return [`${title}:`, "", ...[header, rule, ...rows].map(renderRow)].join("\n");
}

function renderVerdicts(verdicts) {
  const rows = verdicts.map(({ target, met }) => [target, met ? "met" : "**missed**"]);
  return [["target", ""], ["---", "---"], ...rows].map(renderRow).join("\n");
}
