/** Forms in which a channel can be looked at, in the order in which they are offered. */
export const viewNames = ["text"] as const;
export type ViewName = (typeof viewNames)[number];

export const viewLabels: Readonly<Record<ViewName, string>> = {
  text: "Text",
};

export function isViewName(name: string): name is ViewName {
  return (viewNames as readonly string[]).includes(name);
}
