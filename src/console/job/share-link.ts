/** The address that opens a job for whoever has it. The server never sees what stands behind the #. */
export function shareLink(
  page: string,
  { grant, processId, channel }: { grant: string; processId: string; channel?: string | undefined },
): string {
  const fragment = new URLSearchParams({ grant, ops: "read", process: processId });
  if (channel !== undefined) fragment.set("channel", channel);
  const url = new URL(".", page);
  url.hash = fragment.toString();
  return url.href;
}
