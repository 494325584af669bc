import { useEffect, useState } from "preact/hooks";
import { ChatView } from "./chat/chat-view.tsx";
import { HexView } from "./hex/hex-view.tsx";
import { JsonView } from "./json/json-view.tsx";
import { ProgressView } from "./progress/progress-view.tsx";
import type { TerminalView } from "./terminal/terminal-view.tsx";
import { TextView } from "./text/text-view.tsx";
import type { ViewName } from "./view-names.ts";
import type { ViewProps } from "./view-props.ts";

/** The view of this name. */
export function LoadedView({ name, ...props }: ViewProps & { readonly name: ViewName }) {
  switch (name) {
    case "text":
      return <TextView {...props} />;
    case "terminal":
      return <LazyTerminal {...props} />;
    case "chat":
      return <ChatView {...props} />;
    case "progress":
      return <ProgressView {...props} />;
    case "json":
      return <JsonView {...props} />;
    case "hex":
      return <HexView {...props} />;
  }
}

/** What draws terminals is larger than all the rest: it is loaded for who looks at one. */
function LazyTerminal(props: ViewProps) {
  const [loaded, setLoaded] = useState<{ readonly View: typeof TerminalView }>();
  useEffect(() => {
    void import("./terminal/terminal-view.tsx").then(({ TerminalView: View }) =>
      setLoaded({ View }),
    );
  }, []);
  if (loaded === undefined) return <p class="view-loading">Loading …</p>;
  return <loaded.View {...props} />;
}
