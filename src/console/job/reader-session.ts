import { computed } from "@preact/signals";
import { session } from "../app/session.ts";

/** Somebody with a share link: looks, and neither types nor acts. */
export const isReader = computed(() => {
  const { value } = session;
  return value.kind === "in" && value.grantProcessId !== undefined;
});
