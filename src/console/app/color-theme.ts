import { effect, signal } from "@preact/signals";

export const colorThemes = ["system", "light", "dark"] as const;
export type ColorTheme = (typeof colorThemes)[number];

const storageKey = "jobwire.theme";

/** As the person has chosen in this browser. */
export const colorTheme = signal<ColorTheme>(readTheme());

effect(() => {
  const { value } = colorTheme;
  const { dataset } = document.documentElement;
  if (value === "system") delete dataset.theme;
  else dataset.theme = value;
  localStorage.setItem(storageKey, value);
});

function readTheme(): ColorTheme {
  const kept = localStorage.getItem(storageKey);
  return colorThemes.find((theme) => theme === kept) ?? "system";
}
