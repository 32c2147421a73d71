import { describe, expect, it } from 'vitest';
import { Random } from '../../sim/random.js';
import { checkCalls } from './calls.js';
import type { Content, History, Listing, Operation, Outcome, Request } from './history.js';

const KEY = 'k';
let client = 0;
const call = (begin: number, end: number, request: Request, outcome: Outcome): Operation => {
  client += 1;
  return { key: KEY, client: `c${client}`, replica: 'r1', begin, end, request, outcome };
};
const content = (id: string, more: Content = {}): Content => ({ id, ...more });
const ok = (revision: number, id: string, more: Content = {}): Outcome => ({
  kind: 'ok',
  revision,
  uid: 'u',
  content: content(id, more),
});
const create = (id: string): Request => ({ kind: 'create', id, content: content(id) });
const update = (id: string, revision?: number): Request => ({
  kind: 'update',
  id,
  content: content(id),
  ...(revision === undefined ? {} : { revision }),
});
const patch = (id: string, more: Content): Request => ({ kind: 'patch', id, content: content(id, more) });
const remove: Request = { kind: 'delete', id: 'd' };
const get: Request = { kind: 'get' };

const historyOf = (...operations: Operation[]): History => ({ operations, listings: [], localGets: [], watches: [] });
const verdict = (...operations: Operation[]) => checkCalls(historyOf(...operations));
const properties = (...operations: Operation[]): string[] =>
  verdict(...operations).violations.map((violation) => violation.property);

describe('the calls on one object are linearizable', () => {
  it('when they follow each other', () => {
    const operations = [
      call(0, 1, get, { kind: 'notFound' }),
      call(2, 3, create('a'), ok(5, 'a')),
      call(4, 5, create('b'), { kind: 'alreadyExists' }),
      call(6, 7, update('c', 5), ok(7, 'c')),
      call(8, 9, update('d', 5), { kind: 'conflict' }),
      call(10, 11, patch('e', { f: '1' }), ok(9, 'e', { f: '1' })),
      call(12, 13, get, ok(9, 'e', { f: '1' })),
      call(14, 15, remove, { kind: 'ok', uid: 'u' }),
      call(16, 17, get, { kind: 'notFound' }),
      call(18, 19, update('f'), { kind: 'notFound' }),
    ];
    expect(properties(...operations)).toEqual([]);
  });

  it('when overlapping calls take effect in another order than they began', () => {
    const operations = [
      call(0, 1, create('a'), ok(1, 'a')),
      call(2, 20, update('b'), ok(3, 'b')),
      call(3, 19, update('c'), ok(2, 'c')),
      call(4, 5, get, ok(1, 'a')),
      call(6, 7, get, ok(2, 'c')),
      call(8, 9, get, ok(3, 'b')),
    ];
    expect(properties(...operations)).toEqual([]);
  });

  it('when a call without an answer took effect, much later, or never', () => {
    const lost = call(2, Infinity, update('b'), { kind: 'unknown' });
    const created = call(0, 1, create('a'), ok(1, 'a'));
    expect(properties(created, lost, call(10, 11, get, ok(1, 'a')))).toEqual([]);
    expect(properties(created, lost, call(10, 11, get, ok(1, 'a')), call(12, 13, get, ok(2, 'b')))).toEqual([]);
    // Nobody ever saw what it wrote, and yet a conflict shows that it was there.
    expect(properties(created, lost, call(10, 11, update('c', 1), { kind: 'conflict' }))).toEqual([]);
    const gone = call(2, Infinity, remove, { kind: 'unknown' });
    expect(properties(created, gone, call(4, 5, get, ok(1, 'a')), call(6, 7, get, { kind: 'notFound' }))).toEqual([]);
  });
});

describe('the checker of calls finds', () => {
  const created = call(0, 1, create('a'), ok(1, 'a'));

  it('a stale read', () => {
    const updated = call(2, 3, update('b'), ok(2, 'b'));
    expect(properties(created, updated, call(4, 5, get, ok(1, 'a')))).toEqual(['linearizability']);
  });

  it('a stale read of absence', () => {
    expect(properties(created, call(2, 3, get, { kind: 'notFound' }))).toEqual(['linearizability']);
  });

  it('a lost update: two updates of the same revision', () => {
    const operations = [created, call(2, 6, update('b', 1), ok(2, 'b')), call(3, 7, update('c', 1), ok(3, 'c'))];
    expect(properties(...operations)).toEqual(['linearizability']);
  });

  it('a lost update: a patch that forgets what another one merged', () => {
    const operations = [
      created,
      call(2, 3, patch('b', { x: '1' }), ok(2, 'b', { x: '1' })),
      call(4, 5, patch('c', { y: '1' }), ok(3, 'c', { y: '1' })),
    ];
    expect(properties(...operations)).toEqual(['linearizability']);
  });

  it('a lost write: acknowledged, then never seen', () => {
    const operations = [created, call(2, 3, remove, { kind: 'ok', uid: 'u' }), call(4, 5, get, ok(1, 'a'))];
    expect(properties(...operations)).toEqual(['linearizability']);
  });

  it('time travel: reads that go back', () => {
    const slow = call(2, 20, update('b'), ok(2, 'b'));
    const operations = [created, slow, call(4, 5, get, ok(2, 'b')), call(6, 7, get, ok(1, 'a'))];
    expect(properties(...operations)).toEqual(['linearizability']);
  });

  it('a write that took effect and then vanished, without an answer', () => {
    const lost = call(2, Infinity, update('b'), { kind: 'unknown' });
    const operations = [created, lost, call(4, 5, get, ok(2, 'b')), call(6, 7, get, ok(1, 'a'))];
    expect(properties(...operations)).toEqual(['linearizability']);
  });

  it('a second creation of an object that exists', () => {
    expect(properties(created, call(2, 3, create('b'), ok(2, 'b')))).toEqual(['linearizability']);
  });

  it('a conflict without a reason', () => {
    expect(properties(created, call(2, 3, update('b', 1), { kind: 'conflict' }))).toEqual(['linearizability']);
  });

  it('a revision that goes back', () => {
    expect(properties(call(0, 1, create('a'), ok(8, 'a')), call(2, 3, update('b'), ok(7, 'b')))).toEqual([
      'linearizability',
    ]);
  });

  it('a uid that changes', () => {
    const other: Outcome = { kind: 'ok', revision: 2, uid: 'v', content: content('b') };
    expect(properties(created, call(2, 3, update('b'), other))).toEqual(['linearizability']);
  });

  it('one write that was done twice', () => {
    const operations = [created, call(2, Infinity, update('b'), { kind: 'unknown' }), call(4, 5, get, ok(2, 'b'))];
    expect(properties(...operations, call(6, 7, get, ok(3, 'b')))).toContain('one revision');
  });

  it('a write that was refused and yet done', () => {
    const refused = call(2, 3, update('b'), { kind: 'refused' });
    expect(properties(created, refused, call(4, 5, get, ok(2, 'b')))).toContain('a refused write does not happen');
  });

  it('a list that misses what had been created', () => {
    const listing = { client: 'l', replica: 'r1', boot: 1, begin: 2, end: 3, local: false, revision: 1, items: [] };
    expect(checkCalls({ ...historyOf(created), listings: [listing] }).violations).toHaveLength(1);
  });

  it('an acknowledged write that the last list does not hold', () => {
    const lists = (id: string, revision: number): Listing => {
      const items = [{ key: KEY, revision, uid: 'u', content: content(id) }];
      return { client: 'l', replica: 'r1', boot: 1, begin: 10, end: 11, local: false, revision: 9, items };
    };
    const operations = [created, call(2, 3, update('b'), ok(2, 'b'))];
    expect(checkCalls({ ...historyOf(...operations), listings: [lists('b', 2)] }).violations).toEqual([]);
    expect(checkCalls({ ...historyOf(...operations), listings: [lists('a', 1)] }).violations).toHaveLength(1);
  });

  it('an answer that nothing explains once it is known which writes without an answer happened', () => {
    const lost = call(2, Infinity, update('b'), { kind: 'unknown' });
    const conflict = call(4, 5, update('c', 1), { kind: 'conflict' });
    const history = historyOf(created, lost, conflict, call(6, 7, get, ok(1, 'a')));
    expect(checkCalls(historyOf(created, lost, conflict), false).violations).toEqual([]);
    // Watches have shown every change, and this one was not among them.
    expect(checkCalls(history, true).violations).toHaveLength(1);
  });

  it('AlreadyExists and NotFound without a reason', () => {
    expect(properties(call(0, 1, create('a'), { kind: 'alreadyExists' }))).toEqual(['linearizability']);
    expect(properties(created, call(2, 3, update('b'), { kind: 'notFound' }))).toEqual(['linearizability']);
    expect(properties(created, call(2, 3, remove, { kind: 'notFound' }))).toEqual(['linearizability']);
  });

  it('a deletion without an answer that explains too much', () => {
    const gone = call(2, Infinity, remove, { kind: 'unknown' });
    const missing = call(4, 5, get, { kind: 'notFound' });
    expect(properties(created, gone, missing)).toEqual([]);
    // It took effect once, and so the object does not come back by itself.
    expect(properties(created, gone, missing, call(6, 7, get, ok(1, 'a')))).toEqual(['linearizability']);
  });

  it('a write that took effect before it was asked for', () => {
    const operations = [created, call(2, 3, get, ok(2, 'b')), call(4, 5, update('b'), ok(2, 'b'))];
    expect(properties(...operations)).toEqual(['linearizability']);
  });

  it('and shows a short history', () => {
    const noise = Array.from({ length: 200 }, (_, i) => call(10 + i, 10.5 + i, get, ok(1, 'a')));
    const updated = call(500, 501, update('b'), ok(2, 'b'));
    const stale = call(502, 503, get, ok(1, 'a'));
    const after = call(504, 505, get, ok(2, 'b'));
    const [violation] = verdict(created, ...noise, updated, stale, after).violations;
    expect(violation?.evidence.length).toBeLessThan(10);
    expect(violation?.evidence.join('\n')).toContain('502.0..503.0');
  });
});

/** Runs random clients against one correct object, in some order of effect within each call's time. */
function simulated(seed: number, count: number): Operation[] {
  const random = new Random(seed);
  let now: { id: string; revision: number; more: Content } | undefined;
  let revision = 0;
  const told: number[] = [];
  const operations: Operation[] = [];
  let time = 0;
  for (let i = 0; i < count; i += 1) {
    time += random.exponential(1);
    const begin = time - random.exponential(4);
    const end = time + random.exponential(4);
    const id = `w${i}`;
    const kind = random.pick(['create', 'update', 'cas', 'patch', 'delete', 'get', 'get', 'get'] as const);
    const lost = kind !== 'get' && random.chance(0.04);
    const happens = !lost || random.chance(0.5);
    const wrong = random.chance(0.3);
    // A client can name only a revision that an answer told.
    const known = kind === 'cas' ? (told.at(wrong ? -2 : -1) ?? 1) : undefined;
    const request: Request =
      kind === 'create'
        ? create(id)
        : kind === 'update' || kind === 'cas'
          ? update(id, known)
          : kind === 'patch'
            ? patch(id, { [`f${random.below(3)}`]: id })
            : kind === 'delete'
              ? remove
              : get;
    let outcome: Outcome;
    if (request.kind === 'get') {
      outcome = now === undefined ? { kind: 'notFound' } : ok(now.revision, now.id, now.more);
    } else if (!happens) {
      outcome = { kind: 'unknown' };
    } else if (request.kind === 'create' ? now !== undefined : now === undefined) {
      outcome = { kind: request.kind === 'create' ? 'alreadyExists' : 'notFound' };
    } else if (known !== undefined && known !== now?.revision) {
      outcome = { kind: 'conflict' };
    } else {
      revision += 1;
      if (request.kind === 'delete') now = undefined;
      else {
        now = { id, revision, more: { ...(request.kind === 'patch' ? now?.more : {}), ...request.content } };
      }
      outcome = now === undefined ? { kind: 'ok' } : ok(now.revision, now.id, now.more);
    }
    if (!lost && outcome.kind === 'ok' && outcome.revision !== undefined) told.push(outcome.revision);
    operations.push(call(begin, lost ? Infinity : end, request, lost ? { kind: 'unknown' } : outcome));
  }
  return operations;
}

describe('at length', () => {
  it('random histories of a correct object pass', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const { violations, undecided } = checkCalls(historyOf(...simulated(seed, 600)));
      expect(violations, `seed ${seed}: ${violations[0]?.evidence.join('\n')}`).toEqual([]);
      expect(undecided).toEqual([]);
    }
  });

  it('one stale read among hundreds of calls is found', () => {
    let found = 0;
    for (let seed = 1; seed <= 5; seed += 1) {
      const operations = simulated(seed, 150);
      const reads = operations.filter(({ request, outcome }) => request.kind === 'get' && outcome.kind === 'ok');
      const [early, late] = [reads[5], reads.at(-5)];
      if (early === undefined || late === undefined) throw new Error('too few reads');
      operations[operations.indexOf(late)] = { ...late, outcome: early.outcome };
      if (checkCalls(historyOf(...operations)).violations.length > 0) found += 1;
    }
    expect(found).toBe(5);
  });
});
