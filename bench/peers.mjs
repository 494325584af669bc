// What the benchmarks compare with is installed here, apart from the project: its lock holds nothing of it.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Throws where the registry cannot be reached and nothing was installed before. */
export function installPeers() {
  const { dependencies } = JSON.parse(
    readFileSync(new URL("package.json", import.meta.url), "utf8"),
  );
  const isInstalled = (name) =>
    existsSync(new URL(`node_modules/${name}/package.json`, import.meta.url));
  if (Object.keys(dependencies).every(isInstalled)) return;
  console.log("Installing the peers of the benchmarks …");
  const options = ["--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status } = spawnSync("npm", ["install", ...options], {
    cwd: here,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error("the peers of the benchmarks could not be installed");
}
