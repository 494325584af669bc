import { Cell, type Link, type TerminalInsides } from "./terminal-insides.ts";

/** Links in memory before the first search for those that have left the screen: a search reads every cell. */
const linksMax = 4096;

/** Keeps links while a cell has them. The terminal itself forgets one with the line on which it began. */
export function keepLinks(insides: TerminalInsides): void {
  const service = insides._oscLinkService;
  const links = new Map<number, Link>();
  const ids = new Map<string, number>();
  let lastId = 0;
  let forgetAt = linksMax;
  service.addLineToLink = () => undefined;
  service.getLinkData = (id) => links.get(id);
  service.registerLink = (link) => {
    const key = JSON.stringify([link.id ?? null, link.uri]);
    const known = ids.get(key);
    if (known !== undefined) return known;
    if (links.size >= forgetAt) {
      forgetUnused();
      forgetAt = 2 * links.size + linksMax;
    }
    links.set(++lastId, link);
    ids.set(key, lastId);
    return lastId;
  };

  function forgetUnused(): void {
    const used = usedLinks(insides);
    for (const [key, id] of ids) {
      if (used.has(id)) continue;
      ids.delete(key);
      links.delete(id);
    }
  }
}

function usedLinks(insides: TerminalInsides): ReadonlySet<number> {
  const used = new Set([insides._inputHandler._curAttrData.extended.urlId]);
  const cell = new Cell();
  const { normal, alt } = insides._bufferService.buffers;
  for (const { lines } of [normal, alt]) {
    for (let row = 0; row < lines.length; row++) {
      const line = lines.get(row);
      for (let column = 0; line !== undefined && column < line.length; column++)
        used.add(cell.load(line, column).extended.urlId);
    }
  }
  return used;
}
