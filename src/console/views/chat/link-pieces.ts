import { webAddress } from "../text/text-style.ts";

export interface LinkPiece {
  readonly text: string;
  readonly link?: string;
}

const addressForm = /https?:\/\/[^\s<>"'`]+/g;
const afterAddress = /[.,;:!?)\]}]+$/;
const linksMax = 200;

/** Text with the addresses in it that lead into the web; what stands behind one as in a sentence is not of it. */
export function linkPieces(text: string): LinkPiece[] {
  const pieces: LinkPiece[] = [];
  let at = 0;
  let links = 0;
  for (const { 0: found, index } of text.matchAll(addressForm)) {
    const address = found.replace(afterAddress, "");
    const link = webAddress(address);
    if (link === undefined || links++ >= linksMax) continue;
    if (index > at) pieces.push({ text: text.slice(at, index) });
    pieces.push({ text: address, link });
    at = index + address.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}
