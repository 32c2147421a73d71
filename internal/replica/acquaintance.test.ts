import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MemberInfo } from '../store/meta.js';
import { Acquaintances } from './acquaintance.js';
import { LogStore } from './log.js';

const conf = { voters: [1, 2], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const B: MemberInfo = { name: 'b', address: 'b:1' };
type Start = readonly [number, string];
let directory = '';
let log: LogStore;
let members = new Map<number, MemberInfo>();
let known: Acquaintances;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-acquaintance-'));
  log = await LogStore.open({
    path: join(directory, 'wal'),
    stateMeta: () => ({ index: 0, term: 0, confState: conf }),
    onDiskFull: () => undefined,
  });
  members = new Map([[2, B]]);
  restart();
});
afterEach(async () => {
  await log.close();
  rmSync(directory, { recursive: true, force: true });
});

/** All that is in memory is gone. */
const restart = (): void => {
  known = new Acquaintances({ log, members: () => members });
};
const meet = (id: number, nonce: string, ...starts: Start[]): Promise<string | undefined> =>
  known.recognize({ id, cluster: 7, nonce, logVersion: 1, starts });
const fact = (name: string): string | undefined => log.getFact(name)?.toString();

const anotherDirectory = (name: string): string =>
  `member ${name} came back with another data directory than the one it had: what it had promised is lost. Remove it (quorate ` +
  `member remove ${name}), and join it as a new member: with an empty data directory, and --join instead of --initial-cluster.`;
const olderCopy = (name: string): string =>
  `member ${name} runs on an older copy of its data directory: it has forgotten what it promised since. Remove it (quorate ` +
  `member remove ${name}), and join it as a new member: with an empty data directory, and --join instead of --initial-cluster.`;

describe('a member', () => {
  it('is on disk with its data directory and its last start when it is known, and known again by them', async () => {
    expect(known.nonceOf(2)).toBeUndefined();
    expect(await meet(2, 'n', [1, 'a'])).toBeUndefined();
    expect([fact('nonce/2'), fact('start/2'), known.nonceOf(2)]).toEqual(['n', '[1,"a"]', 'n']);
    restart();
    expect(known.nonceOf(2)).toBe('n');
    expect(await meet(2, 'm', [2, 'b'])).toBe(anotherDirectory('b'));
    expect(await meet(2, 'n', [1, 'a'], [2, 'b'])).toBeUndefined();
    expect(fact('start/2')).toBe('[2,"b"]');
    // A start of the same number that is another one is another copy.
    expect(await meet(2, 'n', [2, 'x'])).toBe(olderCopy('b'));
    restart();
    expect(await meet(2, 'n', [1, 'a'])).toBe(olderCopy('b'));
    expect(await meet(2, 'n', [2, 'x'], [3, 'c'])).toBe(olderCopy('b'));
    expect(await meet(2, 'n', [3, 'c'])).toBeUndefined();
    expect(fact('start/2')).toBe('[3,"c"]');
    expect(await meet(2, 'n')).toBeUndefined();
    expect(await meet(2, 'n', [2, 'b'])).toBe(olderCopy('b'));
  });

  it('of a release that tells no starts has none on disk', async () => {
    expect(await known.recognize({ id: 2, cluster: 7, nonce: 'n', logVersion: 1 })).toBeUndefined();
    expect([fact('nonce/2'), fact('start/2')]).toEqual(['n', undefined]);
    restart();
    expect(await meet(2, 'n', [5, 'e'])).toBeUndefined();
    expect(fact('start/2')).toBe('[5,"e"]');
  });

  it('has the data directory that the membership says, whatever was met before', async () => {
    expect(await meet(2, 'n', [7, 'g'])).toBeUndefined();
    members = new Map([[2, { ...B, nonce: 'm' }]]);
    expect(known.nonceOf(2)).toBe('m');
    expect(await meet(2, 'n', [8, 'h'])).toBe(anotherDirectory('b'));
    // How often another directory was started says nothing of this one.
    expect(await meet(2, 'm', [1, 'a'])).toBeUndefined();
    expect([fact('nonce/2'), fact('start/2')]).toEqual(['m', '[1,"a"]']);
  });
});

describe('a stranger', () => {
  it('is remembered in memory, and on disk as soon as it is a member', async () => {
    expect(await meet(3, 'n', [1, 'a'])).toBeUndefined();
    expect([fact('nonce/3'), known.nonceOf(3)]).toEqual([undefined, 'n']);
    expect(await meet(3, 'm')).toBe(anotherDirectory('3'));
    expect(await meet(3, 'n', [1, 'x'])).toBe(olderCopy('3'));
    members.set(3, { name: 'c', address: 'c:1' });
    expect(await meet(3, 'n', [1, 'a'])).toBeUndefined();
    expect([fact('nonce/3'), fact('start/3')]).toEqual(['n', '[1,"a"]']);
    members.delete(3);
    expect(known.nonceOf(3)).toBe('n');
  });

  it('is forgotten when 64 others have come', async () => {
    for (let id = 100; id < 164; id++) await meet(id, 'n');
    expect([known.nonceOf(100), known.nonceOf(163)]).toEqual(['n', 'n']);
    await meet(164, 'n');
    expect([known.nonceOf(100), known.nonceOf(101), known.nonceOf(164)]).toEqual([undefined, 'n', 'n']);
  });
});
