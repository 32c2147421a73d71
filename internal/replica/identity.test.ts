import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { foundingOrigin, type Identity, initialMemberId, newMemberId, openIdentity } from './identity.js';
import { originConf, originMembers } from './identity.js';
import { LogStore } from './log.js';

const NOBODY = { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const CLUSTER = ['b', 'a', 'c'].map((name) => ({ name, address: `${name}:1` }));
let directory = '';
let log: LogStore;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-identity-'));
  log = await LogStore.open({
    path: join(directory, 'wal'),
    stateMeta: () => ({ index: 0, term: 0, confState: NOBODY }),
    onDiskFull: () => undefined,
  });
});
afterEach(async () => {
  await log.close();
  rmSync(directory, { recursive: true, force: true });
});

const open = (name = 'a'): Promise<Identity> =>
  openIdentity(log, name, () => Promise.resolve(foundingOrigin(name, CLUSTER)));

describe('a founder', () => {
  it('is known to all of its cluster by its name, whatever the order in which they are named', () => {
    const origin = foundingOrigin('a', CLUSTER);
    // Data directories hold these numbers: another release must come to the same.
    expect(origin).toEqual({
      id: 117719746148443,
      cluster: 164020605088394,
      members: [
        [initialMemberId('b'), 'b', 'b:1'],
        [initialMemberId('a'), 'a', 'a:1'],
        [initialMemberId('c'), 'c', 'c:1'],
      ],
      joined: false,
    });
    expect(foundingOrigin('b', CLUSTER.toReversed())).toMatchObject({
      id: initialMemberId('b'),
      cluster: origin.cluster,
    });
    const others = [foundingOrigin('a', CLUSTER, 'token'), foundingOrigin('a', CLUSTER.slice(1)), origin];
    expect(new Set(others.map(({ cluster }) => cluster)).size).toBe(3);
    expect(foundingOrigin('a', CLUSTER, '').cluster).toBe(origin.cluster);
  });

  it('votes from the start, and one that joined does not', async () => {
    const identity = await open();
    const ids = ['a', 'b', 'c'].map(initialMemberId).sort((a, b) => a - b);
    expect(originConf(identity)).toEqual({ ...NOBODY, voters: ids });
    expect(originConf({ ...identity, joined: true })).toEqual(NOBODY);
    expect(originMembers(identity).get(initialMemberId('c'))).toEqual({ name: 'c', address: 'c:1' });
  });
});

describe('the identity of a data directory', () => {
  it('stays, counts its starts, and remembers the last sixteen', async () => {
    const first = await open();
    expect(first).toMatchObject({ ...foundingOrigin('a', CLUSTER), name: 'a', boots: 1 });
    expect(first.nonce).toMatch(/^[0-9a-f]{32}$/);
    expect(first.starts).toEqual([[1, expect.stringMatching(/^[0-9a-f]{16}$/)]]);
    let last = first;
    for (let boots = 2; boots <= 18; boots++) {
      const found = (): Promise<never> => Promise.reject(new Error('it is known already'));
      const next = await openIdentity(log, 'a', found);
      expect(next.starts.slice(0, -1)).toEqual(last.starts.slice(boots > 17 ? 1 : 0).slice(-15));
      expect(next).toMatchObject({ id: first.id, nonce: first.nonce, boots });
      last = next;
    }
    expect(last.starts.map(([boots]) => boots)).toEqual(Array.from({ length: 16 }, (_, i) => i + 3));
    expect(JSON.parse(log.getFact('identity')?.toString() ?? '')).toEqual({ version: 1, ...last });
  });

  it('asks under the same name again when it was not answered', async () => {
    const nonces: string[] = [];
    const refuse = (nonce: string): Promise<never> => {
      nonces.push(nonce);
      return Promise.reject(new Error('no majority'));
    };
    await expect(openIdentity(log, 'a', refuse)).rejects.toThrow('no majority');
    await expect(openIdentity(log, 'a', refuse)).rejects.toThrow('no majority');
    expect(log.getFact('identity')).toBeUndefined();
    const { nonce, boots } = await open();
    expect([...nonces, boots]).toEqual([nonce, nonce, 1]);
  });

  it('of an earlier release, which counted its starts only, begins to remember them', async () => {
    const { starts, ...earlier } = { ...(await open()), version: 1 };
    expect(starts).toHaveLength(1);
    await log.putFact('identity', Buffer.from(JSON.stringify(earlier)));
    expect((await open()).starts.map(([boots]) => boots)).toEqual([2]);
  });

  it('is nobody else’s, and not one of a newer release', async () => {
    await open();
    await expect(open('b')).rejects.toThrow(
      new FatalError(
        'the data directory belongs to member "a", but this replica was started with --name b. Start it with the right name, ' +
          'or give it an empty --data-dir.',
      ),
    );
    await log.putFact('identity', Buffer.from('{"version":2,"name":"a"}'));
    await expect(open()).rejects.toThrow(
      new FatalError('the data directory was written by a newer release (identity version 2). Start that release.'),
    );
  });
});

it('an id of a member that joins is one that was never used', () => {
  const asked: number[] = [];
  const id = newMemberId((each) => asked.push(each) < 3);
  expect(asked).toHaveLength(3);
  expect(asked[2]).toBe(id);
  expect(id > 0 && id < 2 ** 48 && Number.isInteger(id)).toBe(true);
});
