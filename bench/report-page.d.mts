/** What a part of the suite found, as run.mjs has it. */
export interface FoundPart {
  readonly name: string;
  readonly isQuick: boolean;
  readonly conditions: {
    readonly startedAt: string;
    readonly node: string;
    readonly system: string;
    readonly processors: number;
    readonly processor: string;
    readonly load: number;
  };
  readonly tables: readonly {
    readonly title: string;
    readonly header: readonly string[];
    readonly rows: readonly (readonly string[])[];
  }[];
  readonly charts: readonly { readonly name: string; readonly title: string }[];
  readonly verdicts: readonly { readonly target: string; readonly met: boolean }[];
  readonly missingPeers: readonly string[];
}

export function renderPart(part: FoundPart): string;

export function replacePart(page: string, name: string, text: string): string;
