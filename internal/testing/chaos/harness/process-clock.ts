import { writeFileSync } from 'node:fs';

/** How often a process looks for a new setting of its clock, in milliseconds. */
const LOOK_MS = 100;

/**
 * Arguments for node that put the wall clock of a process (Date) under the control of a file: `offset MS` jumps,
 * `stop` holds it still. The monotonic clock goes on, as it does when an administrator sets the time.
 */
export function clockArguments(file: string): string[] {
  const code = `
    import { readFileSync } from 'node:fs';
    const RealDate = Date, now = Date.now.bind(Date);
    let offset = 0, stopped;
    const read = () => stopped ?? now() + offset;
    globalThis.Date = class extends RealDate {
      constructor(...args) { if (args.length === 0) super(read()); else super(...args); }
      static now() { return read(); }
    };
    setInterval(() => {
      let text = '';
      try { text = readFileSync(${JSON.stringify(file)}, 'utf8'); } catch { return; }
      if (text.startsWith('stop')) stopped ??= now() + offset;
      else { stopped = undefined; offset = Number(text.split(' ')[1] ?? 0); }
    }, ${LOOK_MS}).unref();`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

/** Sets the clock of a process that was started with `clockArguments`. */
export function setClock(file: string, setting: { readonly offsetMs: number } | 'stop'): void {
  writeFileSync(file, setting === 'stop' ? 'stop' : `offset ${setting.offsetMs}`);
}
