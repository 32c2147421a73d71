import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { load } from 'js-yaml';
import { FatalError } from '../../internal/machinery/assert.js';
import { isObject, type JsonObject, type JsonValue } from '../../internal/machinery/json.js';

/** What a kubeconfig says of a server and of who asks it. */
export interface ServerAccess {
  /** https://host:port, without a slash at its end. */
  readonly server: string;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly token?: string;
  /** Whatever its certificate says, the server is believed. */
  readonly insecure?: boolean;
  /** The name that its certificate must have. */
  readonly serverName?: string;
}

/**
 * Reads the current context of a kubeconfig (without one, the first cluster and the first user); `server` replaces the
 * one it names; `plain` http is taken only where it is asked for. `read` gives the bytes of a file. Throws FatalError with
 * what is wrong.
 */
export function serverAccess(
  file: string,
  server: string | undefined,
  plain: 'https' | 'http' = 'https',
  read: (path: string) => Buffer = readFileSync,
): ServerAccess {
  const readNamed = (path: string, what: string): Buffer => readAs(read, path, what);
  const config = readConfig(file, readNamed(file, 'the kubeconfig'));
  const named = (list: string, name: string | undefined, key: string): JsonObject => {
    const items = config[list];
    const found = (Array.isArray(items) ? items.filter(isObject) : []).find(
      (item) => name === undefined || item['name'] === name,
    )?.[key];
    if (isObject(found)) return found;
    throw new FatalError(`${file} has no ${key}${name === undefined ? '' : ` named "${name}"`}. Give another.`);
  };
  const current = textOf(config['current-context']);
  const context = current === undefined ? {} : named('contexts', current, 'context');
  const cluster = named('clusters', textOf(context['cluster']), 'cluster');
  const users = config['users'];
  const asks = textOf(context['user']);
  // Who asks may have nothing to prove who they are.
  const isNobody = asks === undefined && !(Array.isArray(users) && users.length > 0);
  const user = isNobody ? {} : named('users', asks, 'user');
  const bytes = (from: JsonObject, key: string): Buffer | undefined => {
    const [data, path] = [textOf(from[`${key}-data`]), textOf(from[key])];
    if (data !== undefined) return Buffer.from(data, 'base64');
    return path === undefined ? undefined : readNamed(resolve(dirname(file), path), `${key} in ${file}`);
  };
  const [ca, cert, key] = [
    bytes(cluster, 'certificate-authority'),
    bytes(user, 'client-certificate'),
    bytes(user, 'client-key'),
  ];
  const tokenFile = textOf(user['tokenFile']);
  const token =
    tokenFile === undefined
      ? textOf(user['token'])
      : readNamed(resolve(dirname(file), tokenFile), `tokenFile in ${file}`)
          .toString('utf8')
          .trim();
  return {
    server: serverUrl(server ?? textOf(cluster['server']) ?? '', plain),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { insecure: true } : {}),
    ...(textOf(cluster['tls-server-name']) === undefined
      ? {}
      : { serverName: textOf(cluster['tls-server-name']) ?? '' }),
  };
}

function readConfig(file: string, bytes: Buffer): JsonObject {
  const text = bytes.toString('utf8');
  let config: JsonValue;
  try {
    config = load(text) as JsonValue;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new FatalError(`${file} is no kubeconfig: ${reason}. Give another.`);
  }
  if (!isObject(config)) throw new FatalError(`${file} is no kubeconfig. Give another.`);
  return config;
}

function readAs(read: (path: string) => Buffer, file: string, what: string): Buffer {
  try {
    return read(file);
  } catch (error) {
    const mend = isDenied(error) ? 'Be the user whose it is, or correct its permissions.' : 'Correct the path.';
    throw new FatalError(`${what}: ${error instanceof Error ? error.message : String(error)}. ${mend}`);
  }
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The kubeconfig of who names none: that of the environment, where it is not empty. */
export const kubeconfigOr = (file: string): string => process.env['KUBECONFIG'] || file;

function serverUrl(text: string, plain: 'https' | 'http'): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', `${plain}:`].includes(url.protocol) || url.host === '') {
    throw new FatalError(`${JSON.stringify(text)} is no server: write e.g. https://127.0.0.1:6443`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

const isDenied = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EACCES';
