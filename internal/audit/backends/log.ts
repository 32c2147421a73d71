import { addEventJson, eventLine } from '../event-text.js';
import type { AuditMetrics } from '../metrics.js';
import type { TextBytes } from '../text-bytes.js';
import type { AuditBackend, AuditEvent } from '../types.js';
import { GatheredLines } from './gathered-lines.js';

export type LogFormat = 'json' | 'legacy';

/** Where lines go, in the order in which they come: a LogFile, or standard output. */
export interface LogWriter {
  /** Resolves when these lines, of which each ends with a line's end, are written. They may change when it has returned. */
  write(lines: Uint8Array): Promise<void>;
  /** Whether what waits is written as quickly as usual; undefined where nobody can tell. */
  keepsUp?(): boolean;
  close(): Promise<void>;
}

export interface LogBackend extends AuditBackend {
  /** Whether events are written as quickly as usual, in the order in which they come. */
  keepsUp(): boolean;
}

/**
 * Writes each event as a line (apiserver's log backend). Events that cannot be encoded are lost, the others are written.
 * False when any was lost, or any that was written together with these.
 */
export function logBackend(writer: LogWriter, format: LogFormat, metrics: AuditMetrics): LogBackend {
  const addLegacy = (out: TextBytes, event: AuditEvent): void => out.addText(eventLine(event));
  const lines = new GatheredLines(writer, format === 'json' ? addEventJson : addLegacy, metrics);
  const one = (event: AuditEvent, mayWait: boolean): boolean | Promise<boolean> => {
    if (format === 'json' && event.unencodable !== undefined) {
      metrics.lost('log', event.unencodable, [event]);
      return false;
    }
    return lines.add(event, mayWait);
  };
  return {
    processEvents(events, mayWait = false) {
      const [only] = events;
      if (only !== undefined && events.length === 1) return one(only, mayWait);
      // Most have the same promise.
      const results = new Set(events.map((event) => one(event, mayWait)));
      return Promise.all([...results].map((result) => Promise.resolve(result))).then((all) => all.every((ok) => ok));
    },
    keepsUp: () => writer.keepsUp?.() === true,
    shutdown: () => lines.close(),
  };
}

/** Standard output as a place for lines. */
export function standardOutput(stream: NodeJS.WritableStream = process.stdout): LogWriter {
  return {
    write: (lines) =>
      new Promise((resolve, reject) => {
        stream.write(Buffer.from(lines), (error) =>
          error === null || error === undefined ? resolve() : reject(error),
        );
      }),
    close: () => Promise.resolve(),
  };
}
