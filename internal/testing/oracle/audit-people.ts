// Who sends the requests of the recorded audit sample.
import fs from 'node:fs';
import https from 'node:https';
import { load } from 'js-yaml';
import { PKI_FILES, readPair } from '../../pki/pki.js';
import { issue } from '../../pki/x509.js';

/** Who sends a request. */
export interface Person {
  readonly agent: https.Agent;
  readonly token?: string;
}

export interface Access {
  readonly server: URL;
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

interface Kubeconfig {
  readonly clusters: readonly { cluster: { server: string; 'certificate-authority-data': string } }[];
  readonly users: readonly { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

const decoded = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64');

/** The server and the administrator of a kubeconfig that `up` wrote. */
export function kubeconfigAccess(file: string): Access {
  const config = load(fs.readFileSync(file, 'utf8')) as Kubeconfig;
  const [cluster, user] = [config.clusters[0]?.cluster, config.users[0]?.user];
  if (cluster === undefined || user === undefined) throw new Error(`${file} names no server or no user`);
  return {
    server: new URL(cluster.server),
    ca: decoded(cluster['certificate-authority-data']),
    cert: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
  };
}

/** Everybody of the sample, by the name that it has for them. */
export async function people(access: Access, pkiDir: string): Promise<ReadonlyMap<string, Person>> {
  const ca = readPair(pkiDir, PKI_FILES.ca);
  const agentOf = (more: https.AgentOptions): https.Agent =>
    new https.Agent({ keepAlive: true, ca: access.ca, maxSockets: 1, ...more });
  const withCertificate = async (commonName: string, organizations: string[]): Promise<Person> => {
    const { cert, key } = await issue(ca, { commonName, organizations, usages: ['client'] });
    return { agent: agentOf({ cert, key }) };
  };
  return new Map<string, Person>([
    ['admin', { agent: agentOf({ cert: access.cert, key: access.key }) }],
    ['hush', await withCertificate('hush', ['quiet-group', 'system:masters'])],
    ['zoe', await withCertificate('audit-zoe', [])],
    ['zed', await withCertificate('audit-zed', ['audit-team'])],
    ['nobody', { agent: agentOf({}) }],
    ['stranger', { agent: agentOf({}), token: 'no-such-token' }],
  ]);
}
