import { readdirSync, readFileSync } from "node:fs";

// Where there is no /proc, a program is known by its own group alone.

interface ProcessStatus {
  readonly group: number;
  readonly session: number;
  /** Group in the foreground of its terminal; -1 for none. */
  readonly foreground: number;
}

/** The group that gets Ctrl-C in the terminal of this process. */
export function foregroundGroup(pid: number): number | undefined {
  const foreground = statusOf(pid)?.foreground ?? -1;
  return foreground > 0 ? foreground : undefined;
}

/** Every process group of a session, also those that a shell made for its jobs. */
export function sessionGroups(session: number): readonly number[] {
  const groups = new Set<number>();
  for (const pid of runningProcesses()) {
    const status = statusOf(pid);
    if (status?.session === session) groups.add(status.group);
  }
  return [...groups];
}

/** Whether a process takes no notice of a signal, given by its number. */
export function ignoresSignal(pid: number, signal: number): boolean {
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? "0";
  return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

function runningProcesses(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function statusOf(pid: number): ProcessStatus | undefined {
  const text = read(`/proc/${pid}/stat`);
  // The name may have spaces and parentheses: what counts begins behind the last one.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [group = 0, session = 0, , foreground = -1] = fields.slice(2, 6).map(Number);
  return text === "" ? undefined : { group, session, foreground };
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
