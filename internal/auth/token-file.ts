import { FatalError } from '../machinery/assert.js';
import { type Authenticator, bearerToken, withAuthenticatedGroup } from './authenticator.js';
import type { UserInfo } from './types.js';

/**
 * Users by the lines of `--token-auth-file`: `token,user,uid[,"group1,group2"]` (RFC 4180 quoting, `#` starts a comment).
 * Throws FatalError for a line with fewer than three columns or an empty token.
 */
export function tokenFileAuthenticator(csv: string, file: string): Authenticator {
  const users = new Map<string, UserInfo>();
  csv.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const [token, username, uid, groups] = csvFields(line);
    if (token === undefined || token === '' || username === undefined || uid === undefined) {
      throw new FatalError(
        `line ${i + 1} of the token file ${file} must be token,user,uid[,"groups"]: correct or remove it`,
      );
    }
    const names = (groups ?? '')
      .split(',')
      .map((g) => g.trim())
      .filter((g) => g !== '');
    users.set(token, withAuthenticatedGroup({ username, uid, groups: names, extra: {} }));
  });
  return {
    authenticate(credentials) {
      const token = bearerToken(credentials);
      return token === '' ? undefined : (users.get(token) ?? 'invalid');
    },
  };
}

function csvFields(line: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i] ?? '';
    if (quoted && c === '"' && line[i + 1] === '"') {
      field += '"';
      i++;
    } else if (c === '"') quoted = !quoted;
    else if (c === ',' && !quoted) {
      fields.push(field.trim());
      field = '';
    } else field += c;
  }
  fields.push(field.trim());
  return fields;
}
