import { computed } from "@preact/signals";
import { session } from "../app/session.ts";

/** Somebody with a share link: does not act, and types only where the link is for that. */
export const isReader = computed(() => {
  const { value } = session;
  return value.kind === "in" && value.grantProcessId !== undefined;
});
