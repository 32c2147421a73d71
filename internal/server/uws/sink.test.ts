import { expect, test } from 'vitest';
import type { Ahead } from '../../rest/types.js';
import type { Response } from './native.js';
import { UwsSink } from './sink.js';

/** A sink whose response is the test, in place of uWebSockets.js. */
function sink(ahead?: Ahead) {
  const wire: string[] = [];
  /** What `write` of the response says, in turn; then that it flows. */
  const flowing: boolean[] = [];
  let corked = false;
  let writable: () => boolean = () => false;
  let released = 0;
  const note = (what: string): void => {
    wire.push(corked ? what : `${what} outside of a cork`);
  };
  const res = {
    onWritable: (handler: () => boolean) => (writable = handler),
    cork: (action: () => void) => {
      corked = true;
      action();
      corked = false;
    },
    write: (chunk: Buffer | string) => {
      note(typeof chunk === 'string' ? chunk : chunk.toString('latin1'));
      return flowing.shift() ?? true;
    },
    end: () => note('END'),
    close: () => wire.push('CLOSE'),
  } as unknown as Response;
  const made = new UwsSink(res, ahead, () => released++);
  return { sink: made, wire, flowing, note, writable: () => writable(), released: () => released };
}

test('What is written is on its way at once; whether it flows is what the connection says', () => {
  const { sink: to, wire, flowing } = sink();
  to.showHeaders();
  expect([to.write('a'), to.write(''), to.write(Buffer.alloc(0))]).toEqual([true, true, true]);
  flowing.push(false);
  expect([to.write(Buffer.from('b')), to.write('c')]).toEqual([false, true]);
  to.showHeaders();
  expect(wire).toEqual(['a', 'b', 'c']);
});

test('Each event has a blank behind it, which shows the headers where there is no event yet', () => {
  const shown = sink('blank');
  shown.sink.showHeaders();
  shown.sink.showHeaders();
  shown.sink.write('{}\n');
  shown.sink.end('{"a":1}\n');
  shown.sink.showHeaders();
  expect(shown.wire).toEqual([' ', '{}\n', ' ', '{"a":1}\n', 'END']);
  const { sink: to, wire, flowing } = sink('blank');
  flowing.push(false, true, true, false, true, true);
  expect([to.write('a'), to.write('b'), to.write('c')]).toEqual([false, false, true]);
  to.showHeaders();
  expect(wire).toEqual(['a', ' ', 'b', ' ', 'c', ' ']);
});

test('A frame has the first byte of the next behind it, which that leaves out', () => {
  const frame = (text: string): Buffer => Buffer.from(`\0\0\0${String.fromCharCode(text.length)}${text}`);
  const { sink: to, wire } = sink('frameLength');
  to.write(frame('a'));
  to.write(frame('bc'));
  to.end(frame('d'));
  expect(wire).toEqual(['\0\0\0\x01a', '\0', '\0\0\x02bc', '\0', '\0\0\x01d', 'END']);
  const shown = sink('frameLength');
  shown.sink.showHeaders();
  shown.sink.write(frame('a'));
  expect(shown.wire).toEqual(['\0', '\0\0\x01a', '\0']);
  for (const wrong of ['\0a', Buffer.from('\x01a'), Buffer.from('\0')]) expect(() => to.write(wrong)).not.toThrow();
  for (const wrong of ['\0a', Buffer.from('\x01a'), Buffer.from('\0')]) {
    expect(() => shown.sink.write(wrong)).toThrow('a watch frame must begin with the length of less than 16 MiB');
  }
});

test.each([[undefined], [''], ['z']])('It ends once, and all are told once: with %j', (last) => {
  const { sink: to, wire, released, writable } = sink();
  const told: string[] = [];
  to.onClose(() => told.push('closed'));
  to.onWritable(() => told.push('writable'));
  expect(told).toEqual([]);
  to.end(last);
  to.end('again');
  to.abort();
  to.break();
  writable();
  expect([to.write('more'), to.closed, released(), told]).toEqual([false, true, 1, ['closed']]);
  expect(wire).toEqual(last === 'z' ? ['z', 'END'] : ['END']);
  to.onClose(() => told.push('late'));
  expect(told).toEqual(['closed', 'late']);
});

test('When its client reads on, what is written then leaves together; and the client may be left', () => {
  const { sink: to, wire, note, writable, released } = sink();
  expect(writable()).toBe(true);
  to.onWritable(() => note('more'));
  expect(writable()).toBe(true);
  to.break();
  expect(wire).toEqual(['more', 'CLOSE']);
  expect([to.closed, released()]).toEqual([false, 0]);
  to.abort();
  expect([to.closed, released()]).toEqual([true, 1]);
});
