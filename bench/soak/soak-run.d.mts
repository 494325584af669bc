export interface SoakSettings {
  readonly seconds: number;
  /** Entries, over all channels. */
  readonly perSecond: number;
  readonly channels?: number;
  /** Readers that come and leave at a time: so many from the oldest entry, and as many from now. */
  readonly visitors?: number;
  readonly maxLogBytes?: number;
  readonly segmentBytes?: number;
  readonly sampleMs?: number;
}

export interface SoakSample {
  readonly second: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly diskBytes: number;
}

export interface SoakRun {
  readonly samples: readonly SoakSample[];
  /** Entries of each channel. */
  readonly written: Readonly<Record<string, number>>;
  readonly writersCut: number;
  readonly counts: {
    readonly delivered: number;
    readonly missing: number;
    readonly repeated: number;
    readonly wrong: number;
    readonly skipped: number;
    readonly gaps: number;
    readonly overtaken: number;
    readonly unexpectedGaps: readonly string[];
    readonly opened: number;
    readonly cut: number;
    readonly longestPauseMs: number;
  };
  readonly failures: readonly string[];
}

export function runSoak(settings: SoakSettings): Promise<SoakRun>;

export function judgeSoakMemory(samples: readonly SoakSample[]): readonly {
  readonly unit: string;
  readonly meanBytes: number;
  readonly grownBytes: number;
  readonly allowedBytes: number;
  readonly isFlat: boolean;
}[];

export function judgeSoakDisk(
  samples: readonly SoakSample[],
  settings?: Pick<SoakSettings, "channels" | "maxLogBytes" | "segmentBytes">,
): {
  readonly mostBytes: number;
  readonly allowedBytes: number;
  readonly isBounded: boolean;
};
