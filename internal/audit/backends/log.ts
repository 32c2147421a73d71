import { errorText } from '../../machinery/log.js';
import { eventJson, eventLine } from '../event-text.js';
import type { AuditMetrics } from '../metrics.js';
import type { AuditBackend, AuditEvent } from '../types.js';

export type LogFormat = 'json' | 'legacy';

/** Where lines go, in the order in which they come: a LogFile, or standard output. */
export interface LogWriter {
  /** Text that may wait is written with what comes soon after it. */
  write(text: string, mayWait?: boolean): Promise<void>;
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
 * False when any was lost.
 */
export function logBackend(writer: LogWriter, format: LogFormat, metrics: AuditMetrics): LogBackend {
  const lost = (why: string, event: AuditEvent): false => {
    metrics.lost('log', why, [event]);
    return false;
  };
  // What is written together is told together: one promise for all of it.
  let together: { written: Promise<void>; events: AuditEvent[]; told: Promise<boolean> } | undefined;
  const toldWith = (written: Promise<void>, event: AuditEvent): Promise<boolean> => {
    if (together?.written === written) {
      together.events.push(event);
      return together.told;
    }
    const events = [event];
    const failed = (error: unknown): false => {
      metrics.lost('log', errorText(error), events);
      return false;
    };
    together = { written, events, told: written.then(() => true, failed) };
    return together.told;
  };
  const one = (event: AuditEvent, mayWait: boolean): boolean | Promise<boolean> => {
    if (format === 'json' && event.unencodable !== undefined) return lost(event.unencodable, event);
    const line = format === 'json' ? eventJson(event) : eventLine(event);
    return toldWith(writer.write(`${line}\n`, mayWait), event);
  };
  return {
    processEvents(events, mayWait = false) {
      const [only] = events;
      if (only !== undefined && events.length === 1) return one(only, mayWait);
      return Promise.all(events.map((event) => Promise.resolve(one(event, mayWait)))).then((results) =>
        results.every((ok) => ok),
      );
    },
    keepsUp: () => writer.keepsUp?.() === true,
    shutdown: () => writer.close(),
  };
}

/** Standard output as a place for lines. */
export function standardOutput(stream: NodeJS.WritableStream = process.stdout): LogWriter {
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => (error === null || error === undefined ? resolve() : reject(error)));
      }),
    close: () => Promise.resolve(),
  };
}
