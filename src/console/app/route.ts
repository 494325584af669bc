/** What the page shows, as its fragment says. The server knows nothing of it. */
export type Route =
  | { readonly page: "jobs" }
  | {
      readonly page: "job";
      readonly processId: string;
      readonly channel?: string | undefined;
      readonly view?: string | undefined;
    };

/** What cannot be read shows the jobs. */
export function parseRoute(fragment: string): Route {
  const [path = "", query = ""] = fragment.replace(/^#/, "").split("?", 2);
  const [first, ...parts] = path.split("/").slice(1).map(decodePart);
  const [processId, channel] = parts;
  if (first !== "p" || processId === undefined || processId === "") return { page: "jobs" };
  const view = new URLSearchParams(query).get("view") ?? undefined;
  return { page: "job", processId, channel: channel === "" ? undefined : channel, view };
}

/** The fragment that shows it, with its `#`: the address of a link. */
export function encodeRoute(route: Route): string {
  if (route.page === "jobs") return "#/";
  const { processId, channel, view } = route;
  const parts = ["p", processId, ...(channel === undefined ? [] : [channel])];
  const query = view === undefined ? "" : `?view=${encodeURIComponent(view)}`;
  return `#/${parts.map(encodeURIComponent).join("/")}${query}`;
}

function decodePart(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
