type Environment = Readonly<Record<string, string>>;

const MODES: readonly string[] = ['public', 'oauth'];

/**
 * Problems with these variables, worded for the user who starts the server: a wasmcp server reads them at each request, so only
 * its clients would notice.
 */
export function authProblems(env: Environment): string[] {
  const mode = env.WASMCP_AUTH_MODE?.toLowerCase() ?? 'public';
  if (!MODES.includes(mode)) {
    return [
      `WASMCP_AUTH_MODE is ${JSON.stringify(env.WASMCP_AUTH_MODE)}, which servers treat as "public": anyone may use the server. Write "oauth" or "public"`,
    ];
  }
  if (mode === 'oauth') return [...keyProblems(env), ...tokenProblems(env)];
  const given = Object.keys(env).filter((name) => name.startsWith('JWT_') && env[name] !== '');
  if (given.length === 0) return [];
  return [
    `${given.join(', ')} without WASMCP_AUTH_MODE=oauth: tokens are not checked, anyone may use the server`,
  ];
}

function keyProblems({ JWT_PUBLIC_KEY: key = '', JWT_JWKS_URI: uri = '' }: Environment): string[] {
  if (key === '' && uri === '') {
    return [
      'WASMCP_AUTH_MODE=oauth needs a key to verify tokens, otherwise every request will get 500: --env JWT_PUBLIC_KEY (PEM) or --env JWT_JWKS_URI',
    ];
  }
  if (key !== '' && uri !== '') {
    return [
      'JWT_PUBLIC_KEY and JWT_JWKS_URI exclude each other: no token will be accepted. Set only one of them',
    ];
  }
  if (key !== '' && !key.includes('-----BEGIN ')) {
    return [
      'JWT_PUBLIC_KEY is not PEM text, which begins with "-----BEGIN PUBLIC KEY-----": no token will be accepted',
    ];
  }
  return [];
}

function tokenProblems({ JWT_ISSUER: issuer = '', JWT_AUDIENCE: audience = '' }: Environment): string[] {
  const problems: string[] = [];
  if (issuer === '') problems.push('JWT_ISSUER is not set: tokens of any issuer with this key are accepted');
  else if (/^http:/i.test(issuer)) problems.push('JWT_ISSUER must be https: no token will be accepted');
  if (audience === '') problems.push('JWT_AUDIENCE is not set: tokens issued for other servers are accepted');
  return problems;
}
