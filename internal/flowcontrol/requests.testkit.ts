/** What the dump pages tell of a request, with nothing in it. */
export const nobody = {
  username: '',
  verb: '',
  path: '',
  namespace: '',
  name: '',
  groupVersion: '',
  resource: '',
  subresource: '',
};
