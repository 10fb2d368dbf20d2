/** A response of the API that is no success, or none at all (`status` 0). */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The token lives as long as the tab, and is sent in a header: a foreign page cannot make the browser send it. */
const TOKEN = 'wasmcp-node-admin-token';

let rejected: (error: ApiError) => void = () => {};

/** Calls `listener` whenever the API wants another token (401) or refuses this client (403). */
export function onRejected(listener: (error: ApiError) => void): void {
  rejected = listener;
}

export function setToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN) !== null;
}

export function forgetToken(): void {
  sessionStorage.removeItem(TOKEN);
}

interface Call {
  readonly method?: 'GET' | 'PUT' | 'DELETE' | 'POST';
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Each segment of `path` is encoded, so keys may contain anything. */
export async function call<T>(path: readonly string[], options: Call = {}): Promise<T> {
  const response = await open(path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** @throws ApiError */
export async function open(
  path: readonly string[],
  { method = 'GET', query = {}, body, signal }: Call = {},
): Promise<Response> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  const url = `api/v1/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
  const token = sessionStorage.getItem(TOKEN);
  const headers: Record<string, string> = {
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'The server cannot be reached.');
  }
  if (response.ok) return response;
  const failure = new ApiError(response.status, await reasonOf(response));
  if (failure.status === 401 || failure.status === 403) rejected(failure);
  throw failure;
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text().catch(() => '');
  try {
    const { error, message = error } = JSON.parse(text) as { error?: unknown; message?: unknown };
    if (typeof message === 'string') return message;
    const nested = (error as { message?: unknown } | undefined)?.message;
    if (typeof nested === 'string') return nested;
  } catch {
    // Not JSON: the text itself is the reason.
  }
  return text.trim() || `The server responded with ${response.status}.`;
}
