import { type CorruptRecordError, MissingRowsError } from '../store/rows.js';
import { messageOf } from '../store/lmdb.js';
import type { LogLevel } from './config.js';

/** Keys of damaged records that are remembered, so that each is told of once. */
const KEYS_MAX = 1_000;

export interface DamageOptions {
  /** Has the cluster other voters, which hold what is damaged here? */
  readonly hasOthers: () => boolean;
  /** Notes on disk that the state is to be replaced at the next start. */
  readonly wantCopy: () => Promise<void>;
  readonly say: (level: LogLevel, text: string) => void;
}

/**
 * The damaged records that this replica has come across. They are left out of what it serves, and told by key; where
 * others hold the same state whole, this one is to be started again, and then takes a copy.
 */
export class Damage {
  readonly #options: DamageOptions;
  readonly #keys = new Set<string>();
  #wanted: Promise<void> | undefined;

  constructor(options: DamageOptions) {
    this.#options = options;
  }

  /** How many records; at most 1,000 are counted. */
  get records(): number {
    return this.#keys.size;
  }

  /** What is to be done about it, while others hold what is damaged here; undefined when nothing can or need be. */
  get failure(): string | undefined {
    if (this.#keys.size === 0 || !this.#options.hasOthers()) return undefined;
    return `${this.#keys.size} damaged records were found in the state of this replica. ${REMEDY}`;
  }

  /** Resolves when it is noted on disk that a copy is wanted, if it is. */
  async settled(): Promise<void> {
    await this.#wanted;
  }

  note(error: CorruptRecordError): void {
    const name = `${error.table}/${error.key}`;
    if (this.#keys.has(name) || this.#keys.size >= KEYS_MAX) return;
    this.#keys.add(name);
    const { hasOthers, say, wantCopy } = this.#options;
    const alone =
      error instanceof MissingRowsError
        ? 'Restore this replica from a backup.'
        : 'It is left out of lists until it is written or deleted, or restored from a backup.';
    const remedy = hasOthers() ? REMEDY : alone;
    say('error', `${error.message}. ${remedy}`);
    if (!hasOthers()) return;
    this.#wanted ??= wantCopy().catch((failure: unknown) => say('error', messageOf(failure)));
  }
}

const REMEDY = 'Start this replica again: it will take a copy of the state from the leader.';
