// Replays ../shared/oracle/audit: the recorded requests against a replica with the recorded policy, and compares the
// events that it writes, request by request.
import { once } from 'node:events';
import fs from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kubeconfigAccess, type Person, people } from './audit-people.js';
import { auditHooks, startAuditHooks } from './audit-hooks.js';
import { auditSetup, REGISTRATION } from './audit-setup.js';

interface Recorded {
  readonly id: string;
  readonly who?: string;
  readonly m: string;
  readonly p: string;
  readonly h?: Readonly<Record<string, string | string[]>>;
  readonly b?: unknown;
  readonly status: number;
}
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Event = { [key: string]: Json } & { readonly auditID: string; readonly stage: string };

/** How long the last events may take. */
const WAIT_MS = 5_000;

const readLines = <T>(file: string): T[] =>
  fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as T);

/** A placeholder stands for any text; everything else must be equal. The first difference, or undefined. */
function difference(want: Json | undefined, got: Json | undefined, at = ''): string | undefined {
  if (typeof want === 'string' && /^<[a-z]+>$/.test(want)) {
    return typeof got === 'string' && got !== '' ? undefined : `${at}: want some text, got ${JSON.stringify(got)}`;
  }
  if (Array.isArray(want) && Array.isArray(got) && want.length === got.length) {
    for (const [i, item] of want.entries()) {
      const found = difference(item, got[i], `${at}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isRecord(want) && isRecord(got)) {
    for (const key of new Set([...Object.keys(want), ...Object.keys(got)])) {
      const found = difference(want[key], got[key], `${at}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return want === got ? undefined : `${at}: want ${short(want)} got ${short(got)}`;
}

const isRecord = (v: Json | undefined): v is { [key: string]: Json } =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const short = (v: Json | undefined): string => (JSON.stringify(v) ?? 'nothing').slice(0, 400);

async function send(server: URL, person: Person, request: Omit<Recorded, 'status'>): Promise<number> {
  const { m, p, h = {}, b } = request;
  const body = b === undefined ? undefined : typeof b === 'string' ? b : JSON.stringify(b);
  const headers = {
    accept: 'application/json',
    'user-agent': 'oracle/1.0',
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    ...(person.token === undefined ? {} : { authorization: `Bearer ${person.token}` }),
    'audit-id': request.id,
    ...h,
  };
  const req = https.request({
    host: server.hostname,
    port: server.port,
    method: m,
    path: p,
    headers,
    agent: person.agent,
  });
  req.end(body);
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  res.resume();
  await once(res, 'end');
  return res.statusCode ?? 0;
}

/** What was written of each request, in order. */
function eventsOf(file: string): Map<string, Event[]> {
  const found = new Map<string, Event[]>();
  for (const event of readLines<Event>(file)) {
    const id = event.auditID;
    found.set(id, [...(found.get(id) ?? []), event]);
  }
  return found;
}

/** Prints what differs (at most `show` requests), and answers how many requests do. */
export async function compareAudit(
  sample: string,
  kubeconfig: string,
  pkiDir: string,
  logFile: string,
  show: number,
): Promise<number> {
  const access = kubeconfigAccess(kubeconfig);
  const all = await people(access, pkiDir);
  const admin = all.get('admin');
  if (admin === undefined) throw new Error('no administrator');
  const hooks = await startAuditHooks();
  const configuration = { path: `${REGISTRATION}/mutatingwebhookconfigurations`, body: auditHooks(hooks) };
  for (const { path: p, body } of [...auditSetup(), configuration]) {
    const status = await send(access.server, admin, { id: `setup ${p}`, m: 'POST', p, b: body });
    if (status !== 201) throw new Error(`POST ${p} answered ${status}`);
  }
  await sleep(500);
  const requests = readLines<Recorded>(path.join(sample, 'requests.jsonl'));
  const want = eventsOf(path.join(sample, 'events.jsonl'));
  for (const request of requests) {
    const status = await send(access.server, all.get(request.who ?? 'admin') ?? admin, request);
    if (status !== request.status) process.stdout.write(`audit ${request.id}: want ${request.status}, got ${status}\n`);
  }
  const until = performance.now() + WAIT_MS;
  const count = (events: Map<string, Event[]>): number =>
    requests.reduce((n, { id }) => n + (events.get(id)?.length ?? 0), 0);
  let got = eventsOf(logFile);
  while (count(got) < count(want) && performance.now() < until) {
    await sleep(100);
    got = eventsOf(logFile);
  }
  let [equal, differing] = [0, 0];
  for (const { id } of requests) {
    const [wanted, found] = [want.get(id) ?? [], got.get(id) ?? []];
    const where =
      wanted.length === found.length
        ? difference(wanted, found)
        : `want stages ${wanted.map((e) => e.stage).join(', ')}; got ${found.map((e) => e.stage).join(', ')}`;
    if (where === undefined) equal++;
    else if (++differing <= show) process.stdout.write(`audit ${id}: ${where}\n`);
  }
  process.stdout.write(`audit: the events of ${equal} of ${requests.length} requests agree\n`);
  for (const person of all.values()) person.agent.destroy();
  await hooks.close();
  return differing;
}
