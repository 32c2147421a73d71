import { asInGo, selectorInGo } from '../../../generic/as-in-go.js';
import type { FieldNode } from '../../../generic/field-node.js';
import { checkLabelSelector } from '../../../generic/label-selector.js';
import { checkFileMode, checkFilePath } from '../paths.js';
import { checkDownwardFile, checkKeyToPath } from './volume-files.js';

const BUNDLE = 'core.v1.ClusterTrustBundleProjection';
const TOO_SHORT = 'may not specify a duration less than 10 minutes';
const TOO_LONG = 'may not specify a duration larger than 2^32 seconds';

function checkToken(token: FieldNode, projected: FieldNode, anyPath: boolean): void {
  const seconds = token.number('expirationSeconds') ?? 0;
  if (seconds < 600) token.invalid('expirationSeconds', TOO_SHORT, seconds);
  if (seconds > 2 ** 32) token.invalid('expirationSeconds', TOO_LONG, seconds);
  // The path is told as a field error as if it were the volume's own.
  if (token.text('path') === '') projected.required('path');
  else if (!anyPath) checkFilePath(projected, 'path', token.text('path'));
}

function checkTrustBundle(bundle: FieldNode): void {
  const [byName, bySigner] = [bundle.has('name'), bundle.has('signerName')];
  if (byName && bySigner)
    bundle.invalid('', 'only one of name and signerName may be used', asInGo(bundle.value, BUNDLE));
  else if (byName) {
    if (bundle.text('name') === '') bundle.required('name', 'must be a valid object name');
    if (bundle.has('labelSelector')) {
      const shown = selectorInGo(bundle.struct('labelSelector').value);
      bundle.invalid('labelSelector', 'labelSelector must be unset if name is specified', shown);
    }
  } else if (bySigner) {
    if (bundle.text('signerName') === '') bundle.required('signerName', 'must be a valid signer name');
    const selector = bundle.child('labelSelector');
    if (selector !== undefined) checkLabelSelector(selector);
  } else bundle.required('', 'either name or signerName must be specified');
  bundle.requireText('path');
  checkFilePath(bundle, 'path');
}

/** A volume made of parts of others (validateProjectedVolumeSource). `anyTokenPath`: an older object already had such. */
export function checkProjected(projected: FieldNode, anyTokenPath: boolean): void {
  checkFileMode(projected, 'defaultMode');
  const paths = new Set<string>();
  const claimPath = (path: string, shown: string): void => {
    if (paths.has(path)) projected.invalid('', 'conflicting duplicate paths', shown);
    else paths.add(path);
  };
  for (const source of projected.list('sources')) {
    let kinds = 0;
    for (const key of ['secret', 'configMap']) {
      const keyed = source.child(key);
      if (keyed === undefined) continue;
      kinds++;
      keyed.requireText('name');
      for (const item of keyed.list('items')) {
        checkKeyToPath(item);
        if (item.text('path') !== '') claimPath(item.text('path'), keyed.text('name'));
      }
    }
    const downward = source.child('downwardAPI');
    if (downward !== undefined) {
      kinds++;
      for (const item of downward.list('items')) {
        checkDownwardFile(item.movedTo(downward.path));
        if (item.text('path') !== '') claimPath(item.text('path'), item.text('path'));
      }
    }
    const token = source.child('serviceAccountToken');
    if (token !== undefined) {
      kinds++;
      checkToken(token, projected, anyTokenPath);
    }
    const bundle = source.child('clusterTrustBundle');
    if (bundle !== undefined) {
      kinds++;
      checkTrustBundle(bundle);
      claimPath(bundle.text('path'), bundle.text('path'));
    }
    if (kinds > 1) source.forbidden('', 'may not specify more than 1 volume type per source');
  }
}
