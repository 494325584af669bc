import { useLayoutEffect, useState } from "preact/hooks";
import type { RefObject } from "preact";

export interface Cells {
  readonly columns: number;
  /** Pixels of the lines. */
  readonly width: number;
  readonly rowHeight: number;
}

const sampleLength = 100;

/** How many characters fit beside each other, as long as the page has this size. */
export function useCells(scroll: RefObject<HTMLElement | null>, showsTimes: boolean): Cells {
  const [cells, setCells] = useState<Cells>({ columns: 80, width: 800, rowHeight: 20 });
  useLayoutEffect(() => {
    const element = scroll.current;
    if (element === null) return;
    const measure = (): void => {
      const sample = document.createElement("span");
      sample.className = "text-sample";
      sample.textContent = "0".repeat(sampleLength);
      element.append(sample);
      const { width: sampleWidth, height } = sample.getBoundingClientRect();
      sample.remove();
      const style = getComputedStyle(element);
      const padding = Number.parseFloat(style.getPropertyValue("--text-padding")) * 2;
      const gutter = showsTimes ? Number.parseFloat(style.getPropertyValue("--text-gutter")) : 0;
      const width = element.clientWidth;
      const cell = sampleWidth / sampleLength;
      const columns = Math.max(1, Math.floor((width - padding - gutter) / cell));
      setCells((before) =>
        before.columns === columns && before.width === width && before.rowHeight === height
          ? before
          : { columns, width, rowHeight: height },
      );
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [showsTimes]);
  return cells;
}
