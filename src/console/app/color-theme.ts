import { effect, signal } from "@preact/signals";

export const colorThemes = ["system", "light", "dark"] as const;
export type ColorTheme = (typeof colorThemes)[number];

const storageKey = "jobwire.theme";

/** As the person has chosen in this browser. */
export const colorTheme = signal<ColorTheme>(readTheme());

const lightSystem = matchMedia("(prefers-color-scheme: light)");
const isSystemLight = signal(lightSystem.matches);
lightSystem.addEventListener("change", ({ matches }) => (isSystemLight.value = matches));

effect(() => localStorage.setItem(storageKey, colorTheme.value));
// What the page has is one attribute, whoever has chosen it: for styles, and for what draws its colours itself.
effect(() => {
  const { value } = colorTheme;
  const system = isSystemLight.value ? "light" : "dark";
  document.documentElement.dataset.theme = value === "system" ? system : value;
});

function readTheme(): ColorTheme {
  const kept = localStorage.getItem(storageKey);
  return colorThemes.find((theme) => theme === kept) ?? "system";
}
