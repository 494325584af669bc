interface Titled {
  readonly name: string;
  readonly title: string;
}

export type Chart =
  | (Titled & {
      readonly kind: "bars";
      readonly series?: readonly string[];
      readonly bars: readonly { readonly name: string; readonly values: readonly number[] }[];
    })
  | (Titled & {
      readonly kind: "lines";
      readonly xLabel: string;
      readonly yLabel: string;
      readonly isLogarithmic?: boolean;
      readonly lines: readonly {
        readonly name: string;
        readonly points: readonly (readonly [x: number, y: number])[];
      }[];
    });

/** As SVG. */
export function drawChart(chart: Chart): string;
