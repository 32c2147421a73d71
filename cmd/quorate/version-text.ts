import { VERSION } from '../../internal/server/version.js';
import about from '../../package.json' with { type: 'json' };

/** What this program is, in one line. */
export function versionText(): string {
  return `quorate v${about.version} (Kubernetes ${kubernetesVersion()})`;
}

/** The version of Kubernetes whose API is served, without what a build adds to it. */
export const kubernetesVersion = (): string => VERSION.gitVersion.replace(/\+.*/, '');
