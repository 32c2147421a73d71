import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensurePki, issueAdmin } from '../../internal/pki/pki.js';
import { noOrphan } from '../../internal/testing/orphans.js';
import { freeBase } from '../../internal/testing/ports.js';

const PORT = await freeBase([0, 1]);
const repoRoot = resolve(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'quorate-serve-'));
const tokens = join(dir, 'tokens.csv');
writeFileSync(tokens, 'admin-token,admin,admin,"system:masters"\njane-token,jane,jane\n');

interface Run {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  log(): string;
  /** Resolves when a line of the log contains `text`; rejects when the process ends before. */
  says(text: string): Promise<void>;
}

/** Runs `quorate` as it is built, as a process of its own. */
function quorate(...args: string[]): Run {
  const child = spawn(process.execPath, [join(repoRoot, 'dist/quorate.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  noOrphan(child);
  let log = '';
  const waiting = new Set<() => void>();
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      for (const look of waiting) look();
    });
  }
  const exited = new Promise<number | null>((done) => child.on('close', (code) => done(code)));
  return {
    child,
    exited,
    log: () => log,
    says: (text) =>
      new Promise((done, fail) => {
        const look = (): void => {
          if (log.includes(text)) done();
        };
        waiting.add(look);
        look();
        void exited.then(() => fail(new Error(`it ended without saying "${text}":\n${log}`)));
      }),
  };
}

const serve = (...more: string[]): Run =>
  quorate(
    'serve',
    '--name=a',
    `--data-dir=${join(dir, 'data')}`,
    `--cert-dir=${join(dir, 'pki')}`,
    '--bind-address=127.0.0.1',
    `--token-auth-file=${tokens}`,
    '--service-node-port-range=31000-31001',
    '--kubernetes-service-node-port=31001',
    ...more,
  );

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface CallOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

function call(path: string, options: CallOptions = {}) {
  const { body, token = 'admin-token', ...rest } = options;
  return new Promise<Answer>((done, fail) => {
    const request = https.request(
      {
        host: '127.0.0.1',
        port: PORT,
        path,
        rejectUnauthorized: false,
        agent: false,
        ...rest,
        headers: {
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          ...rest.headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => done({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
        response.on('error', fail);
      },
    );
    request.on('error', fail);
    request.end(body);
  });
}

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const json = { 'content-type': 'application/json' };
let replica: Run;

beforeAll(async () => {
  execFileSync(join(repoRoot, 'scripts/prepare'));
  replica = serve(`--secure-port=${PORT}`);
  await replica.says('is ready');
});
afterAll(async () => {
  replica.child.kill('SIGKILL');
  await replica.exited;
  rmSync(dir, { recursive: true });
});

describe('one replica', () => {
  test('serves its administrator by certificate, and users by token', async () => {
    const { cert, key } = await issueAdmin(join(dir, 'pki'));
    expect((await call(CONFIGMAPS, { token: '', cert, key })).status).toBe(200);
    expect((await call(CONFIGMAPS)).status).toBe(200);
    const jane = await call(CONFIGMAPS, { token: 'jane-token' });
    expect(jane.status).toBe(403);
    expect(JSON.parse(jane.body)).toMatchObject({
      message:
        'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "default"',
    });
    expect((await call(CONFIGMAPS, { token: 'wrong' })).status).toBe(401);
    const nobody = await call(CONFIGMAPS, { token: '' });
    expect(nobody.status).toBe(403);
    expect(nobody.body).toContain('User \\"system:anonymous\\" cannot list resource');
  });

  test('a role that is bound lets a user in, and out again when it is unbound', async () => {
    const bindings = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings';
    const binding = {
      metadata: { name: 'jane-views' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:aggregate-to-view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
    };
    const made = await call(bindings, { method: 'POST', headers: json, body: JSON.stringify(binding) });
    expect(made.status).toBe(201);
    expect((await call(CONFIGMAPS, { token: 'jane-token' })).status).toBe(200);
    expect((await call('/api/v1/configmaps', { token: 'jane-token' })).status).toBe(403);
    const post = { method: 'POST', headers: json, body: '{"metadata":{"name":"x"}}', token: 'jane-token' };
    expect((await call(CONFIGMAPS, post)).status).toBe(403);
    await call(`${bindings}/jane-views`, { method: 'DELETE' });
    expect((await call(CONFIGMAPS, { token: 'jane-token' })).status).toBe(403);
  });

  test('a service account has tokens, for the audiences they name and while it exists', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    const post = async (path: string, body: unknown) =>
      JSON.parse((await call(path, { method: 'POST', headers: json, body: JSON.stringify(body) })).body) as {
        status: { token: string; authenticated?: boolean; user: { username: string }; audiences?: string[] };
      };
    await post(accounts, { metadata: { name: 'robot' } });
    const { token } = (await post(`${accounts}/robot/token`, {})).status;
    const self = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const whoAmI = await call(self, { method: 'POST', headers: json, body: '{}', token });
    expect(JSON.parse(whoAmI.body)).toMatchObject({
      status: {
        userInfo: {
          username: 'system:serviceaccount:default:robot',
          groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
        },
      },
    });
    const [head = '', claims = '', signature = ''] = token.split('.');
    const forged = JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), exp: 9_999_999_999 });
    const tampered = [head, Buffer.from(forged).toString('base64url'), signature].join('.');
    expect((await call(self, { token: tampered })).status).toBe(401);
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    expect((await call(self, { token: `${none}.${claims}.` })).status).toBe(401);

    const forVault = (await post(`${accounts}/robot/token`, { spec: { audiences: ['vault'] } })).status.token;
    expect((await call(self, { token: forVault })).status).toBe(401);
    const reviews = '/apis/authentication.k8s.io/v1/tokenreviews';
    const review = await post(reviews, { spec: { token: forVault, audiences: ['vault', 'other'] } });
    expect(review.status).toMatchObject({ authenticated: true, audiences: ['vault'] });
    expect((await post(reviews, { spec: { token: 'admin-token', audiences: ['vault'] } })).status.authenticated).toBe(
      undefined,
    );
    await call(`${accounts}/robot`, { method: 'DELETE' });
    expect((await call(self, { token })).status).toBe(401);
  });

  test('bad input gets its proper answer, and the replica goes on', async () => {
    const post = (body: string | Buffer, headers: Record<string, string>) =>
      call(CONFIGMAPS, { method: 'POST', body, headers });
    expect((await post('{"metadata":', json)).status).toBe(400);
    expect((await post('\u0000\u0001', json)).status).toBe(400);
    expect((await post('<a/>', { 'content-type': 'text/xml' })).status).toBe(415);
    expect((await post(Buffer.alloc(4 * 1024 * 1024, ' '), json)).status).toBe(413);
    expect((await call(CONFIGMAPS, { headers: { accept: 'image/png' } })).status).toBe(406);
    expect((await call(CONFIGMAPS, { method: 'PUT', body: '{}', headers: json })).status).toBe(405);
    expect((await call('/api/v1/nopes')).status).toBe(404);
    for (const junk of [Buffer.from('GET / HTTP/1.0\r\n\r\n'), Buffer.alloc(5000, 0xff), Buffer.from([0x16, 3, 1])]) {
      const socket = net.connect(PORT, '127.0.0.1');
      const closed = new Promise((done) => socket.on('close', done));
      socket.on('error', () => undefined);
      socket.resume();
      socket.end(junk);
      await closed;
    }
    expect((await call('/readyz', { token: '' })).body).toBe('ok');
    expect(replica.log()).not.toContain(' failed: ');
  });

  test('a second serve on its data directory ends with a sentence', async () => {
    const second = serve(`--secure-port=${PORT + 1}`);
    expect(await second.exited).toBe(1);
    expect(second.log()).toMatch(/^F.*\] the data directory .* is in use by process \d+\. Stop it first/m);
  });

  test('a port that is taken ends with a sentence', async () => {
    const second = quorate(
      'serve',
      `--data-dir=${join(dir, 'other')}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${PORT}`,
    );
    expect(await second.exited).toBe(1);
    expect(second.log()).toMatch(
      new RegExp(`^F.*\\] cannot listen on 127\\.0\\.0\\.1:${PORT}: another program has the port`, 'm'),
    );
    expect(existsSync(join(dir, 'other'))).toBe(false);
  });

  test.each([
    [
      '--bind-address=192.0.2.1',
      /cannot listen on 192\.0\.2\.1:\d+: the address is not this machine's\. Correct --bind-address\.$/m,
    ],
    [
      '--service-account-signing-key-file=/no',
      /--service-account-signing-key-file \/no does not exist: correct the path$/m,
    ],
  ])('%s is told by the flag that is wrong', async (flag, sentence) => {
    const wrong = quorate('serve', `--data-dir=${join(dir, 'wrong')}`, `--secure-port=${PORT + 1}`, flag);
    expect(await wrong.exited).toBe(1);
    expect(wrong.log()).toMatch(sentence);
  });

  test('what would end the start is found out before a data directory is made', async () => {
    const [home, pki, strange] = ['early', 'early-pki', 'strange-pki'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    await ensurePki(pki, { serviceIp: '10.96.0.1' });
    await ensurePki(strange, { serviceIp: '10.96.0.1' });
    const peer = (file: string, from = pki): string => join(from, 'peer', file);
    const peers = (ca: string, key: string): string[] => [
      `--peer-ca-file=${ca}`,
      `--peer-cert-file=${peer('peer.crt')}`,
      `--peer-key-file=${key}`,
    ];
    for (const [flags, sentence] of [
      [['--token-auth-file=/no/such/file'], '--token-auth-file /no/such/file does not exist: correct the path'],
      [['--service-cluster-ip-range=10.96.0.0'], '--service-cluster-ip-range 10.96.0.0 is no range'],
      [
        ['--service-cluster-ip-range=fd00::/112', '--advertise-address=192.0.2.1'],
        '--advertise-address 192.0.2.1 is of another family than --service-cluster-ip-range fd00::/112',
      ],
      [['--authorization-mode=Nodes'], 'authorization-mode "Nodes" is not a valid mode'],
      [['--authorization-config=/no/such/file'], '--authorization-config: cannot read /no/such/file'],
      [peers(peer('ca.crt', strange), peer('peer.key')), `--peer-cert-file ${peer('peer.crt')} was not signed by`],
      [peers(peer('ca.crt'), peer('peer.key', strange)), `peer.key is not the key of --peer-cert-file`],
    ] as const) {
      const run = quorate('serve', `--data-dir=${home}`, `--secure-port=${PORT + 1}`, ...flags);
      expect(await run.exited).toBe(1);
      expect(run.log()).toContain(sentence);
      expect(existsSync(home)).toBe(false);
    }
  });

  test('a data directory that cannot be made, and files that are not what they should be, end with a sentence', async () => {
    const junk = join(dir, 'junk');
    writeFileSync(junk, 'junk');
    const [below, ca] = [
      quorate('serve', `--data-dir=${join(junk, 'data')}`, `--secure-port=${PORT + 1}`),
      serve(`--secure-port=${PORT + 1}`, `--client-ca-file=${junk}`),
    ];
    expect([await below.exited, await ca.exited]).toEqual([1, 1]);
    expect(below.log()).toMatch(/^F.*\] cannot make the directory \S*junk: there is a file of that name/m);
    expect(ca.log()).toMatch(/^F.*\] --client-ca-file \S*junk holds no certificate/m);
  });

  test('keys that every object of JavaScript has are keys like others, and lead nowhere', async () => {
    const keys = { ['__proto__']: 'x', constructor: 'y', toString: 'z' };
    const body = JSON.stringify({ metadata: { name: 'keys' }, data: keys });
    expect((await call(CONFIGMAPS, { method: 'POST', headers: json, body })).status).toBe(201);
    const patch = (type: string, text: unknown, query = '') =>
      call(`${CONFIGMAPS}/keys${query}`, {
        method: 'PATCH',
        headers: { 'content-type': `application/${type}` },
        body: JSON.stringify(text),
      });
    for (const path of ['/metadata/__proto__/polluted', '/metadata/constructor/prototype/polluted']) {
      expect((await patch('json-patch+json', [{ op: 'add', path, value: 'yes' }])).status).toBe(422);
    }
    const deep = JSON.parse('{"metadata":{"__proto__":{"polluted":"yes"}},"data":{"__proto__":"w"}}') as object;
    for (const type of ['merge-patch+json', 'strategic-merge-patch+json']) await patch(type, deep);
    expect((await call(`${CONFIGMAPS}/keys`)).body).toContain('"toString":"z"');
    const applied = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'keys' },
      data: JSON.parse('{"__proto__":"v","k":"v"}') as object,
    };
    const answer = await patch('apply-patch+yaml', applied, '?fieldManager=m&force=true');
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('"__proto__":"v"');
    const after = await call(`${CONFIGMAPS}/keys`);
    expect(after.status).toBe(200);
    expect(after.body).toContain('"constructor":"y"');
    expect(after.body).toContain('"toString":"z"');
    expect(after.body).not.toContain('polluted');
  });

  test('the kubernetes service has the node port of --kubernetes-service-node-port', async () => {
    const { body } = await call('/api/v1/namespaces/default/services/kubernetes');
    expect(JSON.parse(body)).toMatchObject({
      spec: { type: 'NodePort', ports: [{ name: 'https', port: 443, nodePort: 31_001 }] },
    });
  });

  test('node ports come from --service-node-port-range', async () => {
    const service = (name: string, port: object): string =>
      JSON.stringify({ metadata: { name }, spec: { type: 'NodePort', ports: [{ port: 80, ...port }] } });
    const create = (body: string) =>
      call('/api/v1/namespaces/default/services', { method: 'POST', headers: json, body });
    const made = await create(service('in', {}));
    expect(made.status).toBe(201);
    expect(made.body).toMatch(/"nodePort":31000\b/);
    const refused = await create(service('out', { nodePort: 30_500 }));
    expect(refused.status).toBe(422);
    expect(refused.body).toContain('The range of valid ports is 31000-31001');
  });

  test('the version is its own, beside that of Kubernetes', async () => {
    const run = quorate('version');
    expect(await run.exited).toBe(0);
    expect(run.log()).toMatch(/^quorate v\d+\.\d+\.\d+ \(Kubernetes v1\.36\.\d+\)\n$/);
  });

  test('an unknown flag ends with a sentence', async () => {
    const wrong = quorate('serve', '--secure-prot=1');
    expect(await wrong.exited).toBe(1);
    expect(wrong.log()).toContain('Error: unknown flag: --secure-prot\n');
  });

  test('SIGTERM ends watches and the process; what was written is there after the next start', async () => {
    const body = '{"metadata":{"name":"kept"},"data":{"k":"v"}}';
    expect((await call(CONFIGMAPS, { method: 'POST', headers: json, body })).status).toBe(201);
    const watch = new Promise<string>((done, fail) => {
      https
        .get(
          {
            port: PORT,
            path: `${CONFIGMAPS}?watch=true`,
            rejectUnauthorized: false,
            headers: { authorization: 'Bearer admin-token' },
          },
          (response) => {
            let text = '';
            let told = false;
            response.on('data', (chunk: Buffer) => {
              text += chunk.toString();
              // Once: a second signal ends the process at once.
              if (!told && text.includes('"kept"')) told = replica.child.kill('SIGTERM');
            });
            response.on('end', () => done(text));
            response.on('error', fail);
          },
        )
        .on('error', fail);
    });
    expect(await watch).toContain('"ADDED"');
    expect(await replica.exited).toBe(0);
    expect(readFileSync(join(dir, 'pki', 'ca.crt'), 'utf8')).toContain('BEGIN CERTIFICATE');
    replica = serve(`--secure-port=${PORT}`);
    await replica.says('is ready');
    expect(JSON.parse((await call(`${CONFIGMAPS}/kept`)).body)).toMatchObject({ data: { k: 'v' } });
  });

  test('check says what it means that pages of the state are none', async () => {
    const home = join(dir, 'damaged');
    replica.child.kill('SIGTERM');
    expect(await replica.exited).toBe(0);
    for (const part of ['wal', 'state']) cpSync(join(dir, 'data', part), join(home, part), { recursive: true });
    const whole = quorate('check', `--data-dir=${home}`);
    expect(await whole.exited).toBe(0);
    const file = join(home, 'state', 'data.mdb');
    const pages = readFileSync(file);
    writeFileSync(file, pages.fill(0xa5, 2 * 4096));
    const damaged = quorate('check', `--data-dir=${home}`);
    expect(await damaged.exited).toBe(1);
    expect(damaged.log()).toMatch(/damaged/);
  });
});
