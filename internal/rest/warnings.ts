/** Characters of all texts of one answer together; beyond them each is cut. Both as kube-apiserver's recorder has them. */
const MAX_TOTAL = 4 * 1024;
const MAX_ITEM = 256;

// oxlint-disable-next-line no-control-regex -- control characters are what is being removed
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** At most `max` characters, whole ones. */
function cut(text: string, max: number): string {
  // A character is at most two units: only that much of a long text is looked at.
  return Array.from(text.slice(0, 2 * max + 1))
    .slice(0, max)
    .join('');
}
/** Characters of a text, as far as they matter. */
const lengthOf = (text: string): number => (text.length > 2 * MAX_TOTAL ? MAX_TOTAL + 1 : Array.from(text).length);

/** The value of one Warning header: an HTTP quoted-string. What cannot stand in a header line becomes a blank. */
const header = (text: string): string => `299 - "${text.replace(CONTROL, ' ').replace(/["\\]/g, '\\$&')}"`;

/** Warnings of many objects for one answer: no more are kept than `warningHeaders` can tell of. */
export class GatheredWarnings {
  readonly #texts = new Set<string>();
  /** Of the texts, each cut: no fewer are told. */
  #characters = 0;

  add(texts: readonly string[]): void {
    for (const whole of texts) {
      if (this.#characters > MAX_TOTAL) return;
      // A longer text is told as one of this length would be.
      const text = whole.slice(0, 2 * MAX_TOTAL + 1);
      if (text === '' || this.#texts.has(text)) continue;
      this.#texts.add(text);
      // A character is at most two units.
      this.#characters += Math.min(text.length / 2, MAX_ITEM);
    }
  }

  get texts(): string[] {
    return [...this.#texts];
  }
}

/**
 * The Warning headers of an answer (k8s.io/apiserver's warning recorder): each text once, none that is
 * empty. When the texts have more than 4,096 characters together each is cut to 256; those up to the one that was too much
 * are told in any case, and others until 4,096 are reached again.
 */
export function warningHeaders(texts: readonly string[]): string[] {
  const told = new Set<string>();
  let total = 0;
  for (const text of texts) {
    if (text === '' || told.has(text)) continue;
    told.add(text);
    total += lengthOf(text);
    if (total > MAX_TOTAL) return cutHeaders(texts, told.size);
  }
  return [...told].map(header);
}

/** `recorded`: as many were told when it became too much, and are told again. */
function cutHeaders(texts: readonly string[], recorded: number): string[] {
  const told = new Set<string>();
  const out: string[] = [];
  let total = 0;
  for (const text of texts) {
    if (total >= MAX_TOTAL && told.size >= recorded) break;
    if (text === '' || told.has(text)) continue;
    told.add(text);
    const short = cut(text, MAX_ITEM);
    total += lengthOf(short);
    out.push(header(short));
  }
  return out;
}
