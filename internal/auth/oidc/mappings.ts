import { child, children, str } from '../../machinery/access.js';
import { duplicate, type FieldError, invalidValue, required, tooLong } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1123Subdomain } from '../../machinery/names.js';
import { claimsExpression, userExpression } from './expressions.js';
import type { ClaimOrExpression, ClaimRule, Expression, JwtAuthenticatorConfig } from './types.js';

/** Characters of all mappings and rules of one issuer, as JSON: they are compiled in one turn of the event loop. */
const MAX_TEXT = 32_768;

type Mappings = Omit<JwtAuthenticatorConfig, 'issuer'>;

/** Compiles the mappings and rules of one issuer (apiserver's ValidateAuthenticationConfiguration); errors go into `errors`. */
export function mappingsOf(jwt: JsonObject, at: string, errors: FieldError[]): Mappings {
  const mappings = child(jwt, 'claimMappings');
  if (textOf(jwt) > MAX_TEXT) {
    errors.push(tooLong(at, MAX_TEXT));
    return { claimRules: [], username: NOTHING, groups: undefined, uid: undefined, extra: [], userRules: [] };
  }
  const claimRules = claimRulesOf(children(jwt, 'claimValidationRules'), `${at}.claimValidationRules`, errors);
  const usernamePlace = `${at}.claimMappings.username`;
  const username = usernameOf(child(mappings, 'username') ?? {}, usernamePlace, errors);
  const extra = extraOf(children(mappings, 'extra'), `${at}.claimMappings.extra`, errors);
  if ('program' in username && username.program.selects('claims', 'email')) {
    const looked = [username, ...extra, ...claimRules.filter((rule) => 'program' in rule)];
    if (!looked.some(({ program }) => program.selects('claims', 'email_verified'))) {
      errors.push(invalidValue(`${usernamePlace}.expression`, username.program.text, MUST_VERIFY));
    }
  }
  return {
    claimRules,
    username,
    groups: groupsOf(child(mappings, 'groups'), `${at}.claimMappings.groups`, errors),
    uid: uidOf(child(mappings, 'uid'), `${at}.claimMappings.uid`, errors),
    extra,
    userRules: userRulesOf(children(jwt, 'userValidationRules'), `${at}.userValidationRules`, errors),
  };
}

const textOf = ({ claimMappings, claimValidationRules, userValidationRules }: JsonObject): number =>
  JSON.stringify([claimMappings, claimValidationRules, userValidationRules]).length;

const MUST_VERIFY =
  'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';

/** Stands for what is wrong; a configuration with errors is never used. */
const NOTHING: ClaimOrExpression = { claim: '', prefix: '' };

function compiled(made: Expression | string, at: string, text: string, errors: FieldError[]): Expression | undefined {
  if (typeof made !== 'string') return made;
  errors.push(invalidValue(at, text, made));
  return undefined;
}

function usernameOf(given: JsonObject, at: string, errors: FieldError[]): ClaimOrExpression {
  const [claim, expression] = [str(given, 'claim'), str(given, 'expression')];
  if (claim === '' && expression === '') errors.push(required(at, 'claim or expression is required'));
  else if (claim !== '' && expression !== '') {
    errors.push(invalidValue(at, '', "claim and expression can't both be set"));
  }
  return prefixed(given, at, errors);
}

function groupsOf(given: JsonObject | undefined, at: string, errors: FieldError[]): ClaimOrExpression | undefined {
  if (given === undefined) return undefined;
  const [claim, expression] = [str(given, 'claim'), str(given, 'expression')];
  if (claim !== '' && expression !== '') errors.push(invalidValue(at, '', "claim and expression can't both be set"));
  if (claim === '' && expression === '' && given['prefix'] === undefined) return undefined;
  return prefixed(given, at, errors);
}

/** A claim with the prefix that must stand beside it, or an expression, which has none. */
function prefixed(given: JsonObject, at: string, errors: FieldError[]): ClaimOrExpression {
  const [claim, expression, prefix] = [str(given, 'claim'), str(given, 'expression'), given['prefix']];
  if (expression !== '') {
    if (typeof prefix === 'string')
      errors.push(invalidValue(`${at}.prefix`, prefix, "prefix can't be set when expression is set"));
    return compiled(claimsExpression(expression, false), `${at}.expression`, expression, errors) ?? NOTHING;
  }
  if (claim !== '' && typeof prefix !== 'string') {
    const detail = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing';
    errors.push(required(`${at}.prefix`, detail));
  }
  if (claim === '' && typeof prefix === 'string') {
    errors.push(invalidValue(`${at}.prefix`, prefix, "non-nil prefix isn't allowed without claim"));
  }
  return { claim, prefix: str(given, 'prefix') };
}

function uidOf(given: JsonObject | undefined, at: string, errors: FieldError[]): ClaimOrExpression | undefined {
  const [claim, expression] = [str(given, 'claim'), str(given, 'expression')];
  if (claim !== '' && expression !== '') errors.push(invalidValue(at, '', "claim and expression can't both be set"));
  if (expression !== '') return compiled(claimsExpression(expression, false), `${at}.expression`, expression, errors);
  return claim === '' ? undefined : { claim, prefix: '' };
}

function claimRulesOf(rules: readonly JsonObject[], at: string, errors: FieldError[]): ClaimRule[] {
  const seen = new Set<string>();
  return rules.flatMap((rule, i): ClaimRule[] => {
    const place = `${at}[${i}]`;
    const [claim, expression] = [str(rule, 'claim'), str(rule, 'expression')];
    if (claim === '' && expression === '') errors.push(required(place, 'claim or expression is required'));
    if (claim !== '' && expression !== '')
      errors.push(invalidValue(place, claim, "claim and expression can't both be set"));
    const key = `${expression === '' ? 'claim' : 'expression'} ${claim}${expression}`;
    if (seen.has(key))
      errors.push(duplicate(expression === '' ? `${place}.claim` : `${place}.expression`, claim + expression));
    seen.add(key);
    if (expression === '') {
      if (str(rule, 'message') !== '') {
        errors.push(invalidValue(`${place}.message`, str(rule, 'message'), "message can't be set when claim is set"));
      }
      return [{ claim, requiredValue: str(rule, 'requiredValue') }];
    }
    if (str(rule, 'requiredValue') !== '') {
      const detail = "requiredValue can't be set when expression is set";
      errors.push(invalidValue(`${place}.requiredValue`, str(rule, 'requiredValue'), detail));
    }
    const made = compiled(claimsExpression(expression, true), `${place}.expression`, expression, errors);
    return made === undefined ? [] : [{ ...made, message: str(rule, 'message') }];
  });
}

function userRulesOf(rules: readonly JsonObject[], at: string, errors: FieldError[]) {
  const seen = new Set<string>();
  return rules.flatMap((rule, i) => {
    const expression = str(rule, 'expression');
    const place = `${at}[${i}].expression`;
    if (expression === '') {
      errors.push(required(place, 'expression is required'));
      return [];
    }
    if (seen.has(expression)) errors.push(duplicate(place, expression));
    seen.add(expression);
    const made = compiled(userExpression(expression), place, expression, errors);
    return made === undefined ? [] : [{ ...made, message: str(rule, 'message') }];
  });
}

function extraOf(mappings: readonly JsonObject[], at: string, errors: FieldError[]) {
  const seen = new Set<string>();
  return mappings.flatMap((mapping, i) => {
    const [key, expression] = [str(mapping, 'key'), str(mapping, 'valueExpression')];
    const place = `${at}[${i}]`;
    errors.push(...keyErrors(key, `${place}.key`));
    if (key !== '' && seen.has(key)) errors.push(duplicate(`${place}.key`, key));
    seen.add(key);
    if (expression === '') {
      errors.push(required(`${place}.valueExpression`, 'valueExpression is required'));
      return [];
    }
    const made = compiled(claimsExpression(expression, false), `${place}.valueExpression`, expression, errors);
    return made === undefined ? [] : [{ ...made, key }];
  });
}

function keyErrors(key: string, at: string): FieldError[] {
  if (key === '') return [required(at, 'key is required')];
  if (key !== key.toLowerCase()) return [invalidValue(at, key, 'key must be lowercase')];
  const [domain = '', ...path] = key.split('/');
  if (path.length === 0 || path.join('/') === '' || dns1123Subdomain(domain).length > 0) {
    return [invalidValue(at, key, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  const isReserved = ['k8s.io', 'kubernetes.io'].some((own) => domain === own || domain.endsWith(`.${own}`));
  return isReserved
    ? [invalidValue(at, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use')]
    : [];
}
