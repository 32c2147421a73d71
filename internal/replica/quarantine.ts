import { FatalError } from '../machinery/assert.js';
import { messageOf } from '../store/lmdb.js';
import type { CorruptRecordError } from '../store/rows.js';
import { DifferingStateError } from './verify.js';

/** How long the note of what is to be done at the next start may take. */
const NOTE_MS = 10_000;

export interface QuarantineOptions {
  /** Notes on disk that this replica is to take a copy of the state, for it differs as of a revision. */
  readonly noteDiffering: (revision: number) => Promise<void>;
  /** Notes a damaged record, and that a copy is wanted; resolves when that is on disk. */
  readonly noteDamage: (error: CorruptRecordError) => Promise<void>;
  /** The replica is to stop, and to be closed. */
  readonly onFatal: (error: FatalError) => void;
  readonly say: (level: 'error', text: string) => void;
}

/**
 * A state that must not be served any more: for what reason, and whether the disk knows that it is to be replaced at the next
 * start. A slow or full disk delays the note of that, and not that it is served no more.
 */
export class Quarantine {
  readonly #options: QuarantineOptions;
  #reason = '';
  #differs = false;
  #noted: Promise<void> | undefined;

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  /** Why the state is not to be served any more; '' while it is. */
  get reason(): string {
    return this.#reason;
  }
  /** Is the state known to be another than the others'? */
  get differs(): boolean {
    return this.#differs;
  }
  /** Is a note of it on its way to the disk, or there? */
  get isNoted(): boolean {
    return this.#noted !== undefined;
  }

  /** The state is not what the others have. */
  diverged(revision: number): void {
    // The leader goes on telling.
    if (this.#reason !== '') return;
    this.#reason =
      `the state of this replica differs from that of the others at revision ${revision}. It serves no more until it ` +
      'has taken a copy from the leader, which it does at its next start.';
    this.#differs = true;
    const { noteDiffering, onFatal, say } = this.#options;
    this.#noted = noteDiffering(revision);
    this.#noted.catch((error: unknown) => say('error', messageOf(error)));
    onFatal(new DifferingStateError(this.#reason));
  }

  /** The log cannot be applied any further with the state as it is. */
  halted(error: CorruptRecordError): void {
    if (this.#reason !== '') return;
    this.#reason =
      `${error.message}, and the log cannot be applied without it. This replica serves no more until it has taken a copy ` +
      'of the state from the leader, which it does at its next start.';
    const { noteDamage, onFatal } = this.#options;
    this.#noted = noteDamage(error);
    onFatal(new DifferingStateError(this.#reason));
  }

  /** Waits until it is on disk that a copy is wanted. Throws FatalError when that cannot be noted: then it would be forgotten. */
  async settle(): Promise<void> {
    if (this.#noted === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the disk did not take the note in time')), NOTE_MS);
    });
    try {
      await Promise.race([this.#noted, late]);
    } catch (error) {
      throw new FatalError(
        `${this.#reason} That could not be noted on disk (${messageOf(error)}): make space on it, or mend it, before ` +
          'this replica is started again.',
      );
    } finally {
      clearTimeout(timer);
    }
  }
}
