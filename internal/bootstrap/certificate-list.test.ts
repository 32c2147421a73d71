import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensurePki } from '../pki/pki.js';
import { listCertificates, renewCertificate, residualTime } from './certificate-list.js';
import { systemdUnit } from './host-files.js';
import { writeKubeconfigFiles } from './kubeconfigs.js';
import { nodePaths } from './node-paths.js';

const rootfs = mkdtempSync(join(tmpdir(), 'quorate-certs-'));
const paths = nodePaths({ rootfs });
afterAll(() => rmSync(rootfs, { recursive: true }));

beforeAll(async () => {
  await ensurePki(paths.pki, { serviceIp: '10.96.0.1', extraNames: ['m1', '10.0.0.1'], validity: { leafDays: 20 } });
  const server = 'https://10.0.0.1:6443';
  await writeKubeconfigFiles(
    {
      dir: paths.kubernetes,
      pki: paths.pki,
      nodeName: 'm1',
      clusterName: 'c',
      server,
      localServer: server,
      leafDays: 20,
      keys: 'ECDSA-P256',
    },
    () => undefined,
  );
});

test('every certificate of the node is listed under the name of kubeadm, authorities last', () => {
  expect(listCertificates(paths).map(({ name, ca }) => `${name}/${ca}`)).toEqual([
    'admin.conf/ca',
    'apiserver/ca',
    'apiserver-kubelet-client/ca',
    'controller-manager.conf/ca',
    'front-proxy-client/front-proxy-ca',
    'peer/peer-ca',
    'scheduler.conf/ca',
    'super-admin.conf/ca',
    'ca/',
    'front-proxy-ca/',
    'peer-ca/',
  ]);
});

test('a renewed certificate is for the same names and uses, from the same authority, for longer', async () => {
  const ca = new X509Certificate(readFileSync(join(paths.pki, 'ca.crt')));
  for (const name of ['apiserver', 'admin.conf']) {
    const before = listCertificates(paths).find((c) => c.name === name);
    if (before === undefined) throw new Error(`no ${name}`);
    await renewCertificate(paths, before);
    const after = listCertificates(paths).find((c) => c.name === name);
    const [old, renewed] = [new X509Certificate(before.cert), new X509Certificate(after?.cert ?? '')];
    expect([renewed.subject, renewed.subjectAltName, renewed.keyUsage]).toEqual([
      old.subject,
      old.subjectAltName,
      old.keyUsage,
    ]);
    expect(renewed.serialNumber).not.toBe(old.serialNumber);
    expect(renewed.checkIssued(ca) && renewed.verify(ca.publicKey)).toBe(true);
    expect((after?.notAfter.getTime() ?? 0) - before.notAfter.getTime()).toBeGreaterThan(300 * 86_400_000);
  }
  expect(readFileSync(join(paths.kubernetes, 'admin.conf'), 'utf8')).toContain('server: https://10.0.0.1:6443');
});

test('residual times are rounded down, as kubeadm shows them', () => {
  const at = (hours: number): string => residualTime(new Date(hours * 3_600_000), 0);
  expect([at(24 * 365 * 10 + 1), at(24 * 364.9), at(47), at(0.5), at(-1)]).toEqual([
    '10y',
    '364d',
    '47h',
    '30m',
    '<invalid>',
  ]);
});

test('a unit runs the command that was given, whatever is in it', () => {
  const unit = systemdUnit(['/usr/bin/node', '/opt/q.js', 'serve', '--a=50%', '--b=$HOME x', '--c="q"']);
  expect(unit).toContain(
    'ExecStart=/usr/bin/node \\\n  /opt/q.js \\\n  serve \\\n  --a=50%% \\\n  "--b=$$HOME x" \\\n  "--c=\\"q\\""\n',
  );
});

test('what an authority signs whose key is elsewhere is listed as such, and is not made here', async () => {
  rmSync(join(paths.pki, 'front-proxy-ca.key'));
  const listed = listCertificates(paths);
  expect(listed.filter((c) => c.isExternal).map(({ name }) => name)).toEqual(['front-proxy-client', 'front-proxy-ca']);
  const [client] = listed.filter((c) => c.name === 'front-proxy-client');
  if (client === undefined) throw new Error('it is not listed');
  await expect(renewCertificate(paths, client)).rejects.toThrow(
    /front-proxy-ca\.key is not there: what front-proxy-ca signs/,
  );
  const met: string[] = [];
  await ensurePki(paths.pki, { serviceIp: '10.96.0.1', onPair: (name, what) => void met.push(`${name} ${what}`) });
  expect(met.filter((line) => line.startsWith('front-proxy'))).toEqual([
    'front-proxy-ca keyless',
    'front-proxy-client kept',
  ]);
});
