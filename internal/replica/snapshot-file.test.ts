import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { openFilesBelow } from './open-files.testkit.js';
import { SnapshotFile, type SnapshotFileHeader, snapshotFileOf } from './snapshot-file.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-snapshot-file-'));
afterAll(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'file');

const HEADER: SnapshotFileHeader = {
  version: 1,
  cluster: 1,
  revision: 7,
  compactRevision: 0,
  appliedIndex: 9,
  appliedTerm: 1,
  stateHash: '',
  members: [],
  createdAt: '2026-11-29T00:00:00Z',
};

async function* state(): AsyncGenerator<Buffer> {
  yield Buffer.from('one');
  yield Buffer.from('two');
}
async function whole(chunks: AsyncIterable<Buffer> = state()): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of snapshotFileOf(HEADER, chunks)) parts.push(part);
  return Buffer.concat(parts);
}
async function read(path: string): Promise<string[]> {
  const snapshot = await SnapshotFile.open(path);
  try {
    const chunks: string[] = [];
    for await (const chunk of snapshot.chunks()) chunks.push(chunk.toString());
    return chunks;
  } finally {
    await snapshot.close();
  }
}

test('what was written is read', async () => {
  writeFileSync(file, await whole());
  expect(await read(file)).toEqual(['one', 'two']);
  // Longer than what is read at a time.
  async function* long(): AsyncGenerator<Buffer> {
    yield Buffer.alloc(3 * 1024 * 1024, 'long');
    yield Buffer.from('short');
  }
  writeFileSync(file, await whole(long()));
  expect((await read(file)).map((text) => [text.length, text.slice(0, 5)])).toEqual([
    [3 * 1024 * 1024, 'longl'],
    [5, 'short'],
  ]);
});

test('a byte that is wrong, or an end that is missing, is told in a sentence', async () => {
  const right = await whole();
  const broken: Buffer[] = [];
  for (let i = 0; i < right.length; i += 5) {
    const wrong = Buffer.from(right);
    wrong[i] = (wrong[i] ?? 0) ^ 1;
    broken.push(wrong, right.subarray(0, i));
  }
  for (const bytes of broken) {
    writeFileSync(file, bytes);
    await expect(read(file), bytes.toString('latin1')).rejects.toThrow(FatalError);
  }
});

test('what is no snapshot is told in a sentence', async () => {
  await expect(read(dir)).rejects.toThrow(`${dir} is no file: name a snapshot`);
  await expect(read(join(dir, 'none'))).rejects.toThrow(FatalError);
  const [magic] = (await whole()).toString('latin1').split('\n');
  for (const header of ['null', '{}', '[]', '"x"']) {
    writeFileSync(file, `${magic}\n${header}\n`);
    await expect(read(file)).rejects.toThrow('is damaged: its header has no version');
  }
});

test('a file that cannot be opened is told by name, with why', async () => {
  const missing = join(dir, 'missing');
  await expect(SnapshotFile.open(missing)).rejects.toThrow(
    new RegExp(`^the snapshot ${missing} cannot be read: ENOENT`),
  );
});

test('what is wrong with a file is told by its name', async () => {
  const right = await whole();
  const line = right.indexOf('\n', right.indexOf('\n') + 1) + 1;
  const changed = (at: number, byte: number): Buffer => {
    const bytes = Buffer.from(right);
    bytes[at] = byte;
    return bytes;
  };
  const head = (text: string): Buffer => Buffer.from(`${right.toString('latin1').split('\n')[0]}\n${text}`);
  const unusable = (why: string): string => `the snapshot ${file} cannot be used: ${why}. Take another one.`;
  const wrong: readonly (readonly [Buffer, string])[] = [
    [changed(0, 0), `${file} is no snapshot of quorate (or of a newer release): its first line is wrong`],
    [Buffer.alloc(0), unusable('it has no header')],
    [Buffer.alloc(3 * 1024 * 1024, 'x'), unusable('it has no header')],
    [head('no JSON\n'), `${file} is damaged: its header cannot be read`],
    [head('{"version":2}\n'), `${file} was written by a newer release (version 2): use that release`],
    [changed(line, 255), unusable('a chunk has an impossible length')],
    [changed(line + 4, 1), unusable('its checksum does not match')],
    [changed(right.length - 1, (right.at(-1) ?? 0) ^ 1), unusable('its checksum does not match')],
    [Buffer.concat([right, Buffer.from('x')]), unusable('something stands behind its end')],
    [right.subarray(0, -1), unusable('it is cut off')],
    [right.subarray(0, line), unusable('it is cut off')],
  ];
  for (const [bytes, why] of wrong) {
    writeFileSync(file, bytes);
    await expect(read(file)).rejects.toThrow(new FatalError(why));
  }
  expect(openFilesBelow(dir)).toEqual([]);
});

test('how much of a file was read is told', async () => {
  const right = await whole();
  writeFileSync(file, right);
  const snapshot = await SnapshotFile.open(file);
  expect([snapshot.header, snapshot.size]).toEqual([HEADER, right.length]);
  const positions = [snapshot.position];
  for await (const chunk of snapshot.chunks()) positions.push(snapshot.position - chunk.length);
  const first = right.indexOf('one');
  expect(positions).toEqual([first - 4, first, first + 3 + 4]);
  expect(snapshot.position).toBe(right.length);
  await snapshot.close();
});
