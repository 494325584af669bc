import { signal, type ReadonlySignal } from "@preact/signals";

const tick = signal(Date.now());

/** Wall time in milliseconds, told once a second: for ages that are shown. */
export const now: ReadonlySignal<number> = tick;

setInterval(() => {
  if (document.visibilityState === "visible") tick.value = Date.now();
}, 1_000);
document.addEventListener("visibilitychange", () => (tick.value = Date.now()));
