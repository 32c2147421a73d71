import { StatusError } from '../../machinery/status.js';

/**
 * 422 for a patch that cannot be applied to this object; clients are not told why (NewGenericServerResponse). `why` is
 * what the patch library of kube-apiserver says, for the patches of webhooks.
 */
export class PatchError extends StatusError {
  constructor(readonly why: string) {
    super(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  }
}

/** A PatchError. */
export const patchRejected = (why = 'invalid state detected'): PatchError => new PatchError(why);

/** 500 without a reason: what kube-apiserver makes of an error of its patch library that it did not expect. */
export const patchFailed = (message: string): StatusError => new StatusError(500, '', message);
