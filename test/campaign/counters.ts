/** What a call of the tool `counter` returned. */
export interface CounterAnswer {
  /** Undefined if it failed. */
  readonly count: number | undefined;
  /** Why it failed, without what differs from call to call. */
  readonly failure: string | undefined;
}

export async function callCounter(url: string, session: string): Promise<CounterAnswer> {
  try {
    const response = await fetch(`${url}/mcp`, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        'mcp-session-id': session,
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"counter","arguments":{}}}',
    });
    const text = await response.text();
    const count = Number(/"text": ?"(\d+)"/.exec(text)?.[1]);
    if (Number.isInteger(count)) return { count, failure: undefined };
    const [, message = 'a page'] = /"message": ?"((?:[^"\\]|\\.)*)"/.exec(text) ?? [];
    return { count: undefined, failure: `${response.status}: ${message.replace(/\\"[^"]*"/g, '…')}` };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { count: undefined, failure: `no response: ${String(cause)}` };
  }
}

export interface LedgerReport {
  readonly sessions: number;
  readonly acknowledged: number;
  /** Calls that failed, by reason. */
  readonly failed: Readonly<Record<string, number>>;
  /** Acknowledged counts that a later answer did not include. */
  readonly lost: number;
  /** Answers that counted more calls than were made. */
  readonly excess: number;
  /** Sessions that did not count at the end. */
  readonly stuck: number;
}

interface Count {
  acknowledged: number;
  /** Failed calls since: each may have counted or not. */
  unknown: number;
  isCalling: boolean;
}

/** What each session's next answer may be: one more than the last one, and at most one more for each call that failed since. */
export class Ledger {
  readonly #counts = new Map<string, Count>();
  readonly #failed: Record<string, number> = {};
  #acknowledged = 0;
  #lost = 0;
  #excess = 0;
  #stuck = 0;

  /** False if a client calls the session at the moment. */
  begin(session: string): boolean {
    const count = this.#counts.get(session) ?? { acknowledged: 0, unknown: 0, isCalling: false };
    if (count.isCalling) return false;
    count.isCalling = true;
    this.#counts.set(session, count);
    return true;
  }

  end(session: string, { count: answer, failure }: CounterAnswer, isLast = false): void {
    const count = this.#counts.get(session)!;
    count.isCalling = false;
    if (answer === undefined) {
      this.#failed[failure!] = (this.#failed[failure!] ?? 0) + 1;
      count.unknown += 1;
      if (isLast) this.#stuck += 1;
      return;
    }
    this.#acknowledged += 1;
    if (answer <= count.acknowledged) this.#lost += 1;
    if (answer > count.acknowledged + 1 + count.unknown) this.#excess += 1;
    count.acknowledged = answer;
    count.unknown = 0;
  }

  report(): LedgerReport {
    return {
      sessions: this.#counts.size,
      acknowledged: this.#acknowledged,
      failed: this.#failed,
      lost: this.#lost,
      excess: this.#excess,
      stuck: this.#stuck,
    };
  }
}
