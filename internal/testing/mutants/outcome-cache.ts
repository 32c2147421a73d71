import fs from 'node:fs';
import path from 'node:path';

/** What a test file said of one break, or without any. */
export interface Remembered {
  /** The test that failed; null when none did. */
  readonly failure: string | null;
  readonly ms: number;
  /** Of a run without a break: each break that was asked for, by `keyOf`, and whether the file reaches it. */
  readonly reached?: Readonly<Record<string, boolean>>;
}

/** Bytes of the file, some 20,000 outcomes of which take 5 MB; one that is larger is begun anew. */
const BYTES_MAX = 20_000_000;

/**
 * Outcomes of earlier runs, on disk, each under the fingerprint of all that it depends on: what is remembered is what a new
 * run would say. What the clock decided is not to be remembered. A second run of the tool at a time does no harm.
 */
export class OutcomeCache {
  readonly #file: string;
  readonly #known = new Map<string, Remembered>();

  /** Reads what `file` holds; a line that was cut short is left out. */
  constructor(file: string) {
    this.#file = file;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (!fs.existsSync(file)) return;
    if (fs.statSync(file).size > BYTES_MAX) {
      fs.rmSync(file);
      return;
    }
    for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
      const entry = parsed(line);
      if (entry !== undefined) this.#known.set(entry.key, entry);
    }
  }

  /** What is known of a test file with this fingerprint and the break of this key, '' for none. */
  get(fingerprint: string, key: string): Remembered | undefined {
    return this.#known.get(`${fingerprint} ${key}`);
  }

  /** Remembers it, on disk as well. */
  set(fingerprint: string, key: string, outcome: Remembered): void {
    const entry = { key: `${fingerprint} ${key}`, ...outcome };
    this.#known.set(entry.key, entry);
    // A line that was cut short is not to take the next one with it.
    fs.appendFileSync(this.#file, `\n${JSON.stringify(entry)}`);
  }
}

function parsed(line: string): (Remembered & { readonly key: string }) | undefined {
  if (!line.startsWith('{') || !line.endsWith('}')) return undefined;
  try {
    return JSON.parse(line) as Remembered & { readonly key: string };
  } catch (error) {
    // Two runs may have written at once: what is lost is run again.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
