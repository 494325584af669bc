import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ChildProgram } from "./child-program.mjs";
import { ConsoleViewer } from "./console-viewer.mjs";
import { ensureBuilt } from "./ensure-built.mjs";
import { ensureInstalled } from "./ensure-installed.mjs";
import { SetupError, runProgram } from "./project.mjs";

const host = "127.0.0.1";
const defaultPort = 7420;
const readyTimeoutMs = 30_000;
const pollIntervalMs = 50;
const graceMs = 10_000;
const program = ["node", "examples/survey-repository.mjs"];
const sampleJob = ["run", "--name", "sample", "--channel", "progress", "--", ...program];

/** Serves with the options given after `npm start --`, and runs the sample job on that server. */
async function main() {
  const options = process.argv.slice(2);
  ensureInstalled();
  ensureBuilt();
  await requireFreePort(readPort(options));

  const server = new ChildProgram(["serve", "--json", ...options], { readsOutput: true });
  const programs = [server];
  const stop = listenForStop(programs);
  try {
    await Promise.race([serve(server, programs, options, stop), once(stop, "abort")]);
    if (!stop.aborted) process.exitCode = (await server.exited) || 1;
  } finally {
    if (!(await stopAll(programs))) process.exitCode = 1;
  }
}

/**
 * Resolves when the server has ended.
 * @param {ChildProgram} server
 * @param {ChildProgram[]} programs gets the sample job
 * @param {string[]} options
 * @param {AbortSignal} stop
 */
async function serve(server, programs, options, stop) {
  const ready = JSON.parse(await server.readFirstLine("jobwire serve"));
  const { url, dataDirectory } = ready;
  await waitUntilReady(url, server);
  if (stop.aborted) return;
  const viewer = await ConsoleViewer.signIn(url, ready.console);
  const environment = { JOBWIRE_URL: url, JOBWIRE_DATA_DIRECTORY: dataDirectory };
  const job = new ChildProgram(sampleJob, { environment });
  programs.push(job);
  const link = await viewer?.linkToSample(job);
  const isElsewhere = options.some((option) => option.startsWith("--data-directory"));
  console.log(describeNextSteps(url, link, isElsewhere ? dataDirectory : undefined));
  void job.exited.then((code) => {
    if (stop.aborted || !server.isRunning) return;
    console.log(`\nThe sample job has ended with exit code ${code}. The server goes on.`);
  });
  await server.exited;
}

/** @param {string[]} options */
function readPort(options) {
  const settings = /** @type {const} */ ({ port: { type: "string" } });
  const { values } = parseArgs({ args: options, options: settings, strict: false });
  const port = Number(values.port ?? defaultPort);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new SetupError(`--port must be a number from 0 to 65535, not ${values.port}`);
}

/**
 * Says what is wrong before anything is started.
 * @param {number} port
 */
async function requireFreePort(port) {
  const probe = createServer().listen(port, host);
  try {
    await once(probe, "listening");
  } catch (error) {
    throw new SetupError(
      `Port ${port} of ${host} cannot be used: ${error instanceof Error ? error.message : error}\n` +
        "Perhaps a Jobwire server runs already. Stop it, or take another port:\n" +
        `  npm start -- --port ${port + 1}`,
    );
  }
  probe.close();
  await once(probe, "close");
}

/**
 * @param {string} url
 * @param {ChildProgram} server
 */
async function waitUntilReady(url, server) {
  const deadlineMs = performance.now() + readyTimeoutMs;
  while (performance.now() < deadlineMs && server.isRunning) {
    const response = await fetch(`${url}/readyz`).catch(() => undefined);
    if (response?.ok === true) return;
    await delay(pollIntervalMs);
  }
  throw new SetupError(`The server at ${url} does not get ready.`);
}

/**
 * @param {string} url
 * @param {string | undefined} link to the console
 * @param {string | undefined} dataDirectory where it is not the default
 */
function describeNextSteps(url, link, dataDirectory) {
  const prefix = dataDirectory === undefined ? "" : `JOBWIRE_DATA_DIRECTORY=${dataDirectory} `;
  const commands = [
    "npx jobwire ps                             # what runs",
    "npx jobwire tail @last stdout              # what the sample job prints",
    'npx jobwire send @last stdin "your answer" # answers its question',
    "npx jobwire console                        # another link to the browser's console",
  ].map((command) => `  ${prefix}${command}`);
  return [
    `\nJobwire serves on ${url} and runs a sample job.`,
    ...(link === undefined
      ? []
      : [`\nSee it in a browser; the link works once, within five minutes:\n\n  ${link}\n`]),
    "From another terminal, in this folder:\n",
    ...commands,
    "\nCtrl-C ends both.\n",
  ].join("\n");
}

/**
 * Aborts at the first signal to stop; the second one kills.
 * @param {ChildProgram[]} programs
 */
function listenForStop(programs) {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (stop.signal.aborted) for (const program of programs) program.kill();
      stop.abort();
    });
  }
  return stop.signal;
}

/**
 * Jobs first, so that the server can still write down how they ended.
 * @param {ChildProgram[]} programs the server, then jobs
 * @returns {Promise<boolean>} whether all ended without being killed
 */
async function stopAll([...programs]) {
  let isClean = true;
  for (const program of programs.reverse()) isClean = (await program.stop(graceMs)) && isClean;
  return isClean;
}

await runProgram(main);
