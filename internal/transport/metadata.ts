import { Metadata } from '@grpc/grpc-js';
import type { PeerIdentity } from './types.js';

/** Characters of the longest nonce; ours have 32. */
const NONCE_MAX = 128;
/** Characters of the longest address: a DNS name of 253 and a port. */
const STARTS_MAX = 1_024;
const ADDRESS_MAX = 259;

export function identityMetadata(self: PeerIdentity, to?: number): Metadata {
  const metadata = new Metadata();
  metadata.set('quorate-cluster', String(self.cluster));
  metadata.set('quorate-from', String(self.id));
  metadata.set('quorate-nonce', self.nonce);
  if (self.address !== undefined) metadata.set('quorate-address', self.address);
  if (self.starts !== undefined) metadata.set('quorate-starts', self.starts.map((start) => start.join(':')).join(','));
  if (self.empty === true) metadata.set('quorate-empty', '1');
  if (self.logVersion !== undefined) metadata.set('quorate-log-version', String(self.logVersion));
  if (to !== undefined) metadata.set('quorate-to', String(to));
  return metadata;
}

/** The speaker that the metadata names, or undefined when it names none. */
export function identityOf(metadata: Metadata): PeerIdentity | undefined {
  const cluster = Number(text(metadata, 'quorate-cluster'));
  const id = Number(text(metadata, 'quorate-from'));
  const nonce = text(metadata, 'quorate-nonce');
  if (!Number.isSafeInteger(cluster) || !Number.isSafeInteger(id) || id <= 0 || nonce === '') return undefined;
  const address = text(metadata, 'quorate-address');
  // They are kept: what a peer says of itself must not grow without bound.
  const startsText = text(metadata, 'quorate-starts');
  if (nonce.length > NONCE_MAX || address.length > ADDRESS_MAX || startsText.length > STARTS_MAX) return undefined;
  const starts = startsOf(startsText);
  const empty = text(metadata, 'quorate-empty') === '1';
  const logVersion = Number(text(metadata, 'quorate-log-version'));
  return {
    cluster,
    id,
    nonce,
    ...(empty ? { empty } : {}),
    ...(address === '' ? {} : { address }),
    ...(starts.length === 0 ? {} : { starts }),
    logVersion: Number.isSafeInteger(logVersion) && logVersion > 0 ? logVersion : 0,
  };
}

/** Does the caller say who it is, rightly or not? */
export function isNamed(metadata: Metadata): boolean {
  return text(metadata, 'quorate-from') !== '' || text(metadata, 'quorate-nonce') !== '';
}

function startsOf(list: string): (readonly [boots: number, id: string])[] {
  return list.split(',').flatMap((start) => {
    const [boots = '', id = ''] = start.split(':');
    return boots !== '' && Number.isSafeInteger(Number(boots)) && id !== '' ? [[Number(boots), id] as const] : [];
  });
}

/** The member that the caller means to reach; undefined when it does not say. */
export function addresseeOf(metadata: Metadata): number | undefined {
  const to = text(metadata, 'quorate-to');
  return to === '' ? undefined : Number(to);
}

function text(metadata: Metadata, key: string): string {
  const value = metadata.get(key)[0];
  return typeof value === 'string' ? value : '';
}
