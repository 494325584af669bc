import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SetupError, isProgram, readStamp, root, runProgram, stampOf } from "./project.mjs";

const nodeVersionMin = [20, 19];
const stampPath = join(root, "node_modules", ".jobwire-stamp");

/** Installs the locked packages unless exactly these are installed already. */
export function ensureInstalled() {
  requireNode(process.versions.node);
  if (readStamp(stampPath) === stampOf(["package-lock.json"])) return;
  console.error("Installing packages (npm ci) …");
  const options = ["ci", "--no-audit", "--no-fund"];
  const { status, error } = spawnSync("npm", options, { cwd: root, stdio: "inherit" });
  if (error !== undefined) throw new SetupError(`npm could not be started: ${error.message}`);
  if (status !== 0) throw new SetupError("npm ci failed: see its messages above.");
  recordInstalled();
}

/** Also called by npm itself (`prepare`): what a developer installs is not installed a second time. */
function recordInstalled() {
  writeFileSync(stampPath, stampOf(["package-lock.json"]));
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

if (isProgram(import.meta.url)) {
  await runProgram(process.argv.includes("--record") ? recordInstalled : ensureInstalled);
}
