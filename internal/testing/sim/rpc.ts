/**
 * Takes the place of internal/transport/call.ts and fetch.ts in a simulation (bundle.ts swaps it in): questions and
 * streams to whoever listens at an address, over the simulated network.
 */
import type { Caller } from '../../transport/call.js';
import type { PeerIdentity, TransportTls } from '../../transport/types.js';
import type { Actor } from './event-queue.js';
import { currentMachine } from './machine.js';
import { currentNetwork, type Endpoint } from './network.js';
import { Pipe } from './pipe.js';

const CONNECTION_REFUSED_MS = 5;

/** What listens at an address (transport.ts). */
export interface Listening extends Endpoint {
  /** `to` is who is meant; both are undefined for who does not say who it is. */
  onCall(payload: Buffer, from: PeerIdentity | undefined, to: number | undefined): Promise<Buffer>;
  onFetch(peer: PeerIdentity): AsyncIterable<Buffer>;
}

/** Asks one question of the process at an address, on behalf of `actor` at address `from`. */
export function request(
  from: string,
  actor: Actor,
  address: string,
  payload: Buffer,
  timeoutMs: number,
  caller?: Caller,
): Promise<Buffer> {
  const network = currentNetwork();
  const { world } = network;
  return new Promise((resolve, reject) => {
    world.schedule(timeoutMs, actor, () => reject(new Error(`no answer from ${address}`)));
    const target = network.at(address) as Listening | undefined;
    if (target === undefined) {
      world.schedule(CONNECTION_REFUSED_MS, actor, () => reject(new Error(`nobody listens at ${address}`)));
      return;
    }
    const own: Endpoint = { address: from, actor };
    const back = (settle: () => void): void => void network.carry(target.address, own, settle);
    network.carry(from, target, () => {
      target.onCall(payload, caller?.self, caller?.to).then(
        (answer) => back(() => resolve(answer)),
        (error: unknown) => back(() => reject(error instanceof Error ? error : new Error(String(error)))),
      );
    });
  });
}

export function askAt(
  address: string,
  _tls: TransportTls | undefined,
  payload: Buffer,
  timeoutMs: number,
  caller?: Caller,
): Promise<Buffer> {
  const { name, actor } = currentMachine();
  return request(name, actor, address, payload, timeoutMs, caller);
}

export async function* fetchState(
  address: string,
  _tls: TransportTls | undefined,
  self: PeerIdentity,
  _to: number,
): AsyncGenerator<Buffer> {
  const network = currentNetwork();
  const { world, temper } = network;
  const { name, actor } = currentMachine();
  const target = network.at(address) as Listening | undefined;
  if (target === undefined || network.isCut(name, address)) throw new Error(`nobody listens at ${address}`);
  const pipe = new Pipe();
  let arrival = 0;
  // A stream keeps its order. When it is cut nothing more comes, and the reader has to notice by itself.
  const deliver = (what: () => void): void => {
    if (network.isCut(address, name) || world.random.chance(temper.lossChance / 4)) arrival = Number.POSITIVE_INFINITY;
    arrival = Math.max(arrival, world.now + world.random.exponential(temper.delayMs));
    if (Number.isFinite(arrival)) world.schedule(arrival - world.now, actor, what);
  };
  const send = async (): Promise<void> => {
    try {
      for await (const chunk of target.onFetch(self)) deliver(() => pipe.push(chunk));
      deliver(() => pipe.end());
    } catch (error) {
      deliver(() => pipe.fail(error instanceof Error ? error : new Error(String(error))));
    }
  };
  world.schedule(temper.delayMs, target.actor, () => void send());
  yield* pipe;
}
