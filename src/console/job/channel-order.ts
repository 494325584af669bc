/** Channels that the parts of a job talk through; people rarely look at them. */
const plumbing: readonly string[] = ["control", "stdin", "tty-snapshot"];
const first: readonly string[] = ["tty", "stdout", "stderr", "chat"];
const besideEachOtherMax = 4;

export function isPlumbing(channel: string): boolean {
  return plumbing.includes(channel);
}

/** As people look for them: what a program writes first, what its parts say to each other last. */
export function orderChannels(names: readonly string[]): string[] {
  const rank = (name: string): number => {
    if (isPlumbing(name)) return first.length + 1 + plumbing.indexOf(name);
    const index = first.indexOf(name);
    return index < 0 ? first.length : index;
  };
  return [...names].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

/** Those that are shown beside each other where there is room for it. */
export function shownTogether(names: readonly string[]): string[] {
  const ordered = orderChannels(names);
  const shown = ordered.filter((name) => !isPlumbing(name)).slice(0, besideEachOtherMax);
  return shown.length > 0 ? shown : ordered.slice(0, 1);
}
