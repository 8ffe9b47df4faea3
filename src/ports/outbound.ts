interface OutboundRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface OutboundAnswer {
  /** As it came: a redirect is an answer like another and is never followed. */
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** For the program only: it is never shown to who gave the address. */
  readonly body: Uint8Array;
  /** Whether there was more of the body than is taken. */
  readonly cut: boolean;
}

export type OutboundFault = 'ADDRESS_REFUSED' | 'UNREACHABLE' | 'TIMEOUT';

/** There is no answer. The message never says what stands behind an address. */
export class OutboundError extends Error {
  readonly fault: OutboundFault;

  constructor(fault: OutboundFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'OutboundError';
    this.fault = fault;
  }
}

/** The only way to an address that somebody from outside gave: webhooks, logos. */
export interface Outbound {
  /** Why this address is refused before anything is looked up; null: nothing speaks against it yet. */
  objectionTo(url: string): string | null;
  /** One request; throws OutboundError where there is no answer. */
  fetch(request: OutboundRequest): Promise<OutboundAnswer>;
}
