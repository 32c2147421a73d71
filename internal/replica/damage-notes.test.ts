import { afterEach, describe, expect, it, vi } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { CorruptRecordError, MissingRowsError } from '../store/rows.js';
import { Damage } from './damage.js';
import { Quarantine } from './quarantine.js';
import { DifferingStateError } from './verify.js';

afterEach(() => {
  vi.useRealTimers();
});

const damaged = (key: string): CorruptRecordError => new CorruptRecordError('objects', key, 'bad checksum');
const REMEDY = 'Start this replica again: it will take a copy of the state from the leader.';

describe('damaged records', () => {
  const notes = (hasOthers: boolean, wantCopy = (): Promise<void> => Promise.resolve()) => {
    const said: string[] = [];
    let wanted = 0;
    const damage = new Damage({
      hasOthers: () => hasOthers,
      wantCopy: () => {
        wanted++;
        return wantCopy();
      },
      say: (level, text) => void said.push(`${level}: ${text}`),
    });
    return { damage, said, wanted: () => wanted };
  };

  it('are told of once each, and one copy is wanted where others hold them', async () => {
    const { damage, said, wanted } = notes(true);
    expect([damage.records, damage.failure]).toEqual([0, undefined]);
    for (const key of ['a', 'a', 'b']) damage.note(damaged(key));
    expect(said).toEqual(['a', 'b'].map((key) => `error: ${damaged(key).message}. ${REMEDY}`));
    await damage.settled();
    expect([damage.records, wanted()]).toEqual([2, 1]);
    expect(damage.failure).toBe(`2 damaged records were found in the state of this replica. ${REMEDY}`);
  });

  it('are nobody else’s to mend where this replica is alone', () => {
    const { damage, said, wanted } = notes(false);
    damage.note(damaged('a'));
    damage.note(new MissingRowsError('objects', 7));
    expect(said[0]).toBe(
      `error: ${damaged('a').message}. It is left out of lists until it is written or deleted, or restored from a backup.`,
    );
    expect(said[1]).toMatch(/\. Restore this replica from a backup\.$/);
    expect([damage.failure, damage.records, wanted()]).toEqual([undefined, 2, 0]);
  });

  it('are counted up to 1000, and a wish that cannot be noted is told', async () => {
    const { damage, said } = notes(true, () => Promise.reject(new Error('the disk is full')));
    for (let i = 0; i < 1_001; i++) damage.note(damaged(String(i)));
    await damage.settled();
    expect([damage.records, said.length, said.at(-1)]).toEqual([1_000, 1_001, 'error: the disk is full']);
  });
});

describe('a state that is not served any more', () => {
  const open = (note: () => Promise<void> = () => Promise.resolve()) => {
    const fatal: FatalError[] = [];
    const said: string[] = [];
    const noted: (number | string)[] = [];
    const quarantine = new Quarantine({
      noteDiffering: (revision) => {
        noted.push(revision);
        return note();
      },
      noteDamage: (error) => {
        noted.push(error.key);
        return note();
      },
      onFatal: (error) => void fatal.push(error),
      say: (_, text) => void said.push(text),
    });
    return { quarantine, fatal, said, noted };
  };
  const DIFFERS =
    'the state of this replica differs from that of the others at revision 7. It serves no more until it has taken a copy ' +
    'from the leader, which it does at its next start.';
  const HALTED =
    `${damaged('a').message}, and the log cannot be applied without it. This replica serves no more until it has taken a ` +
    'copy of the state from the leader, which it does at its next start.';

  it('says why, once, and whichever reason came first', async () => {
    const differing = open();
    expect([differing.quarantine.reason, differing.quarantine.isNoted]).toEqual(['', false]);
    await differing.quarantine.settle();
    differing.quarantine.diverged(7);
    differing.quarantine.diverged(8);
    differing.quarantine.halted(damaged('a'));
    const { reason, differs, isNoted } = differing.quarantine;
    expect([reason, differs, isNoted, differing.noted]).toEqual([DIFFERS, true, true, [7]]);
    expect(differing.fatal).toEqual([new DifferingStateError(DIFFERS)]);
    const halted = open();
    halted.quarantine.halted(damaged('a'));
    halted.quarantine.halted(damaged('b'));
    halted.quarantine.diverged(7);
    expect([halted.quarantine.reason, halted.quarantine.differs, halted.noted]).toEqual([HALTED, false, ['a']]);
    expect(halted.fatal).toEqual([new DifferingStateError(HALTED)]);
    await Promise.all([differing.quarantine.settle(), halted.quarantine.settle()]);
  });

  it('is told where that could not be noted, for it would be forgotten', async () => {
    const { quarantine, said } = open(() => Promise.reject(new Error('the disk is full')));
    quarantine.diverged(7);
    await expect(quarantine.settle()).rejects.toThrow(
      new FatalError(
        `${DIFFERS} That could not be noted on disk (the disk is full): make space on it, or mend it, before this replica is ` +
          'started again.',
      ),
    );
    expect(said).toEqual(['the disk is full']);
  });

  it('is told after ten seconds where the disk says nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { quarantine, said } = open(() => new Promise(() => undefined));
    quarantine.halted(damaged('a'));
    let failure: unknown;
    const settled = quarantine.settle().catch((error: unknown) => (failure = error));
    await vi.advanceTimersByTimeAsync(9_999);
    expect(failure).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await settled;
    expect(failure).toEqual(
      new FatalError(
        `${HALTED} That could not be noted on disk (the disk did not take the note in time): make space on it, or mend it, ` +
          'before this replica is started again.',
      ),
    );
    expect(said).toEqual([]);
    const quick = open();
    quick.quarantine.diverged(7);
    await quick.quarantine.settle();
    expect(vi.getTimerCount()).toBe(0);
  });
});
