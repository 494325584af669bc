interface Page extends EventTarget {
  readonly visibilityState?: string;
}

/** Calls back when a page or worker may have its network back or lost it, or is looked at again. The result ends it. */
export function followWakeUps(wake: () => void): () => void {
  const place = globalThis as Partial<EventTarget> & { readonly document?: Page };
  const { document } = place;
  const controller = new AbortController();
  const { signal } = controller;
  for (const name of ["online", "offline"]) place.addEventListener?.(name, wake, { signal });
  const look = (): void => {
    if (document?.visibilityState === "visible") wake();
  };
  document?.addEventListener("visibilitychange", look, { signal });
  return () => controller.abort();
}
