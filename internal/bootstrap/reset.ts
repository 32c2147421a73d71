import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../machinery/assert.js';
import { type ApiAccess, ApiClient } from './api-client.js';
import { flagHere, hasData, stopReplica } from './control-plane.js';
import { clusterState, removeMember } from './members.js';
import { KUBECONFIGS, type NodePaths } from './node-paths.js';
import type { Progress } from './progress.js';

/** For one question of `reset`: the cluster may be gone. */
const PATIENCE_MS = 5_000;

/** Everything that `reset` works with. */
export interface ResetContext {
  readonly paths: NodePaths;
  readonly progress: Progress;
  readonly access: (file: string) => ApiAccess;
  /** Goes on although the member could not be removed from its cluster. */
  readonly force: boolean;
}

/**
 * Undoes `init` and `join`: takes the replica out of its cluster, stops it, and removes its files. Throws FatalError, having
 * removed nothing, when it cannot leave the cluster.
 */
export async function reset(context: ResetContext): Promise<void> {
  const { paths, progress } = context;
  await leaveCluster(context);
  await stopReplica(paths);
  const kubeconfigs = [...KUBECONFIGS.map((name) => `${name}.conf`), 'bootstrap-kubelet.conf', 'quorate.flags'];
  const files = kubeconfigs.map((name) => join(paths.kubernetes, name)).filter((file) => existsSync(file));
  const directories = [paths.manifests, paths.pki, paths.data];
  progress.say(`[reset] Deleting contents of directories: [${directories.join(' ')}]`);
  for (const directory of directories) emptyDirectory(directory);
  progress.say(`[reset] Deleting files: [${files.join(' ')}]`);
  for (const file of files) rmSync(file, { force: true });
}

async function leaveCluster({ paths, progress, access, force }: ResetContext): Promise<void> {
  const file = join(paths.kubernetes, 'admin.conf');
  if (!hasData(paths) || !existsSync(file)) return;
  try {
    const client = new ApiClient(access(file), PATIENCE_MS);
    const { name, members } = await clusterState(client);
    const own = flagHere(paths, 'name') ?? name;
    if (members.every((member) => member.name !== own)) return;
    if (members.filter((member) => !member.learner).length === 1) {
      progress.say('[reset] This is the last voter: the cluster ends with it');
      return;
    }
    progress.say(`[remove-member] Removing ${own} from the cluster`);
    await removeMember(client, own);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    if (!force) {
      throw new FatalError(
        `this replica cannot be taken out of its cluster (${error.message}). With --force its files are removed all the same; then run \`quorate member remove\` against another member.`,
      );
    }
    progress.warn(`the member was not removed from its cluster: ${error.message}`);
  }
}

function emptyDirectory(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true });
}
