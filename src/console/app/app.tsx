import { useEffect, useRef } from "preact/hooks";
import { JobPage } from "../job/job-page.tsx";
import { JobsPage } from "../jobs/jobs-page.tsx";
import { Header } from "./header.tsx";
import type { Route } from "./route.ts";
import { route } from "./router.ts";
import { session, type SignedIn } from "./session.ts";
import { EnteringPage, SignInPage } from "./sign-in-page.tsx";

export function App() {
  const state = session.value;
  if (state.kind === "entering") return <EnteringPage />;
  // What is shown stays in the address: whoever signs in again is where he was.
  if (state.kind === "out") return <SignInPage state={state} />;
  return <Place user={state} shown={placeOf(state, route.value)} />;
}

/** A grant is for one process: wherever its holder goes, that is what is shown. */
function placeOf({ grantProcessId }: SignedIn, wanted: Route): Route {
  if (grantProcessId === undefined) return wanted;
  if (wanted.page === "job" && wanted.processId === grantProcessId) return wanted;
  return { page: "job", processId: grantProcessId };
}

function Place({ user, shown }: { readonly user: SignedIn; readonly shown: Route }) {
  const main = useRef<HTMLElement>(null);
  const key = shown.page === "jobs" ? "jobs" : `job ${shown.processId}`;
  const before = useRef(key);
  useEffect(() => {
    document.title = shown.page === "jobs" ? "Jobs · Jobwire" : `${shown.processId} · Jobwire`;
    // What had the focus is gone with the page before; a page that takes it itself has done so already.
    if (before.current !== key && !main.current?.contains(document.activeElement))
      main.current?.focus();
    before.current = key;
  }, [key]);
  return (
    <div class="app">
      <a class="app-skip button" href="#content" onClick={(event) => skip(event, main.current)}>
        Skip to the content
      </a>
      <Header user={user} shown={shown} />
      <main class="app-main" ref={main} tabIndex={-1}>
        {shown.page === "jobs" ? (
          <JobsPage wire={user.wire} />
        ) : (
          <JobPage
            key={key}
            wire={user.wire}
            processId={shown.processId}
            channel={shown.channel}
            view={shown.view}
          />
        )}
      </main>
    </div>
  );
}

/** The fragment is the route: it must not change. */
function skip(event: Event, main: HTMLElement | null): void {
  event.preventDefault();
  main?.focus();
}
