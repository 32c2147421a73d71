import { Packr } from 'msgpackr';
import { UnavailableError } from '../store/types.js';
import { askAt, type Caller } from '../transport/call.js';
import type { TransportTls } from '../transport/types.js';
import { MembershipError } from './membership.js';

type Reply = { readonly payload: Uint8Array } | { readonly error: string; readonly name: string };

const TIMEOUT_MS = 15_000;
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/** Runs the answer to a Call; an error travels by name and message. */
export async function answerCall(work: () => Promise<Buffer>): Promise<Buffer> {
  let reply: Reply;
  try {
    reply = { payload: await work() };
  } catch (error) {
    reply =
      error instanceof Error ? { error: error.message, name: error.name } : { error: String(error), name: 'Error' };
  }
  return packr.pack(reply);
}

/** Asks the member at an address, as `caller`; without one nobody does more than let us join. Rejects with MembershipError as it said, or with UnavailableError. */
export async function callMember(
  address: string,
  tls: TransportTls | undefined,
  payload: Buffer,
  timeoutMs: number = TIMEOUT_MS,
  caller?: Caller,
): Promise<Buffer> {
  let reply: Reply;
  try {
    reply = packr.unpack(await askAt(address, tls, payload, timeoutMs, caller)) as Reply;
  } catch (error) {
    throw new UnavailableError(
      `${address} did not answer: ${error instanceof Error ? error.message : String(error)}`,
      true,
    );
  }
  return unwrap(reply);
}

/** What a Call's reply says. Throws MembershipError as the other side did, or UnavailableError. */
export function readReply(bytes: Buffer): Buffer {
  return unwrap(packr.unpack(bytes) as Reply);
}

function unwrap(reply: Reply): Buffer {
  if ('payload' in reply) return Buffer.from(reply.payload);
  if (reply.name === 'MembershipError') throw new MembershipError(reply.error);
  throw new UnavailableError(reply.error, false);
}
