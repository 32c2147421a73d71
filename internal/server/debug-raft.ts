import { isObject, type JsonValue } from '../machinery/json.js';
import { badRequest, StatusError, serviceUnavailable } from '../machinery/status.js';
import type { ApiRequest, BytesReply, Reply } from '../rest/types.js';
import { type BackupSource, backupReply } from './backup-stream.js';

/** What /debug/raft answers. */
export interface RaftStatus {
  readonly id: number | string;
  readonly term: number;
  readonly role: string;
  readonly leader: number | string;
  readonly leaderName?: string;
  readonly commit: number;
  readonly applied: number;
  readonly members: readonly { readonly name: string; readonly connected: boolean }[];
}

/** The membership as an operation. Every method rejects or throws with a sentence that a person can act on. */
export interface RaftControl {
  status(): RaftStatus;
  addMember(name: string, address: string): Promise<void>;
  promoteMember(name: string): Promise<void>;
  removeMember(name: string): Promise<void>;
  transferLeader(name: string): void;
  /** The whole state as a snapshot file. */
  backup(): Promise<BackupSource>;
}

const MEMBERS = '/debug/raft/members';
/** How long a hand-over may take before the answer says that it has not happened, and how often it is looked for. */
const TRANSFER_MS = 5_000;
const TRANSFER_POLL_MS = 5;

/**
 * `/debug/raft` and the operations below it: POST `/debug/raft/members` {name, address}, POST `.../members/NAME/promote`,
 * DELETE `.../members/NAME`, POST `/debug/raft/leader` {name}. They answer the status afterwards. GET `/debug/raft/snapshot`
 * streams a snapshot file. Authorized like every
 * other path: by default only `system:masters` may. Undefined for what is no such path.
 */
export function handleRaft(control: RaftControl, request: ApiRequest): Reply | Promise<Reply> | undefined {
  const { path, method } = request;
  if (path === '/debug/raft/snapshot' && method === 'GET') return backupReply(() => control.backup());
  if (path === '/debug/raft' && method === 'GET') return answer(control);
  if (path === MEMBERS && method === 'POST') {
    const { name, address } = bodyOf(request, 'name', 'address');
    return perform(control, () => control.addMember(name ?? '', address ?? ''));
  }
  if (path === '/debug/raft/leader' && method === 'POST') {
    const { name } = bodyOf(request, 'name');
    return perform(control, () => moveLeader(control, name ?? ''));
  }
  if (!path.startsWith(`${MEMBERS}/`)) return undefined;
  const [name = '', operation] = path.slice(MEMBERS.length + 1).split('/');
  if (method === 'DELETE' && operation === undefined) return perform(control, () => control.removeMember(name));
  if (method === 'POST' && operation === 'promote') return perform(control, () => control.promoteMember(name));
  return undefined;
}

function answer(control: RaftControl): BytesReply {
  return { status: 200, contentType: 'application/json', body: `${JSON.stringify(control.status())}\n` };
}

async function perform(control: RaftControl, operation: () => Promise<void>): Promise<BytesReply> {
  try {
    await operation();
  } catch (error) {
    if (error instanceof StatusError || !(error instanceof Error)) throw error;
    // Refusals of membership are sentences for the person who asked.
    throw error.name === 'MembershipError' ? badRequest(error.message) : serviceUnavailable(error.message);
  }
  return answer(control);
}

async function moveLeader(control: RaftControl, name: string): Promise<void> {
  try {
    control.transferLeader(name);
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : 'leadership cannot be handed over now');
  }
  for (const until = performance.now() + TRANSFER_MS; performance.now() < until; ) {
    if (control.status().leaderName === name) return;
    await new Promise((resolve) => setTimeout(resolve, TRANSFER_POLL_MS));
  }
  const { members } = control.status();
  const away = members.some((member) => member.name === name && !member.connected);
  const reason = away ? 'it is not connected' : 'ask again';
  throw serviceUnavailable(`${name} does not lead after ${TRANSFER_MS / 1000} s: ${reason}`);
}

function bodyOf<K extends string>(request: ApiRequest, ...keys: readonly K[]): Partial<Record<K, string>> {
  let body: JsonValue;
  try {
    body = JSON.parse(request.body.toString('utf8')) as JsonValue;
  } catch (error) {
    throw badRequest(`the body is no JSON: ${error instanceof Error ? error.message : ''}`);
  }
  const out: Partial<Record<K, string>> = {};
  for (const key of keys) {
    const value = isObject(body) ? body[key] : undefined;
    if (typeof value !== 'string' || value === '') throw badRequest(`the body must have "${key}", a string`);
    out[key] = value;
  }
  return out;
}
