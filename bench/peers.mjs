// What the benchmarks compare with is installed here, apart from the project: its lock holds nothing of it. What cannot
// be had is named, and left out.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const natsScript = fileURLToPath(new URL("../scripts/ensure-nats-server.sh", import.meta.url));

function isInstalled(name) {
  return existsSync(new URL(`node_modules/${name}/package.json`, import.meta.url));
}

export function installPeers() {
  const { dependencies } = JSON.parse(
    readFileSync(new URL("package.json", import.meta.url), "utf8"),
  );
  if (Object.keys(dependencies).every(isInstalled)) return;
  console.log("Installing the peers of the benchmarks …");
  const options = ["--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
  spawnSync("npm", ["install", ...options], {
    cwd: here,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
}

/** What is to be had for a package; undefined where it is there. */
export function missingPackage(name) {
  return isInstalled(name) ? undefined : `${name} is not installed in bench/ (npm install)`;
}

export function missingRedis() {
  const path = process.env.REDIS_SERVER ?? "redis-server";
  if (spawnSync(path, ["--version"]).status === 0) return missingPackage("ioredis");
  return `there is no ${path}: install redis-server, or name one in REDIS_SERVER`;
}

let natsIsHere;

/** Where it is not in the path the script fetches one. */
export function missingNats() {
  natsIsHere ??= spawnSync("bash", [natsScript]).status === 0;
  return natsIsHere ? undefined : "there is no nats-server: install it, or name one in NATS_SERVER";
}

/** An optional dependency of the package: not every system has it. */
export function missingTerminals() {
  try {
    import.meta.resolve("@lydell/node-pty");
    return undefined;
  } catch {
    return "@lydell/node-pty is not installed, which is optional";
  }
}

export function missingChromium() {
  const path = process.env.CHROMIUM ?? "chromium";
  if (spawnSync(path, ["--version"]).status === 0) return undefined;
  return `there is no ${path}: install chromium, or name one in CHROMIUM`;
}
