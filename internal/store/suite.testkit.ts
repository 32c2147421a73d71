import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Backend, CompactedError, type Op } from './types.js';

/** A fresh store, and what a test does with it beside reading and writing. */
export interface OpenStore {
  readonly backend: Backend;
  /** Forgets the history below this revision, everywhere. */
  compact(revision: number): Promise<void>;
  /** Closes the store and opens it again on what it has on disk. */
  restart(): Promise<Backend>;
  close(): Promise<void>;
}

/** What any store keeps to that stands behind `StateReader` and `Proposer`. `skip`: what cannot be tried with this one. */
export function storeSuite(
  name: string,
  { open: openStore, skip = [] }: { readonly open: () => Promise<OpenStore>; readonly skip?: readonly 'restart'[] },
): void {
  describe(name, () => {
    let open: OpenStore;
    let backend: Backend;
    beforeEach(async () => {
      open = await openStore();
      ({ backend } = open);
    });
    afterEach(() => open.close());

    const put = (key: string, text: string): Op => ({ type: 'put', key, value: Buffer.from(text), revisionAt: -1 });
    const del = (key: string): Op => ({ type: 'delete', key });
    const write = (...ops: Op[]) => backend.txn({ compares: [], ops });
    const all = { start: '!', end: '~' };
    const texts = (revision?: number): Record<string, string> =>
      Object.fromEntries(
        backend
          .range(revision === undefined ? all : { ...all, revision })
          .items.map((item) => [item.key, item.value.toString()]),
      );

    describe('transactions', () => {
      it('count one revision for all ops, and none when nothing changes', async () => {
        expect(await write(put('a/1', 'x'), put('a/2', 'y'))).toEqual({ succeeded: true, revision: 1 });
        expect(await write(del('a/none'))).toEqual({ succeeded: true, revision: 1 });
        expect(await write(del('a/none'), del('a/1'))).toEqual({ succeeded: true, revision: 2 });
        expect(backend.revision).toBe(2);
        expect(texts()).toEqual({ 'a/2': 'y' });
      });

      it('insert the revision into the value', async () => {
        const json = '{"metadata":{"resourceVersion":""}}';
        const op: Op = { type: 'put', key: 'a/1', value: Buffer.from(json), revisionAt: json.indexOf('""') + 1 };
        await write(put('a/0', ''));
        await write(op);
        expect(backend.get('a/1')?.value.toString()).toBe('{"metadata":{"resourceVersion":"2"}}');
      });

      it('change nothing when a compare fails, and say which', async () => {
        await write(put('a/1', 'x'));
        const txn = (compares: Parameters<Backend['txn']>[0]['compares']) =>
          backend.txn({ compares, ops: [put('a/1', 'z'), put('a/2', 'z')] });
        expect(await txn([{ key: 'a/1', modRevision: 0 }])).toEqual({ succeeded: false, revision: 1, failed: 0 });
        expect(
          await txn([
            { key: 'a/1', modRevision: 1 },
            { key: 'a/2', exists: true },
          ]),
        ).toEqual({ succeeded: false, revision: 1, failed: 1 });
        expect(texts()).toEqual({ 'a/1': 'x' });
        expect(await txn([{ key: 'a/1', modRevision: 1 }])).toEqual({ succeeded: true, revision: 2 });
      });

      it('see each other when many are under way at once', async () => {
        const results = await Promise.all(
          Array.from({ length: 200 }, () =>
            backend.txn({ compares: [{ key: 'a/1', modRevision: 0 }], ops: [put('a/1', 'x')] }),
          ),
        );
        expect(results.filter((result) => result.succeeded)).toHaveLength(1);
      });

      it('keep createRevision while an object lives, and begin anew after a delete', async () => {
        await write(put('a/1', 'x'));
        await write(put('a/1', 'y'));
        expect(backend.get('a/1')).toMatchObject({ createRevision: 1, modRevision: 2 });
        await write(del('a/1'));
        await write(put('a/1', 'z'));
        expect(backend.get('a/1')).toMatchObject({ createRevision: 4, modRevision: 4 });
      });

      it('are refused for keys that cannot be stored', async () => {
        await expect(write(put('a\0b', ''))).rejects.toThrow(RangeError);
        await expect(write(put('a'.repeat(2000), ''))).rejects.toThrow(RangeError);
        await expect(write(put('a/1', ''), del('a/1'))).rejects.toThrow('twice');
        const long = `ü${'a'.repeat(1800)}`;
        await write(put(long, 'x'));
        expect(backend.get(long)?.value.toString()).toBe('x');
      });
    });

    describe('ranges', () => {
      it('page by count and by bytes', async () => {
        await write(...Array.from({ length: 5 }, (_, i) => put(`a/${i}`, '0123456789')));
        expect(backend.range({ ...all, limit: 2 })).toMatchObject({
          more: true,
          items: [{ key: 'a/0' }, { key: 'a/1' }],
        });
        expect(backend.range({ ...all, bytesMax: 25 }).items).toHaveLength(3);
        expect(backend.range({ ...all, bytesMax: 1 }).items).toHaveLength(1);
        expect(backend.range({ start: 'a/3', end: 'a0', limit: 2 })).toMatchObject({ more: false });
        expect(backend.count('a/1', 'a/3')).toBe(2);
      });

      it('go on behind a key that was changed since, as of an earlier revision', async () => {
        await write(put('a/1', 'x'), put('a/2', 'x'), put('a/3', 'x'));
        await write(put('a/1', 'y'), del('a/2'));
        const behind = (key: string): string[] =>
          backend.range({ start: `${key}\0`, end: '~', revision: 1 }).items.map((item) => item.key);
        expect(behind('a/1')).toEqual(['a/2', 'a/3']);
        expect(behind('a/2')).toEqual(['a/3']);
      });

      it('are refused beyond what is known', async () => {
        await write(put('a/1', 'x'));
        expect(() => backend.range({ ...all, revision: 2 })).toThrow(RangeError);
        expect(() => backend.getAt('a/1', 2)).toThrow(RangeError);
      });
    });

    describe('history', () => {
      it('answers every read at every revision as it was then, before and after compaction', async () => {
        const key = fc.constantFrom('a/b', 'a/b/c', 'a/b-c', 'a/ü', 'a/\u{10000}', 'a/\ufffd', 'b/1');
        const op = fc.oneof(
          { weight: 3, arbitrary: fc.tuple(key, fc.string({ maxLength: 8 })).map(([k, v]) => put(k, v)) },
          { weight: 1, arbitrary: key.map(del) },
        );
        const txn = fc.uniqueArray(op, { minLength: 1, maxLength: 4, selector: (o) => o.key });
        await fc.assert(
          fc.asyncProperty(fc.array(txn, { minLength: 1, maxLength: 30 }), fc.nat(), async (txns, cut) => {
            const before = backend.revision;
            const model = new Map<number, Record<string, string>>([[before, texts()]]);
            for (const ops of txns) {
              const current: Record<string, string> = { ...model.get(backend.revision) };
              const { revision } = await write(...ops);
              for (const o of ops) {
                if (o.type === 'put') current[o.key] = o.value.toString();
                else delete current[o.key];
              }
              model.set(revision, current);
            }
            const check = (from: number): void => {
              for (const [revision, expected] of model) {
                if (revision < from) {
                  expect(() => texts(revision)).toThrow(CompactedError);
                  expect(() => backend.changes(revision, 10)).toThrow(CompactedError);
                  continue;
                }
                expect(texts(revision)).toEqual(expected);
                for (const k of ['a/b', 'a/ü', 'b/1']) {
                  expect(backend.getAt(k, revision)?.value.toString()).toBe(expected[k]);
                }
                // The changes since then, played on the state then, give the state now.
                const replayed = { ...expected };
                let last = { revision, sub: -1 };
                for (const event of backend.changes(revision, 10_000)) {
                  expect(
                    event.revision > last.revision || (event.revision === last.revision && event.sub > last.sub),
                  ).toBe(true);
                  last = event;
                  expect(event.prev?.value.toString()).toBe(replayed[event.key]);
                  expect(event.type === 'create').toBe(event.prev === undefined);
                  if (event.value === undefined) delete replayed[event.key];
                  else replayed[event.key] = event.value.toString();
                }
                expect(replayed).toEqual(texts());
              }
            };
            check(before);
            const to = before + (cut % (backend.revision - before + 1));
            if (to > backend.compactRevision) await open.compact(to);
            expect(backend.compactRevision).toBe(Math.max(to, backend.compactRevision));
            check(backend.compactRevision);
          }),
          { numRuns: 30 },
        );
      });

      it('gives changes in whole transactions', async () => {
        await write(put('a/1', ''), put('a/2', ''), put('a/3', ''));
        await write(put('a/1', ''));
        expect(backend.changes(0, 1)).toHaveLength(3);
        expect(backend.changes(0, 4)).toHaveLength(4);
        expect(backend.changes(1, 1)).toMatchObject([{ type: 'modify', key: 'a/1', revision: 2, sub: 0 }]);
        expect(backend.changes(2, 1)).toEqual([]);
      });

      it('tells of changes that nobody wants without their versions', async () => {
        await write(put('a/1', 'x'), put('b/1', 'y'));
        await write(put('a/1', 'z'));
        const [unwanted, wanted, again] = backend.changes(0, 10, (key) => key.startsWith('b/'));
        expect(unwanted).toEqual({ revision: 1, sub: 0, type: 'create', key: 'a/1' });
        expect(wanted).toEqual({ revision: 1, sub: 1, type: 'create', key: 'b/1', value: Buffer.from('y') });
        expect(again).toEqual({ revision: 2, sub: 0, type: 'modify', key: 'a/1' });
      });

      it('knows which resources have not changed since', async () => {
        await write(put('g/things/1', ''), put('g/others/1', ''));
        await write(put('g/things/1', ''));
        await write({ type: 'delete', key: 'g/things/1' });
        expect(backend.lastChange('g/things/')).toBe(3);
        expect(backend.lastChange('g/others/')).toBe(1);
        expect(backend.lastChange('g/more/')).toBeLessThan(1);
      });

      it('tells listeners after the revision moved', async () => {
        const seen: number[] = [];
        const stop = backend.onApplied((revision) => {
          expect(backend.revision).toBe(revision);
          seen.push(revision);
        });
        await write(put('a/1', ''));
        await write(put('a/1', ''));
        stop();
        await write(put('a/1', ''));
        expect(seen).toEqual([1, 2]);
      });
    });

    if (!skip.includes('restart'))
      describe('a restart', () => {
        it('finds everything as it was', async () => {
          for (let i = 0; i < 50; i++) await write(put(`a/${i % 7}`, String(i)));
          const before = texts(20);
          backend = await open.restart();
          expect(backend.revision).toBe(50);
          expect(texts(20)).toEqual(before);
          expect(await write(put('a/1', 'x'))).toEqual({ succeeded: true, revision: 51 });
        });
      });

    describe('time to live', () => {
      it('deletes an object that is over its time, unless it was written again', async () => {
        const gone = new Promise<void>((resolve) => {
          backend.onApplied(() => {
            if (backend.get('a/short') === undefined) resolve();
          });
        });
        await write({ ...put('a/short', ''), ttlSeconds: 1 } as Op, { ...put('a/again', ''), ttlSeconds: 1 } as Op);
        await write(put('a/again', 'kept'));
        await gone;
        expect(texts()).toEqual({ 'a/again': 'kept' });
      });
    });
  });
}
