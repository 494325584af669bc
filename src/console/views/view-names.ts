/** Forms in which a channel can be looked at, in the order in which they are offered. */
export const viewNames = ["text", "terminal", "chat", "progress", "json", "hex"] as const;
export type ViewName = (typeof viewNames)[number];

export const viewLabels: Readonly<Record<ViewName, string>> = {
  ...{
    text: "Text",
    terminal: "Terminal",
    chat: "Chat",
    progress: "Progress",
    json: "JSON",
    hex: "Hex",
  },
};

export function isViewName(name: string): name is ViewName {
  return (viewNames as readonly string[]).includes(name);
}
