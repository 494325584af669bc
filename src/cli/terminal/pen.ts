import { defaultAttributes, isProtected, renditionText, sameRendition } from "./cell-attributes.ts";
import type { Attributes, LinkService } from "./terminal-insides.ts";

/** Which attributes a terminal writes with, while text for it is put together. */
export class Pen {
  readonly #links: LinkService | undefined;
  #rendition: Attributes = defaultAttributes;
  #link = "";

  /** Without `links`, text has none, and nothing is protected: for the eyes only. */
  constructor(links?: LinkService) {
    this.#links = links;
  }

  /** What to write for the attributes to be these. */
  take(attributes: Attributes): string {
    const link = this.#linkText(attributes.extended.urlId);
    if (link === this.#link && sameRendition(attributes, this.#rendition)) return "";
    let text = `\u001b[m${renditionText(attributes)}`;
    if (this.#links !== undefined) {
      if (isProtected(attributes)) text += '\u001b[1"q';
      else if (isProtected(this.#rendition)) text += '\u001b[0"q';
      if (link !== this.#link) text += link === "" ? "\u001b]8;;\u001b\\" : link;
    }
    const { fg, bg, extended } = attributes;
    this.#rendition = { fg, bg, extended };
    this.#link = link;
    return text;
  }

  #linkText(urlId: number): string {
    const link = urlId === 0 ? undefined : this.#links?.getLinkData(urlId);
    if (link === undefined) return "";
    return `\u001b]8;${link.id === undefined ? "" : `id=${link.id}`};${link.uri}\u001b\\`;
  }
}
