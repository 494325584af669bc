// Control characters move the cursor, ring and repaint; direction marks and separators make a name
// look like another one. Lone surrogates are not characters.
const unsafe =
  /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}|[\u{e0000}-\u{e0fff}]/gu;

const named: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\u001b": "\\e",
};

/** Text of others, made harmless for a terminal; what was there stays recognisable. */
export function escapeText(text: string): string {
  return text.replace(
    unsafe,
    (character) => named[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Escaped and cut to a width, with a mark where something is missing. */
export function fitText(text: string, charactersMax: number): string {
  const characters = Array.from(escapeText(text));
  if (characters.length <= charactersMax) return characters.join("");
  return `${characters.slice(0, charactersMax - 1).join("")}…`;
}

/** Columns as wide as their widest cell; the last one is not padded. Cells must be escaped already. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach(
      (cell, column) => (widths[column] = Math.max(widths[column] ?? 0, Array.from(cell).length)),
    );
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) => padCell(cell, column === row.length - 1 ? 0 : (widths[column] ?? 0)))
        .join("  "),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

function padCell(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - Array.from(cell).length));
}

/** An age for people: `12s`, `3m`, `5h`, `2d`. */
export function formatAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Bytes for people: `17 B`, `1.5 KiB`, `256 MiB`. */
export function formatBytes(bytes: number): string {
  const power = Math.min(byteUnits.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1024 ** power;
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${byteUnits[power] ?? ""}`;
}
