import type { NodeId } from '../raft/index.js';
import { messageOf } from '../store/lmdb.js';
import type { StateStore } from '../store/state.js';
import { isLineageOf, judge, type Witness } from './verdict.js';
import { hashOf, textOf, type VerifyReply, type VerifyRequest } from './verify.js';

export interface VouchOptions {
  readonly self: NodeId;
  readonly state: StateStore;
  readonly ask: (voter: NodeId, request: VerifyRequest) => Promise<VerifyReply>;
  readonly say: (level: 'debug', text: string) => void;
}

/**
 * A replica that is about to give up its damaged state is a witness of what it has computed, as far as it came: its hash is
 * of the changes, whatever became of the rows. Where it makes a majority of lineages with what the other voters had at that
 * revision, they are told, and are each a lineage of their own from then on, as after any comparison (verify.ts). Without
 * that, others that share one lineage could confirm no copy for it, and it could not run for long enough to be compared.
 * Nothing is said while there is a dispute. Takes one question and one answer to each voter, at the same time.
 */
export async function vouchForOthers({ self, state, ask, say }: VouchOptions): Promise<void> {
  const { revision, lineage, conf } = state.meta;
  const own = state.hashAt(revision);
  if (own === undefined || revision === 0 || !conf.voters.includes(self)) return;
  const { changes } = own;
  const witnesses = new Map<NodeId, Witness>([[self, { changes, rows: undefined, lineage }]]);
  let isDisputed = false;
  const others = conf.voters.filter((voter) => voter !== self);
  const tryToAsk = async (voter: NodeId, request: VerifyRequest): Promise<VerifyReply | undefined> => {
    try {
      return await ask(voter, request);
    } catch (error) {
      say('debug', `member ${voter} did not say how its state compares: ${messageOf(error)}`);
      return undefined;
    }
  };
  await Promise.all(
    others.map(async (voter) => {
      const reply = await tryToAsk(voter, { op: 'hash', revision });
      const hash = reply === undefined ? undefined : hashOf(reply);
      if (reply?.disputed === true) isDisputed = true;
      if (hash !== undefined) witnesses.set(voter, { ...hash, lineage: reply?.lineage ?? '' });
    }),
  );
  if (isDisputed || judge(witnesses, conf.voters).kind !== 'agreed') return;
  const waiting = [...witnesses].filter(([voter, witness]) => voter !== self && !isLineageOf(witness.lineage, voter));
  await Promise.all(
    waiting.map(([voter, { rows }]) => tryToAsk(voter, { op: 'agreed', revision, ...textOf({ changes, rows }) })),
  );
}
