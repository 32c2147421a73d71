import type { ConfChange } from '../types.js';
import { InvariantError } from '../invariant.js';

const VERSION = 1;

/** The data of a `confChange` entry. Carries its own format version: entries outlive releases. */
export function encodeConfChange(change: ConfChange): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ v: VERSION, ...change }));
}

/** Reads the data of a committed `confChange` entry. Throws InvariantError on data that no release of ours wrote. */
export function decodeConfChange(data: Uint8Array): ConfChange {
  const parsed = JSON.parse(new TextDecoder().decode(data)) as ConfChange & { v: number };
  if (parsed.v !== VERSION) throw new InvariantError(`membership change of unknown format version ${parsed.v}`);
  return { transition: parsed.transition, steps: parsed.steps, context: parsed.context };
}
