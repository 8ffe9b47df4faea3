/** A payee as the rail requires it. Decrypted for the call only. */
export interface Payee {
  /** The same for the same partner, so that repeated enrolment creates one payee. At most 40 letters and digits. */
  readonly reference: string;
  readonly holderName: string;
  readonly account:
    | { readonly accountNumber: string; readonly ifsc: string }
    | { readonly upiAddress: string };
}

/** The rail refused the payee because of `field`, a field of `Payee`. */
export class PayeeRefused extends Error {
  constructor(
    readonly field: 'holderName' | 'accountNumber' | 'ifsc' | 'upiAddress',
    message: string,
  ) {
    super(message);
  }
}

/** Gives account numbers to the rail that pays to them, so that only the rail's token is stored. Never called in a transaction. */
export interface PayeeEnrolment {
  /** Returns the token to pay to. Throws PayeeRefused; after any other error the call can be repeated. */
  enrol(payee: Payee): Promise<string>;
}
