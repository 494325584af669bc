const steps = [0, 95, 135, 175, 215, 255];

/** CSS of one of the 256 colours; the first 16 are those of the theme. */
export function paletteColor(index: number): string {
  if (index < 16) return `var(--ansi-${index})`;
  if (index >= 232) {
    const gray = 8 + (index - 232) * 10;
    return `rgb(${gray} ${gray} ${gray})`;
  }
  const cube = index - 16;
  const [red, green, blue] = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(
    (step) => steps[step] ?? 0,
  );
  return `rgb(${red} ${green} ${blue})`;
}
