import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
const configuration = ["package-lock.json", "tsconfig.json", "tsconfig.build.json"];

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
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const options = [compiler, "-p", "tsconfig.build.json", "--outDir", path];
  const { status } = spawnSync(process.execPath, options, { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new SetupError("The build failed: see the compiler's messages above.");
  // npm does this where it installs the package; here it lets `npx jobwire` run from the project.
  const command = commandPath.replace(outputPath, path);
  if (existsSync(command)) chmodSync(command, 0o755);
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
