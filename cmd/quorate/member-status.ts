import type { Command } from 'commander';
import { ApiClient } from '../../internal/bootstrap/api-client.js';
import { urlHost } from '../../internal/bootstrap/kubeadm-config.js';
import { child, children, str } from '../../internal/machinery/access.js';
import { FatalError } from '../../internal/machinery/assert.js';
import type { JsonObject } from '../../internal/machinery/json.js';
import { kubeconfigOr, serverAccess } from './kubeconfig-file.js';
import { writeTable } from './table.js';

const ENDPOINTS = '/api/v1/namespaces/default/endpoints/kubernetes';
/** How long one replica may take to answer, in milliseconds, and for how long it is asked again. */
const PATIENCE_MS = 3_000;

/** A member of which nothing tells where it serves: all are on the loopback, or a balancer is asked. */
const UNASKED = 'was not asked: give its API server too, --server https://HOST:PORT ...';

interface Found {
  readonly server: string;
  readonly version: string;
  /** `/debug/raft`; undefined where nothing answers. */
  readonly raft: JsonObject | undefined;
  readonly trouble: string;
}

/** Adds `quorate member status`: what each replica says of itself. */
export function addMemberStatus(member: Command): void {
  member
    .command('status')
    .description('Ask each replica for its version, whether it leads, and how far it lags behind.')
    .option('--kubeconfig <file>', 'admin kubeconfig, as scripts/up writes it', kubeconfigOr('.quorate/admin.conf'))
    .option('--server <url...>', 'the replicas to ask (default: those behind the kubernetes service)')
    .action(async (flags: { kubeconfig: string; server?: string[] }) => {
      const servers = flags.server ?? (await endpoints(flags.kubeconfig));
      const found = await Promise.all(servers.map((server) => look(flags.kubeconfig, server)));
      const number = (raft: JsonObject | undefined, name: string): number => Number(raft?.[name] ?? 0);
      const newest = Math.max(...found.map(({ raft }) => number(raft, 'applied')));
      const rows = found.map(({ server, version, raft, trouble }) => {
        if (raft === undefined) return ['', server, '', '', '', '', '', trouble];
        const name = str(raft, 'name');
        const leads = name === str(raft, 'leaderName') ? 'leader' : '';
        const lag = String(newest - number(raft, 'applied'));
        const state = str(raft, 'failure') || (raft['leader'] === 0 ? 'knows no leader' : 'ok');
        const [term, revision] = ['term', 'revision'].map((field) => String(number(raft, field)));
        return [name, server, version, leads, term ?? '', revision ?? '', lag, state];
      });
      const members = children(found.find(({ raft }) => raft !== undefined)?.raft, 'members');
      for (const member of members) {
        const name = str(member, 'name');
        if (found.some(({ raft }) => str(raft, 'name') === name)) continue;
        rows.push([name, '', '', '', '', '', '', member['connected'] === true ? UNASKED : 'not connected']);
      }
      writeTable(['NAME', 'SERVER', 'VERSION', 'LEADS', 'TERM', 'REVISION', 'LAG', 'STATE'], rows);
      if (found.some(({ raft }) => raft === undefined)) process.exitCode = 1;
    });
}

/** Where the replicas serve; the kubeconfig's own server where none of them tells (on the loopback). */
async function endpoints(kubeconfig: string): Promise<string[]> {
  const access = serverAccess(kubeconfig, undefined);
  const object = await new ApiClient(access, PATIENCE_MS).get(ENDPOINTS);
  const servers = children(object, 'subsets').flatMap((subset) =>
    children(subset, 'addresses').flatMap((address) =>
      children(subset, 'ports').map((port) => `https://${urlHost(str(address, 'ip'), Number(port['port']))}`),
    ),
  );
  return servers.length === 0 ? [access.server] : servers.sort();
}

async function look(kubeconfig: string, server: string): Promise<Found> {
  const client = new ApiClient(serverAccess(kubeconfig, server), PATIENCE_MS, PATIENCE_MS);
  try {
    const [raft, version] = await Promise.all([client.get('/debug/raft'), client.get('/version')]);
    if (child(raft, 'scrub') === undefined) throw new FatalError(`${server} is no replica of quorate`);
    return { server, version: str(version, 'gitVersion'), raft, trouble: '' };
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    return { server, version: '', raft: undefined, trouble: error.message };
  }
}
