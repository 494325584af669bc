import { signal } from "@preact/signals";

/** In pixels, as jobs.css has them. */
interface RowHeights {
  readonly rowHeight: number;
  readonly headHeight: number;
}

const wide: RowHeights = { rowHeight: 44, headHeight: 33 };
/** On a phone a row has two lines, and the head is for screen readers only. */
const narrow: RowHeights = { rowHeight: 64, headHeight: 0 };

const isNarrow = matchMedia("(max-width: 760px)");
const heights = signal(heightsNow());
isNarrow.addEventListener("change", () => (heights.value = heightsNow()));

function heightsNow(): RowHeights {
  return isNarrow.matches ? narrow : wide;
}

/** Redraws who calls it when the page becomes narrow or wide. */
export function useRowHeights(): RowHeights {
  return heights.value;
}
