const rowBytes = 16;

export interface HexRow {
  /** Of its first byte, with eight digits. */
  readonly offset: string;
  readonly hex: string;
  /** What is no printable ASCII is a dot. */
  readonly text: string;
}

/** The first rows of bytes. */
export function hexRows(bytes: Uint8Array, rowsMax: number): HexRow[] {
  const rows: HexRow[] = [];
  for (let at = 0; at < bytes.length && rows.length < rowsMax; at += rowBytes) {
    const row = [...bytes.subarray(at, at + rowBytes)];
    const digits = row.map((byte) => byte.toString(16).padStart(2, "0"));
    rows.push({
      offset: at.toString(16).padStart(8, "0"),
      hex: [digits.slice(0, 8).join(" "), digits.slice(8).join(" ")].join("  ").trimEnd(),
      text: row
        .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·"))
        .join(""),
    });
  }
  return rows;
}
