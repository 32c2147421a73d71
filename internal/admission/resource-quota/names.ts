/** `requests.` of a quota stands before the names of resources that may not be promised twice. */
const REQUESTS = 'requests.';
/** A device class can be asked for as if it were an extended resource (KEP-5004). */
export const DEVICE_CLASS = 'deviceclass.resource.kubernetes.io/';

const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');

/** A container's resource that a quota counts as `requests.NAME`: somebody else's, or an implicit one of a device class. */
export const isExtendedResource = (name: string): boolean =>
  (!isNative(name) && !name.startsWith(REQUESTS)) || name.startsWith(DEVICE_CLASS);

/** A quota's name for such a resource. */
export const isExtendedResourceOfQuota = (name: string): boolean =>
  name.startsWith(REQUESTS) && (!isNative(name) || name.startsWith(`${REQUESTS}${DEVICE_CLASS}`));

export const requestsOf = (name: string): string => `${REQUESTS}${name}`;

/** The name that a quota has for the number of objects of a resource. */
export const objectCount = (group: string, resource: string): string =>
  group === '' ? `count/${resource}` : `count/${resource}.${group}`;
