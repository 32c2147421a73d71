import { errorText } from '../../machinery/log.js';
import type { AuditMetrics } from '../metrics.js';
import { TextBytes } from '../text-bytes.js';
import type { AuditEvent } from '../types.js';
import type { LogWriter } from './log.js';

/** For how long events that nobody waits for may wait for others, to be written with them, milliseconds. */
const MAY_WAIT_MS = 10;
/** Bytes that are written at a time; a line that has more is written alone. */
const PIECE_BYTES = 32 * 1024;
/** What is written before its turn is over: so many events, or so many characters of bodies in them. */
export const LINES_AT_ONCE = 128;
const MAX_BODY_CHARS = 64 * 1024;

const LINE_END = Buffer.from('\n');

/** Events whose lines are made together. Who brought any of them is told by one promise. */
class Gathering {
  readonly events: AuditEvent[] = [];
  bodyChars = 0;
  tell: (isRecorded: boolean) => void = () => undefined;
  readonly told = new Promise<boolean>((tell) => {
    this.tell = tell;
  });
}

/**
 * Makes the lines of all events of one turn of the event loop when it ends, into one buffer, and has them written together,
 * in the order in which their events came. Where several answers are given at once, as to all whose writes are committed
 * together, it is done as soon as they are, so that they are not held up by what others want in this turn. Events that
 * nobody waits for go along with the next one that somebody waits for.
 */
export class GatheredLines {
  private gathering: Gathering | undefined;
  private isEndAwaited = false;
  /** Events that somebody waits for since the last callback of the event loop ended. */
  private together = 0;
  /** One for all: most gatherings are written before it is over, and it is only set anew for the next. */
  private timer: NodeJS.Timeout | undefined;
  private readonly out = new TextBytes();

  constructor(
    private readonly writer: LogWriter,
    private readonly addLine: (out: TextBytes, event: AuditEvent) => void,
    private readonly metrics: AuditMetrics,
  ) {}

  /** False when a line that was gathered with this one could not be written. An event with `mayWait` may wait for MAY_WAIT_MS. */
  add(event: AuditEvent, mayWait: boolean): Promise<boolean> {
    this.gathering ??= new Gathering();
    const { events, told } = this.gathering;
    events.push(event);
    this.gathering.bodyChars += (event.requestObject?.length ?? 0) + (event.responseObject?.length ?? 0);
    if (events.length >= LINES_AT_ONCE || this.gathering.bodyChars >= MAX_BODY_CHARS) this.write();
    else if (!mayWait) this.awaitOthers();
    else if (events.length === 1) this.startTimer();
    return told;
  }

  /** Has all that waits written, and closes the writer. */
  close(): Promise<void> {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    this.write();
    return this.writer.close();
  }

  private awaitOthers(): void {
    if (this.together++ > 0) return;
    process.nextTick(() => {
      const { together } = this;
      this.together = 0;
      if (together > 1) this.write();
      else this.awaitEnd();
    });
  }

  private awaitEnd(): void {
    if (this.isEndAwaited) return;
    this.isEndAwaited = true;
    setImmediate(() => {
      this.isEndAwaited = false;
      this.write();
    });
  }

  private startTimer(): void {
    if (this.timer === undefined) this.timer = setTimeout(() => this.write(), MAY_WAIT_MS);
    else this.timer.refresh();
  }

  private write(): void {
    const { gathering } = this;
    if (gathering === undefined) return;
    this.gathering = undefined;
    const { events, tell } = gathering;
    const { out } = this;
    const pieces: Promise<boolean>[] = [];
    // The first line that is not written yet, and where it begins.
    let [first, begin] = [0, 0];
    let i = 0;
    for (const event of events) {
      const before = out.length;
      this.addLine(out, event);
      out.add(LINE_END);
      if (before > begin && out.length - begin > PIECE_BYTES) {
        pieces.push(this.writePiece(out.bytes(begin, before), events.slice(first, i)));
        [first, begin] = [i, before];
      }
      i++;
    }
    const last = this.writePiece(out.bytes(begin), first === 0 ? events : events.slice(first));
    out.clear();
    if (pieces.length === 0) void last.then(tell);
    else void Promise.all([...pieces, last]).then((recorded) => tell(recorded.every((ok) => ok)));
  }

  /** Never rejects: what cannot be written is counted as lost. */
  private writePiece(lines: Uint8Array, events: readonly AuditEvent[]): Promise<boolean> {
    return this.writer.write(lines).then(
      () => true,
      (error: unknown) => {
        this.metrics.lost('log', errorText(error), events);
        return false;
      },
    );
  }
}
