import { expect, it } from 'vitest';
import { confirmCopy, type ConfirmOptions, DisputedCopyError } from './confirm.js';
import type { VerifyReply } from './verify.js';

const claim = { revision: 9, hash: { changes: 'h', rows: 'r' } };
/** What a voter answers: `lineage:hash`, `lineage:` for one that does not know yet, 'away', or 'silent'. */
type Answers = Readonly<Record<number, string | (() => string)>>;

interface Found {
  readonly asked: number[];
  readonly said: string[];
  readonly outcome: Promise<unknown>;
}

function confirm(answers: Answers, more: Partial<ConfirmOptions> = {}): Found {
  const [asked, said]: [number[], string[]] = [[], []];
  const outcome = confirmCopy({
    claim,
    voters: [1, 2, 3],
    self: 3,
    count: 'lineages',
    say: (_, text) => void said.push(text),
    ask: async (voter, revision): Promise<VerifyReply> => {
      expect(revision).toBe(9);
      asked.push(voter);
      const answer = answers[voter] ?? 'away';
      const text = typeof answer === 'function' ? answer() : answer;
      if (text === 'silent') await new Promise(() => undefined);
      if (text === 'away') throw new Error('nobody there');
      const [lineage = '', hash = ''] = text.split(':');
      return { lineage, hash, rows: hash === '' ? '' : 'r' };
    },
    ...more,
  }).catch((error: unknown) => error);
  return { asked, said, outcome };
}

it('a copy that a majority computed is confirmed, and this replica is not asked', async () => {
  const { asked, outcome } = confirm({ 1: '1-a:h', 2: '2-b:h', 3: '3-c:h' });
  expect([await outcome, asked.toSorted((a, b) => a - b)]).toEqual(['majority', [1, 2]]);
});

it('one lineage confirms it for its voters, and a minority of them does not', async () => {
  const answers = { 1: '1-a:h', 2: '1-a:h', 4: 'away', 5: 'away' };
  const five = { voters: [1, 2, 3, 4, 5], stopping: AbortSignal.timeout(100) };
  expect(await confirm(answers, { count: 'voters' }).outcome).toBe('majority');
  expect(await confirm(answers, { ...five, count: 'voters' }).outcome).toMatchObject({ name: 'TimeoutError' });
});

it('half of the voters are no majority', async () => {
  const four = { voters: [1, 2, 3, 4], count: 'voters' } as const;
  const two = confirm({ 1: '1-a:h', 2: '2-b:h' }, { ...four, stopping: AbortSignal.timeout(100) });
  expect(await two.outcome).toMatchObject({ name: 'TimeoutError' });
  expect(await confirm({ 1: '1-a:h', 2: '2-b:h', 4: '4-d:h' }, four).outcome).toBe('majority');
});

it('where all others have it and are no majority nothing more is waited for', async () => {
  const begun = performance.now();
  const of2 = confirm({ 1: '1-a:h' }, { voters: [1, 3], count: 'voters' });
  const of1Lineage = confirm({ 1: '1-a:h', 2: '1-a:h' });
  expect([await of2.outcome, await of1Lineage.outcome]).toEqual(['all others', 'all others']);
  expect([of2.asked, of1Lineage.asked]).toEqual([[1], [1, 2]]);
  expect(performance.now() - begun).toBeLessThan(2_000);
});

it('one that has another state ends it at once, whoever is silent', async () => {
  const { outcome } = confirm({ 1: 'silent', 2: '2-b:x' });
  const error = await outcome;
  expect(error).toBeInstanceOf(DisputedCopyError);
  expect(error).toMatchObject({
    name: 'DisputedCopyError',
    message: 'the copy is not taken: member 2 has another state at revision 9',
  });
});

it('whoever does not know yet or does not answer is asked again, and nobody while an answer is awaited', async () => {
  let times = 0;
  const late = (): string => (++times < 2 ? '2-b:' : '2-b:h');
  const { asked, said, outcome } = confirm(
    { 1: 'away', 2: late, 4: 'silent', 5: '5-e:h' },
    { voters: [1, 2, 4, 5], self: 9, count: 'voters', stopping: AbortSignal.timeout(1_000) },
  );
  expect(await outcome).toMatchObject({ name: 'TimeoutError' });
  expect(said[0]).toBe('member 1 did not confirm a copy: nobody there');
  expect(asked.filter((voter) => voter === 1).length).toBeGreaterThan(1);
  expect(asked.filter((voter) => voter === 2)).toHaveLength(2);
  expect(asked.filter((voter) => voter > 3)).toEqual([4, 5]);
});

it('the empty state needs nobody, and nobody can confirm another where nobody is left', async () => {
  const empty = confirm({}, { claim: { ...claim, revision: 0 } });
  const alone = confirm({}, { voters: [3] });
  expect([await empty.outcome, await alone.outcome]).toEqual(['majority', 'too few']);
  expect([...empty.asked, ...alone.asked]).toEqual([]);
});

it('a copy that is not wanted any more is given up at once', async () => {
  const stopping = new AbortController();
  const { asked, outcome } = confirm({ 1: 'silent', 2: 'silent' }, { stopping: stopping.signal });
  const begun = performance.now();
  stopping.abort(new Error('enough'));
  expect(await outcome).toEqual(new Error('enough'));
  expect(asked).toEqual([1, 2]);
  expect(performance.now() - begun).toBeLessThan(290);
});
