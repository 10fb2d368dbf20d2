import { onTestFinished } from 'vitest';
import { type Admin, type AdminOptions, openAdmin } from '../../src/server/admin/admin.ts';
import { type Listening, listen, type ServingOptions } from './serving.ts';

/** A server with its admin address, and calls of its API. */
export interface Administered extends Listening {
  readonly admin: Admin;
  /** Calls the API; the body of a response without JSON is undefined. */
  call(path: string, options?: CallOptions): Promise<Answer>;
}

export interface CallOptions extends Pick<RequestInit, 'method' | 'headers' | 'signal'> {
  readonly json?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: only tests read these responses
  readonly body: any;
}

export async function openedAdmin(host: string, options: AdminOptions = {}): Promise<Admin> {
  const admin = await openAdmin({ port: 0, host }, options);
  onTestFinished(admin.close);
  return admin;
}

export async function administer(options: ServingOptions = {}, admin?: Admin): Promise<Administered> {
  const opened = admin ?? (await openedAdmin('127.0.0.1'));
  const { monitor, administration } = opened;
  const serving = await listen('notes-draft', { mcp: 'guide', monitor, administration, ...options });
  return { ...serving, admin: opened, call: caller(opened) };
}

function caller({ url }: Admin): Administered['call'] {
  return async (path, { json, headers, ...init } = {}) => {
    const response = await fetch(`${url}api/v1/${path}`, {
      ...init,
      headers: { ...headers, ...(json !== undefined && { 'content-type': 'application/json' }) },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
}
