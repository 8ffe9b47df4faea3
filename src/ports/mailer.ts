export interface Mail {
  /** The same id for each attempt of the same mail, so that a mailbox that received it twice shows it once. */
  readonly id: string;
  readonly to: { readonly name: string; readonly address: string };
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Hands a mail to the mail server. Throws when the server does not accept the mail. */
export interface Mailer {
  send(mail: Mail): Promise<void>;
}
