import { readFileSync } from 'node:fs';
import { logger } from '../../internal/machinery/log.js';
import { watchFiles, type WatchedFiles } from '../../internal/machinery/watched-files.js';
import { CertificateUpkeep, type KeptCertificate } from '../../internal/pki/upkeep.js';
import type { Replica } from '../../internal/replica/index.js';
import { PEER_FILE_FLAGS, peerTlsOf, type ServingConfig } from './config.js';
import type { FlagValues } from './flags.js';

const log = logger('certificate-files.ts');

/** Follows the files of the TLS between replicas: what is put in their place is used by the next connection. */
export function followPeerFiles(flags: FlagValues, replica: Replica): WatchedFiles {
  const files = PEER_FILE_FLAGS.map((name) => flags.string(name));
  if (files.includes('')) return { stop: () => undefined };
  return watchFiles(
    files,
    files.map((file) => readFileSync(file)),
    () => {
      const tls = peerTlsOf(flags);
      if (tls === undefined) return;
      replica.replaceTls(tls);
      log.info(`the certificates between the replicas were replaced: ${files.join(', ')}`);
    },
  );
}

/** What this replica shows to others, and whom it believes: by flag, under kubeadm's names. */
const NAMES: readonly (readonly [flag: string, name: string, followed: boolean])[] = [
  ['client-ca-file', 'ca', false],
  ['requestheader-client-ca-file', 'front-proxy-ca', false],
  ['peer-ca-file', 'peer-ca', false],
  ['peer-cert-file', 'peer', true],
  ['kubelet-client-certificate', 'apiserver-kubelet-client', true],
  ['proxy-client-cert-file', 'front-proxy-client', true],
];

/** Knows when the certificates of this replica expire, and renews those that it follows and can issue. */
export function certificateUpkeep(flags: FlagValues, serving: ServingConfig): CertificateUpkeep {
  const named = NAMES.flatMap(([flag, name, followed]): KeptCertificate[] => {
    const file = flags.string(flag);
    return file === '' ? [] : [{ name, file, followed }];
  });
  return new CertificateUpkeep([{ name: 'apiserver', file: serving.certFile, followed: true }, ...named], {
    renew: flags.bool('renew-certificates'),
    now: Date.now,
    say: (level, text) => log[level](text),
  });
}
