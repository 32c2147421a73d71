import { StatusError } from '../../machinery/status.js';

/** 422 for a patch that cannot be applied to this object; the reference does not say why (NewGenericServerResponse). */
export const patchRejected = (): StatusError =>
  new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});

/** 500 without a reason: what the reference makes of an error of its patch library that it did not expect. */
export const patchFailed = (message: string): StatusError => new StatusError(500, '', message);
