import { type RequestHead, type RequestListeners, RequestRecord } from './request-record.ts';

/** Learns of the requests of a server. What it throws is lost. */
export type RequestObserver = Partial<RequestListeners>;

/** Who observes the requests of one server. */
export interface RequestObservers {
  /** Returns a function that removes the observer. */
  add(observer: RequestObserver): () => void;
  /** A record of a request that begins; undefined if nobody observes, and then it costs nothing. */
  begin(head: RequestHead): RequestRecord | undefined;
}

export function createRequestObservers(): RequestObservers {
  let observers: readonly RequestObserver[] = [];
  let count = 0;

  /** An observer must not harm the request, nor the other observers. */
  function tell(report: (observer: RequestObserver) => void): void {
    for (const observer of observers) {
      try {
        report(observer);
      } catch {}
    }
  }

  const listeners: RequestListeners = {
    began: (record) => tell((observer) => observer.began?.(record)),
    message: (record) => tell((observer) => observer.message?.(record)),
    operations: (sent, from) => tell((observer) => observer.operations?.(sent, from)),
    answered: (record) => tell((observer) => observer.answered?.(record)),
    ended: (record) => tell((observer) => observer.ended?.(record)),
  };

  return {
    add(observer) {
      observers = [...observers, observer];
      return () => {
        observers = observers.filter((other) => other !== observer);
      };
    },
    begin(head) {
      if (observers.length === 0) return undefined;
      count += 1;
      const record = new RequestRecord(count, head, listeners);
      listeners.began(record);
      return record;
    },
  };
}
