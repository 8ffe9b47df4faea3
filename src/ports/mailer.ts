export interface Mail {
  /** The same id for every try of the same mail, so that a mailbox that got it twice shows it once. */
  readonly id: string;
  readonly to: { readonly name: string; readonly address: string };
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Hands a mail over to who delivers it; throws where that did not take it. */
export interface Mailer {
  send(mail: Mail): Promise<void>;
}
