import { signal, type ReadonlySignal } from "@preact/signals";
import { encodeRoute, parseRoute, type Route } from "./route.ts";

const current = signal(parseRoute(location.hash));

/** What the page shows now. */
export const route: ReadonlySignal<Route> = current;

addEventListener("hashchange", () => (current.value = parseRoute(location.hash)));

/** Goes there, in the history too unless it takes the place of what is shown. */
export function navigate(to: Route, { replace = false } = {}): void {
  if (!replace) {
    location.hash = encodeRoute(to);
    return;
  }
  // Unlike a new hash it is no event.
  history.replaceState(history.state, "", encodeRoute(to));
  current.value = to;
}
