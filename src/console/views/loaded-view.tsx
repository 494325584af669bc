import { TextView } from "./text/text-view.tsx";
import type { ViewName } from "./view-names.ts";
import type { ViewProps } from "./view-props.ts";

/** The view of this name. Those that are large are loaded when somebody looks. */
export function LoadedView({ name: _, ...props }: ViewProps & { readonly name: ViewName }) {
  return <TextView {...props} />;
}
