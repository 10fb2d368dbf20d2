type Environment = Readonly<Record<string, string>>;

const MODES: readonly string[] = ['public', 'oauth'];

/**
 * What a wasmcp server will not be able to do with these variables, in words for whoever starts it: it reads them at each
 * request, and its clients alone would hear of it.
 */
export function authProblems(env: Environment): string[] {
  const mode = env.WASMCP_AUTH_MODE?.toLowerCase() ?? 'public';
  if (!MODES.includes(mode)) {
    return [
      `WASMCP_AUTH_MODE is ${JSON.stringify(env.WASMCP_AUTH_MODE)}, which servers take for "public": anybody may use it. Write "oauth" or "public"`,
    ];
  }
  if (mode === 'oauth') return [...keyProblems(env), ...tokenProblems(env)];
  const given = Object.keys(env).filter((name) => name.startsWith('JWT_') && env[name] !== '');
  if (given.length === 0) return [];
  return [
    `${given.join(', ')} without WASMCP_AUTH_MODE=oauth: no token is checked, anybody may use the server`,
  ];
}

function keyProblems({ JWT_PUBLIC_KEY: key = '', JWT_JWKS_URI: uri = '' }: Environment): string[] {
  if (key === '' && uri === '') {
    return [
      'WASMCP_AUTH_MODE=oauth needs a key to check tokens with, and every request will get 500 without: --env JWT_PUBLIC_KEY (PEM) or --env JWT_JWKS_URI',
    ];
  }
  if (key !== '' && uri !== '') {
    return ['JWT_PUBLIC_KEY and JWT_JWKS_URI exclude each other: no token will be taken. Give one of them'];
  }
  if (key !== '' && !key.includes('-----BEGIN ')) {
    return [
      'JWT_PUBLIC_KEY is no PEM text, which begins with "-----BEGIN PUBLIC KEY-----": no token will be taken',
    ];
  }
  return [];
}

function tokenProblems({ JWT_ISSUER: issuer = '', JWT_AUDIENCE: audience = '' }: Environment): string[] {
  const problems: string[] = [];
  if (issuer === '') problems.push('JWT_ISSUER is not set: tokens of any issuer with this key are taken');
  else if (/^http:/i.test(issuer)) problems.push('JWT_ISSUER has to be https: no token will be taken');
  if (audience === '')
    problems.push('JWT_AUDIENCE is not set: tokens that were made for other servers are taken');
  return problems;
}
