const storageKey = "jobwire.reloadedAt";
/** Within it a second reload would not help: what is missing is missing for another reason. */
const reloadRestMs = 60_000;

/**
 * Parts of the page that are loaded later have other names once the server is a newer one: the page begins anew
 * with that one's. The session, and the place, are there again after it.
 */
export function reloadWhenStale(): void {
  // Vite's event for a part that could not be loaded.
  addEventListener("vite:preloadError", (event) => {
    const reloadedAt = Number(sessionStorage.getItem(storageKey) ?? 0);
    if (Date.now() - reloadedAt < reloadRestMs || !navigator.onLine) return;
    event.preventDefault();
    sessionStorage.setItem(storageKey, String(Date.now()));
    location.reload();
  });
}
