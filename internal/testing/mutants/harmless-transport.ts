import type { Argued } from './harmless.js';

const argued = (file: string, why: string, text: string, ...replacements: readonly string[]): Argued[] =>
  replacements.map((replacement) => ({ file: `internal/transport/${file}`, text, replacement, why }));

/** Of `transport`, beside those in harmless-consensus.ts. */
export const HARMLESS_TRANSPORT: readonly Argued[] = [
  ...argued(
    'address.ts',
    'an address has no bracket elsewhere',
    "return { host: address.slice(0, at).replace(/^\\[|\\]$/g, ''), port: Number(address.slice(at + 1)) };",
    '/\\[|\\]$/g',
    '/^\\[|\\]/g',
  ),
  ...argued(
    'metadata.ts',
    'what is undefined is read as none',
    "if (self.address !== undefined) metadata.set('quorate-address', self.address);",
    'true',
  ),
  ...argued(
    'metadata.ts',
    'what is no number is read as none',
    "if (self.logVersion !== undefined) metadata.set('quorate-log-version', String(self.logVersion));",
    'true',
  ),
  ...argued(
    'metadata.ts',
    'no version is 0',
    'logVersion: Number.isSafeInteger(logVersion) && logVersion > 0 ? logVersion : 0,',
    'logVersion >= 0',
  ),
  ...argued(
    'metadata.ts',
    'a text that is split has a first part',
    "const [boots = '', id = ''] = start.split(':');",
    '"Stryker was here!"',
  ),
  ...argued('link.ts', 'said anew before anything is written', '#blocked = false;', 'true'),
  ...argued('link.ts', 'no member gives this reason', "#refusal = '';", '"Stryker was here!"'),
  ...argued(
    'link.ts',
    'the queue is bounded, and a link that is closed has no stream that takes from it',
    'if (this.#closed) return;',
    'false',
  ),
  ...argued(
    'link.ts',
    'a link that is up, and not closed, has a stream',
    'if (stream === undefined || !this.#up) return;',
    'false',
  ),
  ...argued(
    'link.ts',
    'an empty queue gives nothing, which ends the loop',
    'while (this.#queue.length > 0 && !this.#blocked) {',
    'true',
    'this.#queue.length >= 0',
  ),
  ...argued('link.ts', 'the loop ends when the queue is empty', 'if (payload === undefined) return;', 'false'),
  ...argued(
    'link.ts',
    'the timer is cleared when the stream is up, and when it closes',
    'if (this.#stream !== stream || this.#up || this.#closed) return;',
    '(this.#stream !== stream || this.#up) && this.#closed',
    'this.#stream !== stream && this.#up',
  ),
  ...argued(
    'link.ts',
    'beyond the last it is 200 ms as well',
    'const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)] ?? 200;',
    'RETRY_MS.length + 1',
  ),
  ...argued(
    'link.ts',
    'its timeout ends it, half a second later',
    "socket.on('connect', () => socket.destroy());",
    '""',
    '() => undefined',
  ),
  ...argued(
    'call.ts',
    'who has no error has an answer',
    'else resolve(answer?.payload ?? Buffer.alloc(0));',
    'answer.payload',
  ),
  ...argued(
    'transport.ts',
    'the wait for room ends with the call, too',
    '() => (over = true),',
    // Of the second of the two, which is for a call that failed; a test notices the same of the first.
    '() => undefined',
    'false',
  ),
  ...argued(
    'transport.ts',
    'grpc-js ends the stream itself when it is told of an error',
    "call.on('error', () => call.end());",
    '""',
    '() => undefined',
  ),
  ...argued(
    'transport.ts',
    'who takes a snapshot counts its chunks; the sender reads no answer any more',
    "if (call.cancelled) throw new Error('the sender gave up');",
    'false',
    '""',
  ),
];
