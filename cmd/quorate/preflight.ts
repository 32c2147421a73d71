import { FatalError } from '../../internal/machinery/assert.js';
import { whyNotFree } from '../../internal/machinery/port.js';
import { hostPort } from './addresses.js';
import { Callout } from '../../internal/callout/index.js';
import { tokenFile, tokenWebhook } from './authentication.js';
import { authenticationConfiguration } from './authentication-config.js';
import { checkAuthorization } from './authorization.js';
import { replicaConfig } from './config.js';
import type { FlagValues } from './flags.js';

/**
 * Finds out what would end the start later on, before a data directory is made: files that cannot be used, members that
 * are written wrongly, ports that another program has. Throws FatalError.
 */
export async function preflight(flags: FlagValues): Promise<void> {
  tokenFile(flags);
  authenticationConfiguration(flags);
  const callout = new Callout();
  tokenWebhook(flags, callout);
  checkAuthorization(flags, callout);
  const { peerListen } = replicaConfig(flags);
  await mustBeFree(flags.string('bind-address'), flags.int('secure-port'), '--secure-port');
  const spdyPort = flags.int('spdy-bind-port');
  if (spdyPort !== 0) await mustBeFree(flags.string('bind-address'), spdyPort, '--spdy-bind-port');
  if (peerListen === undefined) return;
  const { host, port } = hostPort(peerListen, '--peer-listen');
  await mustBeFree(host, port, '--peer-listen');
}

/** Throws FatalError when this address cannot be listened on. */
async function mustBeFree(host: string, port: number, flag: string): Promise<void> {
  const code = await whyNotFree(host, port);
  if (code === undefined) return;
  const address = flag === '--peer-listen' ? flag : '--bind-address';
  const why =
    code === 'EADDRINUSE'
      ? `another program has the port. Stop that program, or choose another ${flag}.`
      : code === 'EADDRNOTAVAIL'
        ? `the address is not this machine's. Correct ${address}.`
        : code === 'EACCES'
          ? `this user may not. Choose a ${flag} from 1024 on, or run it as root.`
          : `the system refuses it (${code}). Correct ${address}, or choose another ${flag}.`;
  throw new FatalError(`cannot listen on ${host}:${port}: ${why}`);
}
