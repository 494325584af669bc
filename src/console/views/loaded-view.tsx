import { ChatView } from "./chat/chat-view.tsx";
import { HexView } from "./hex/hex-view.tsx";
import { JsonView } from "./json/json-view.tsx";
import { ProgressView } from "./progress/progress-view.tsx";
import { TextView } from "./text/text-view.tsx";
import type { ViewName } from "./view-names.ts";
import type { ViewProps } from "./view-props.ts";

/** The view of this name. */
export function LoadedView({ name, ...props }: ViewProps & { readonly name: ViewName }) {
  switch (name) {
    case "text":
      return <TextView {...props} />;
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
