// A plain program, which prints to stdout and asks on stdin. Where `jobwire run` has given it a channel it also
// tells how far it is, with a request that any language can make.
//
//   node examples/survey-repository.mjs [folder]
//   jobwire run --channel progress -- node examples/survey-repository.mjs [folder]
//
// It reads every file of a repository and its history, tells what it finds, asks one question, and goes
// on with the answer or, after a while, without one. It reads as fast as it can and waits between the
// steps so that a person can follow: about SURVEY_SECONDS (default 30) in all.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

const folder = process.argv[2] ?? process.cwd();
const seconds = Number(process.env.SURVEY_SECONDS ?? 30);
if (!(seconds >= 0)) throw new RangeError("SURVEY_SECONDS must be a number from 0");
const questionSeconds = Math.min(10, seconds / 3);
const run = promisify(execFile);
const say = (text = "") => process.stdout.write(`${text}\n`);
const { JOBWIRE_URL: server, JOBWIRE_PROCESS: id, JOBWIRE_TOKEN: token } = process.env;
const isShown = process.stdout.isTTY === true || server !== undefined;
const paint = (code, text) => (isShown ? `\u001b[${code}m${text}\u001b[0m` : text);
const bold = (text) => paint("1", text);
const dim = (text) => paint("2", text);
const green = (text) => paint("32", text);

/** One entry of a type that the console shows as a bar or a plot. Nothing depends on whether it arrives. */
let told = Promise.resolve();
function tell(type, content) {
  if (token === undefined) return;
  const address = `${server}/v1/processes/${id}/channels/progress/entries?type=jobwire.${type}`;
  const headers = { authorization: `Bearer ${token}` };
  const request = { method: "POST", headers, body: JSON.stringify(content) };
  told = told.then(() => fetch(address, request)).catch(() => undefined);
}

async function git(...args) {
  const { stdout } = await run("git", ["-C", folder, ...args], { maxBuffer: 256 * 1024 * 1024 });
  return stdout;
}

/** What git tracks or would track; without git everything but hidden and installed files. */
async function listFiles() {
  try {
    const names = await git("ls-files", "-z", "--cached", "--others", "--exclude-standard");
    return names.split("\0").filter((name) => name !== "");
  } catch {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
      .filter((name) => !/(^|[\\/])(\.|node_modules[\\/])/.test(name));
  }
}

/** Works through items within about the given time and shows how far it is, some twenty times. */
async function step(title, items, shareOfTime, work) {
  const started = performance.now();
  const totalMs = seconds * 1000 * shareOfTime;
  const every = Math.max(1, Math.ceil(items.length / 20));
  for (const [index, item] of items.entries()) {
    const note = await work(item);
    const done = index + 1;
    if (done % every !== 0 && done !== items.length) continue;
    const share = String(Math.floor((100 * done) / items.length)).padStart(3);
    say(`${title} ${green(`${share} %`)}  ${dim(note)}`);
    tell("progress", { label: title.trim(), done, total: items.length });
    const aheadMs = (totalMs * done) / items.length - (performance.now() - started);
    if (aheadMs > 0) await wait(aheadMs);
  }
}

async function readSource(name) {
  const bytes = await readFile(join(folder, name)).catch(() => Buffer.alloc(0));
  // What holds a zero byte is no text.
  const lines = bytes.includes(0) ? [] : bytes.toString("utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return { name, extension: extname(name).slice(1) || "(none)", bytes, lines };
}

async function countFiles(names) {
  const sources = [];
  const hashes = new Map();
  const plotEvery = Math.ceil(names.length / 60);
  let lines = 0;
  await step("files  ", names, 0.25, async (name) => {
    const source = await readSource(name);
    sources.push(source);
    const hash = createHash("sha256").update(source.bytes).digest("hex");
    hashes.set(hash, [...(hashes.get(hash) ?? []), name]);
    lines += source.lines.length;
    if (sources.length % plotEvery === 0)
      tell("metric", { step: sources.length, values: { lines } });
    return `${source.lines.length} lines in ${clean(name)}`;
  });
  const twins = [...hashes.values()].filter((same) => same.length > 1);
  if (twins.length > 0) say(`found   ${twins.length} contents that more than one file has`);
  return sources;
}

function groupByExtension(sources) {
  const groups = new Map();
  for (const { extension, lines, bytes } of sources) {
    const group = groups.get(extension) ?? { extension, files: 0, lines: 0, bytes: 0 };
    group.files += 1;
    group.lines += lines.length;
    group.bytes += bytes.byteLength;
    groups.set(extension, group);
  }
  return [...groups.values()].sort((a, b) => b.lines - a.lines);
}

function showGroups(groups) {
  say(`\n${bold("extension       files     lines     bytes")}`);
  for (const { extension, files, lines, bytes } of groups.slice(0, 8)) {
    const numbers = [files, lines, bytes].map((number) => String(number).padStart(9)).join(" ");
    say(`${clean(extension).padEnd(11)} ${numbers}`);
  }
  say();
}

/** One line from stdin, or undefined when it ends or the time is over. */
async function ask(question) {
  process.stdout.write(`${bold(question)} `);
  let answer = "";
  const read = async () => {
    for await (const chunk of process.stdin) {
      answer += chunk;
      if (answer.includes("\n")) return answer.split("\n")[0].trim();
    }
    return answer.trim() === "" ? undefined : answer.trim();
  };
  const timeOver = new AbortController();
  const given = await Promise.race([
    read(),
    wait(questionSeconds * 1000, undefined, { signal: timeOver.signal }),
  ]);
  timeOver.abort();
  process.stdin.destroy();
  say();
  return given;
}

/** The stretch from a line that begins a function to the line that closes it at the same indent. */
function findFunctions({ name, lines }) {
  const found = [];
  for (const [start, line] of lines.entries()) {
    const match =
      /^(\s*)(?:export )?(?:async )?(?:function\*? (\w+)|(?:static |async |get |set |#)*(\w+)\([^;"'`]*\)[^=]*\{$)/.exec(
        line,
      );
    const title = match?.[2] ?? match?.[3];
    if (!title || ["if", "for", "while", "switch", "catch"].includes(title)) continue;
    const end = lines.indexOf(`${match[1]}}`, start);
    if (end > start) found.push({ title, lines: end - start + 1, place: `${name}:${start + 1}` });
  }
  return found;
}

async function lookCloser(sources, extension) {
  const chosen = sources.filter((source) => source.extension === extension);
  if (chosen.length === 0) return say(`There is no file with extension ${clean(extension)}.`);
  const functions = [];
  const words = new Map();
  await step("closer ", chosen, 0.3, async (source) => {
    functions.push(...findFunctions(source));
    for (const [word] of source.lines.join("\n").matchAll(/[A-Za-z_]\w{5,}/g)) {
      words.set(word, (words.get(word) ?? 0) + 1);
    }
    return clean(source.name);
  });
  const top = (list, count) => list.sort((a, b) => b.lines - a.lines).slice(0, count);
  say(`\n${bold("longest files")}`);
  for (const { name, lines } of top(
    chosen.map(({ name, lines }) => ({ name, lines: lines.length })),
    5,
  )) {
    say(`  ${String(lines).padStart(6)}  ${clean(name)}`);
  }
  if (functions.length > 0) say(bold("longest functions"));
  for (const { title, lines, place } of top(functions, 5)) {
    say(`  ${String(lines).padStart(6)}  ${title}  ${clean(place)}`);
  }
  const frequent = [...words].sort((a, b) => b[1] - a[1]).slice(0, 8);
  say(`most frequent words: ${frequent.map(([word, count]) => `${word} ${count}`).join(", ")}\n`);
}

async function readHistory() {
  const log = await git("log", "--format=%H%x09%cs%x09%s").catch(() => "");
  const commits = log.split("\n").filter((line) => line !== "");
  if (commits.length === 0) return say("no history to read");
  let added = 0;
  let removed = 0;
  await step("history", commits, 0.3, async (line) => {
    const [id, date, subject] = line.split("\t");
    const changes = await git("show", "--numstat", "--format=", id);
    for (const [, plus, minus] of changes.matchAll(/^(\d+)\t(\d+)\t/gm)) {
      added += Number(plus);
      removed += Number(minus);
    }
    return `${date} ${clean(subject ?? "")}`;
  });
  say(`\n${commits.length} commits: ${added} lines added, ${removed} removed`);
}

/** Names and subjects are others' text: no control characters on the terminal. */
function clean(text) {
  return text.replace(/\p{Cc}/gu, "?");
}

const names = await listFiles();
say(`surveying ${names.length} files`);
const sources = await countFiles(names);
const groups = groupByExtension(sources);
showGroups(groups);
const preferred = groups.some(({ extension }) => extension === "ts") ? "ts" : groups[0]?.extension;
const answer = await ask(`Which extension shall I look at more closely? [${preferred}]`);
say(answer ? `You chose ${clean(answer)}.` : `No answer: I take ${preferred}.`);
await lookCloser(sources, answer ? answer.replace(/^\./, "") : preferred);
await readHistory();
await told;
say(green("done"));
