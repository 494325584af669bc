import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SetupError, isProgram, readStamp, root, runProgram, stampOf } from "./project.mjs";

const nodeVersionMin = [20, 19];
const packagesPath = join(root, "node_modules");
const stampPath = join(packagesPath, ".jobwire-stamp");

/** Installs the locked packages unless exactly these are installed already. */
export function ensureInstalled() {
  requireNode(process.versions.node);
  const stamp = stampOf(["package-lock.json"]);
  if (existsSync(packagesPath) && readStamp(stampPath) === stamp) return;
  console.log("Installing packages (npm ci) …");
  const options = ["ci", "--no-audit", "--no-fund"];
  const { status, error } = spawnSync("npm", options, { cwd: root, stdio: "inherit" });
  if (error !== undefined) throw new SetupError(`npm could not be started: ${error.message}`);
  if (status !== 0) throw new SetupError("npm ci failed: see its messages above.");
  writeFileSync(stampPath, stamp);
}

/** @param {string} version */
export function requireNode(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [majorMin = 0, minorMin = 0] = nodeVersionMin;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return;
  throw new SetupError(
    `Jobwire needs Node.js ${nodeVersionMin.join(".")} or newer; this is ${version}.\n` +
      "Install a newer one from https://nodejs.org/ or with your version manager.",
  );
}

if (isProgram(import.meta.url)) await runProgram(ensureInstalled);
