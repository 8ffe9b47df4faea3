interface OutboundRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface OutboundAnswer {
  /** The original status. Redirects are returned and never followed. */
  readonly status: number;
  /** Header names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** For internal use only: never shown to the person who gave the address. */
  readonly body: Uint8Array;
  /** True when the body was longer than the limit. */
  readonly cut: boolean;
}

export type OutboundFault = 'ADDRESS_REFUSED' | 'UNREACHABLE' | 'TIMEOUT';

/** The request got no answer. The message never reveals the host behind an address. */
export class OutboundError extends Error {
  readonly fault: OutboundFault;

  constructor(fault: OutboundFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'OutboundError';
    this.fault = fault;
  }
}

/** The only way to call an address that a user gave: webhooks, logos. */
export interface Outbound {
  /** Reason why the address is refused before any DNS lookup; null when the address is acceptable so far. */
  objectionTo(url: string): string | null;
  /** Sends one request. Throws OutboundError when there is no answer. */
  fetch(request: OutboundRequest): Promise<OutboundAnswer>;
}
