import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";
import {
  SetupError,
  commandPath,
  isProgram,
  readStamp,
  root,
  runProgram,
  stampOf,
} from "./project.mjs";

const outputPath = join(root, "dist");
const stampName = ".build-stamp";
const configuration = [
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "vite.config.ts",
];
/** Of the console; less is not worth a second file. */
const compressedBytesMin = 1024;

/**
 * Builds dist unless it was built from exactly these sources.
 * @param {{ force?: boolean }} [options]
 */
export function ensureBuilt({ force = false } = {}) {
  const stamp = stampOf(["src", ...configuration], (path) => !path.endsWith(".test.ts"));
  if (!force && isBuilt(stamp)) return;
  // Beside dist and not in it: whoever runs the present build keeps a whole one until the swap.
  const freshPath = join(root, `.dist-${process.pid}`);
  try {
    compile(freshPath);
    bundleConsole(join(freshPath, "console"));
    writeFileSync(join(freshPath, stampName), stamp);
    putInPlace(freshPath);
  } finally {
    rmSync(freshPath, { recursive: true, force: true });
  }
}

/** @param {string} stamp */
function isBuilt(stamp) {
  return readStamp(join(outputPath, stampName)) === stamp;
}

/** @param {string} path */
function compile(path) {
  console.error("Building (tsc) …");
  runTool("typescript/bin/tsc", ["-p", "tsconfig.build.json", "--outDir", path]);
  // npm does this where it installs the package; here it lets `npx jobwire` run from the project.
  const command = commandPath.replace(outputPath, path);
  if (existsSync(command)) chmodSync(command, 0o755);
}

/** @param {string} path */
function bundleConsole(path) {
  console.error("Building the console (vite) …");
  runTool("vite/bin/vite.js", ["build", "--outDir", path, "--emptyOutDir", "--logLevel", "warn"]);
  for (const file of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) compress(join(file.parentPath, file.name));
  }
}

/**
 * Beside the file, so that the server compresses nothing.
 * @param {string} path
 */
function compress(path) {
  const content = readFileSync(path);
  if (content.byteLength < compressedBytesMin) return;
  writeFileSync(`${path}.gz`, gzipSync(content, { level: constants.Z_BEST_COMPRESSION }));
}

/**
 * @param {string} file of an installed package
 * @param {string[]} options
 */
function runTool(file, options) {
  const path = join(root, "node_modules", file);
  const { status } = spawnSync(process.execPath, [path, ...options], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) throw new SetupError("The build failed: see the messages above.");
}

/**
 * Two builds at once both get here: each takes away what it finds, and the later one stays.
 * @param {string} freshPath
 */
function putInPlace(freshPath) {
  const oldPath = `${freshPath}-old`;
  for (let isInPlace = false; !isInPlace;) {
    tryRename(outputPath, oldPath, "ENOENT");
    isInPlace = tryRename(freshPath, outputPath, "ENOTEMPTY");
    rmSync(oldPath, { recursive: true, force: true });
  }
}

/**
 * @param {string} from
 * @param {string} to
 * @param {string} expectedCode of the one error that only means "not now"
 */
function tryRename(from, to, expectedCode) {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === expectedCode) return false;
    throw error;
  }
}

if (isProgram(import.meta.url)) {
  await runProgram(() => ensureBuilt({ force: process.argv.includes("--force") }));
}
