import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Callout, TlsOptions } from '../../internal/callout/index.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { PKI_FILES } from '../../internal/pki/pki.js';
import type { Connections } from '../../internal/rest/connect/connections.js';
import { certificateDirectory, checkPair, readFlagFile } from './config.js';
import type { FlagValues } from './flags.js';
import { reread } from './reread.js';

/** How kubelets, pods and services are reached, from the flags. Throws FatalError for files that cannot be read. */
export function connectionsOf(flags: FlagValues, callout: Callout): Connections {
  const preferredAddressTypes = flags.list('kubelet-preferred-address-types');
  const kubelet = reread(() => kubeletTls(flags));
  return {
    callout,
    get kubelet() {
      return kubelet();
    },
    preferredAddressTypes,
    spdyPort: flags.int('spdy-bind-port'),
  };
}

/** Without an authority nobody looks who a kubelet is, as in kube-apiserver. */
function kubeletTls(flags: FlagValues): TlsOptions {
  const caFile = flags.string('kubelet-certificate-authority');
  const identity = clientFiles(flags);
  if (identity !== undefined) {
    const [cert, key] = [identity.cert, identity.key];
    checkPair({ file: cert, flag: '--kubelet-client-certificate' }, { file: key, flag: '--kubelet-client-key' });
  }
  return {
    ...(caFile === '' ? { insecure: true } : { ca: readFlagFile(caFile, '--kubelet-certificate-authority') }),
    ...(identity === undefined
      ? {}
      : {
          cert: readFlagFile(identity.cert, '--kubelet-client-certificate'),
          key: readFlagFile(identity.key, '--kubelet-client-key'),
        }),
  };
}

/** What the flags name, or the pair that was made with the certificates of the server. */
function clientFiles(flags: FlagValues): { cert: string; key: string } | undefined {
  const cert = flags.string('kubelet-client-certificate');
  const key = flags.string('kubelet-client-key');
  if ((cert === '') !== (key === '')) {
    throw new FatalError('--kubelet-client-certificate and --kubelet-client-key belong together: give both or neither');
  }
  if (cert !== '') return { cert, key };
  if (flags.string('tls-cert-file') !== '') return undefined;
  const own = join(certificateDirectory(flags), PKI_FILES.kubeletClient);
  return existsSync(`${own}.crt`) ? { cert: `${own}.crt`, key: `${own}.key` } : undefined;
}
