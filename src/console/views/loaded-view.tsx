import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { TextView } from "./text/text-view.tsx";
import type { ViewName } from "./view-names.ts";
import type { ViewProps } from "./view-props.ts";

type View = ComponentType<ViewProps>;

/** Text is what most look at; the others are loaded when somebody does. */
const loaders: Readonly<Record<Exclude<ViewName, "text">, () => Promise<View>>> = {
  terminal: async () => (await import("./terminal/terminal-view.tsx")).TerminalView,
  chat: async () => (await import("./chat/chat-view.tsx")).ChatView,
  progress: async () => (await import("./progress/progress-view.tsx")).ProgressView,
  json: async () => (await import("./json/json-view.tsx")).JsonView,
  hex: async () => (await import("./hex/hex-view.tsx")).HexView,
};

/** The view of this name. */
export function LoadedView({ name, ...props }: ViewProps & { readonly name: ViewName }) {
  return name === "text" ? <TextView {...props} /> : <LazyView load={loaders[name]} {...props} />;
}

/** What is asked for after an update of the server may be gone from there: only a reload gets the new one. */
function LazyView({ load, ...props }: ViewProps & { readonly load: () => Promise<View> }) {
  const [loaded, setLoaded] = useState<{ readonly View?: View }>();
  useEffect(() => {
    load().then(
      (View) => setLoaded({ View }),
      () => setLoaded({}),
    );
  }, [load]);
  if (loaded === undefined) return <p class="view-loading">Loading …</p>;
  if (loaded.View !== undefined) return <loaded.View {...props} />;
  return (
    <p class="view-loading" role="alert">
      This view could not be loaded.{" "}
      <button class="button" type="button" onClick={() => location.reload()}>
        Reload the page
      </button>
    </p>
  );
}
