interface Page extends EventTarget {
  readonly visibilityState?: string;
}

/** Calls back when a page or worker may have its network back or lost it, or is looked at again. The result ends it. */
export function followWakeUps(wake: () => void): () => void {
  const { addEventListener, removeEventListener, document } = globalThis as {
    readonly addEventListener?: EventTarget["addEventListener"];
    readonly removeEventListener?: EventTarget["removeEventListener"];
    readonly document?: Page;
  };
  const look = (): void => {
    if (document?.visibilityState === "visible") wake();
  };
  for (const name of ["online", "offline"]) addEventListener?.call(globalThis, name, wake);
  document?.addEventListener("visibilitychange", look);
  return () => {
    for (const name of ["online", "offline"]) removeEventListener?.call(globalThis, name, wake);
    document?.removeEventListener("visibilitychange", look);
  };
}
