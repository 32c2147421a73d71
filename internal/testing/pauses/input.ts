import type { MeasuredReplica, Sent, SendOptions } from './measured-replica.js';
import type { Others } from './others.js';

/** A request. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly options?: SendOptions | (() => SendOptions);
}

/** One request, or a few, that might hold the replica. Some rely on what those before them in the table made. */
export interface Input extends Asked {
  readonly name: string;
  /** What must be there before; not measured. */
  readonly prepare?: (replica: MeasuredReplica, others: Others) => Promise<void>;
  /** It is sent to the replica that asks others: an issuer, webhooks, an aggregated server, a kubelet. */
  readonly withOthers?: true;
  /** Sends it, where it is no plain request. */
  readonly send?: (replica: MeasuredReplica) => Promise<Sent>;
  /** Others that are sent at the same time. */
  readonly beside?: readonly Asked[];
  /**
   * Statuses with which it is refused. Without, it must succeed: what is refused at the door tells nothing of what stands
   * behind it.
   */
  readonly refused?: readonly number[] | undefined;
}

/*
 * As many as are taken (schema/codec/body-shape.ts): members of one object, items of a list of a built-in kind and of
 * others, items that are owned one by one.
 */
export const KEYS = 16_000;
export const ITEMS = 16_000;
export const OTHER_ITEMS = 32_000;
export const OWNED = 4_900;

/** What the answer should have been, or undefined. An internal error is never right, however large the input is. */
export function wrongAnswer({ refused }: Input, { status, body }: Sent): string | undefined {
  const fits = refused === undefined ? status >= 200 && status < 300 : refused.includes(status);
  return fits ? undefined : `${status}: ${body.slice(0, 300)}`;
}

/** Sends a request that must succeed; for `prepare`. */
export async function must(replica: MeasuredReplica, method: string, path: string, body?: unknown): Promise<void> {
  const sent = await replica.send(method, path, body === undefined ? {} : { body });
  if (sent.status >= 300 && sent.status !== 409)
    throw new Error(`${method} ${path}: ${sent.status} ${sent.body.slice(0, 500)}`);
}

/** `n` values made from their numbers. */
export const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));

/** An object with `n` members. */
export const members = <T>(n: number, make: (i: number) => readonly [string, T]): Record<string, T> =>
  Object.fromEntries(times(n, make));

export const POST = (name: string, path: string, body: () => unknown, more: Partial<Input> = {}): Input => ({
  name,
  method: 'POST',
  path,
  options: () => ({ body: body() }),
  ...more,
});

const PATCHES = { json: 'json-patch', merge: 'merge-patch', strategic: 'strategic-merge-patch' } as const;

/** A patch of one of the three kinds. */
export const PATCH = (
  name: string,
  kind: keyof typeof PATCHES,
  path: string,
  body: () => unknown,
  more: Partial<Input> = {},
): Input => ({
  name,
  method: 'PATCH',
  path,
  options: () => ({ body: body(), headers: { 'content-type': `application/${PATCHES[kind]}+json` } }),
  ...more,
});

/** Server-side apply; JSON is YAML. */
export const APPLY = (
  name: string,
  path: string,
  manager: string,
  body: () => unknown,
  more: Partial<Input> & { readonly force?: boolean } = {},
): Input => ({
  name,
  method: 'PATCH',
  path: `${path}?fieldManager=${manager}${more.force === true ? '&force=true' : ''}`,
  options: () => ({ body: body(), headers: { 'content-type': 'application/apply-patch+yaml' } }),
  ...more,
});

export const NAMESPACED = '/api/v1/namespaces/default';
