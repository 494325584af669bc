/** Gives a file to the person, as a download. */
export function saveAs(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the bytes once it has begun, which it does in this turn.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
