// Compares the bytes of some hundred answers with what kube-apiserver recorded: the replayer compares parsed JSON only.
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import zlib from 'node:zlib';

interface Step {
  m: string;
  p: string;
  h?: Record<string, string>;
  b?: unknown;
  bg?: boolean;
  wait?: number;
}
interface Case {
  id: string;
  setup?: Step[];
  steps: Step[];
  want: { s: number; b: unknown }[];
  cleanup?: Step[];
}
interface Answer {
  s: number;
  text: string;
  b: unknown;
}
interface OracleClient {
  loadKubeconfig(file: string): { server: string; ca?: Buffer; cert?: Buffer; key?: Buffer };
  fill(step: Step, answers: readonly (Answer | undefined)[]): Step;
}

/** About so many cases of each area are asked. */
const CASES_PER_AREA = 40;
const AREAS = ['create', 'list', 'negotiation', 'crd', 'table', 'authz', 'subresource', 'update', 'patch', 'apply'];
const MORE_AREAS = ['delete', 'discovery', 'lifecycle', 'validation'];
/** Server-side apply sorts the keys of raw JSON in kube-apiserver; here they keep the order in which they were sent. */
const KNOWN = /^apply\/apps\.v1\.ControllerRevision/;
/** Fewer answers than this cannot be compared when something is wrong with the comparison itself. */
const MIN_ANSWERS = 300;

/** Text as Go's encoder writes this value: compact, `<`, `>`, `&`, U+2028 and U+2029 escaped, a line end behind it. */
function goText(value: unknown): string {
  const escaped = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escaped)}\n`;
}

/** Says where the order of names differs between two values; what only one of them has is not looked at. */
function orderDifferences(want: unknown, got: unknown, at = '', out: string[] = []): string[] {
  if (Array.isArray(want) && Array.isArray(got)) {
    for (let i = 0; i < Math.min(want.length, got.length); i++) orderDifferences(want[i], got[i], `${at}[]`, out);
  } else if (typeof want === 'object' && want !== null && typeof got === 'object' && got !== null) {
    const w = want as Record<string, unknown>;
    const g = got as Record<string, unknown>;
    const wanted = Object.keys(w).filter((k) => Object.hasOwn(g, k));
    const given = Object.keys(g).filter((k) => Object.hasOwn(w, k));
    if (wanted.join() !== given.join()) out.push(`${at}: want ${wanted.join()} got ${given.join()}`);
    for (const name of wanted) orderDifferences(w[name], g[name], `${at}.${name}`, out);
  }
  return out;
}

/** Replays some cases against the server of `kubeconfig` and prints answers whose bytes differ; returns how many do. */
export async function compareBytes(oracle: string, kubeconfig: string): Promise<number> {
  const client = (await import(pathToFileURL(path.join(oracle, 'client.mjs')).href)) as OracleClient;
  const { server, ca, cert, key } = client.loadKubeconfig(kubeconfig);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 4, ca, cert, key });
  const send = (step: Step): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const body = step.b === undefined ? undefined : typeof step.b === 'string' ? step.b : JSON.stringify(step.b);
      const headers: Record<string, string | number> = { accept: 'application/json', ...step.h };
      if (body !== undefined) {
        headers['content-type'] ??= 'application/json';
        headers['content-length'] = Buffer.byteLength(body);
      }
      const request = https.request(`${server}${step.p}`, { method: step.m, headers, agent, timeout: 30_000 }, (r) => {
        const chunks: Buffer[] = [];
        r.on('data', (c: Buffer) => chunks.push(c));
        r.on('error', reject);
        r.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const json = (r.headers['content-type'] ?? '').startsWith('application/json');
          resolve({ s: r.statusCode ?? 0, text, b: json ? parsed(text) : undefined });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  const head = { apiVersion: 'v1', metadata: {} };
  await send({ m: 'POST', p: '/api/v1/namespaces', b: { ...head, kind: 'Namespace', metadata: { name: 'oracle' } } });
  await send({
    m: 'POST',
    p: '/api/v1/namespaces/oracle/serviceaccounts',
    b: { ...head, kind: 'ServiceAccount', metadata: { name: 'default' } },
  });
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const gadgets = parsed(fs.readFileSync(path.join(oracle, 'gadgets.crd.json'), 'utf8'));
  await send({ m: 'POST', p: definitions, b: gadgets });
  const served = { m: 'GET', p: '/apis/oracle.example.com/v1/namespaces/oracle/gadgets' };
  for (let tries = 0; (await send(served)).s !== 200; tries++) {
    if (tries === 100) throw new Error('the custom resources of the oracle are not served');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  let answers = 0;
  const differing: string[] = [];
  for (const c of AREAS.concat(MORE_AREAS).flatMap((area) => someCases(oracle, area))) {
    const seen: Answer[] = [];
    for (const [i, step] of c.steps.entries()) {
      const got = await send(client.fill(step, seen));
      seen.push(got);
      const want = c.want[i];
      if (want === undefined || got.s !== want.s || got.b === undefined || typeof want.b !== 'object') continue;
      answers++;
      const faults = orderDifferences(want.b, got.b);
      if (got.text !== goText(got.b)) faults.unshift(`not as Go writes it: ${JSON.stringify(got.text.slice(-60))}`);
      if (faults.length > 0) differing.push(`${c.id} step ${i}: ${faults.slice(0, 3).join('; ')}`);
    }
    for (const step of c.cleanup ?? []) await send(client.fill(step, seen));
  }
  await send({ m: 'DELETE', p: `${definitions}/gadgets.oracle.example.com` });
  agent.destroy();
  for (const line of differing.slice(0, 20)) process.stdout.write(`BYTES: ${line}\n`);
  process.stdout.write(`bytes: ${answers - differing.length} of ${answers} answers as kube-apiserver writes them\n`);
  if (answers < MIN_ANSWERS) process.stdout.write(`BYTES: fewer than ${MIN_ANSWERS} answers could be compared\n`);
  return differing.length + (answers < MIN_ANSWERS ? 1 : 0);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not one JSON value (an event stream): not what is compared here.
    return undefined;
  }
}

/** Cases of an area that one request after the other replays, evenly spread over it. */
function someCases(oracle: string, area: string): Case[] {
  const dir = path.join(oracle, 'cases');
  const all = fs
    .readdirSync(dir)
    .filter((f) => f.split('.')[0] === area)
    .sort()
    .flatMap((f) =>
      zlib
        .gunzipSync(fs.readFileSync(path.join(dir, f)))
        .toString()
        .split('\n'),
    )
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Case);
  const stride = Math.max(1, Math.floor(all.length / CASES_PER_AREA));
  // Documents and indented answers have forms of their own.
  const other = ({ p }: Step): boolean => !/^\/apis?(\/|$)/.test(p) || p.includes('pretty=');
  return all
    .filter((_, i) => i % stride === 0)
    .filter((c) => c.setup === undefined && !c.steps.some((s) => s.bg === true || s.wait !== undefined || other(s)))
    .filter((c) => !KNOWN.test(c.id));
}
