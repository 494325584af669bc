import { cpus, loadavg, totalmem, type } from "node:os";
import process from "node:process";

/** Under which something is measured that begins now. */
export function readConditions() {
  const [processor] = cpus();
  return {
    startedAt: new Date().toISOString(),
    node: process.version,
    system: type(),
    processors: cpus().length,
    processor: processor?.model ?? "unknown processor",
    memoryBytes: totalmem(),
    load: loadavg()[0],
  };
}

export function formatConditions({ node, system, processors, processor, load }) {
  return `Node ${node.slice(1)}, ${system}, ${processors} × ${processor.trim()}, load ${load.toFixed(1)} before it`;
}
