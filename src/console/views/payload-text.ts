const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
// Controls but for tabs and line feeds, and what turns the direction of the text around it.
const hiddenForm = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A payload as text for people; what cannot be shown is left out, what is no UTF-8 becomes U+FFFD. */
export function textOfPayload(payload: Uint8Array, charactersMax = Infinity): string {
  const bytes = payload.subarray(0, Math.min(payload.length, charactersMax * 4));
  return cleanText(decoder.decode(bytes)).slice(0, charactersMax);
}

export function cleanText(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(hiddenForm, "");
}
