/** Somebody to be paid, as the rail must know them. Opened for the call alone. */
export interface Payee {
  /** The same for the same partner: enrolled twice is enrolled once. At most 40 letters and digits. */
  readonly reference: string;
  readonly holderName: string;
  readonly account:
    | { readonly accountNumber: string; readonly ifsc: string }
    | { readonly upiAddress: string };
}

/** The rail does not take the payee: `field` is at fault, in the names of `Payee`. */
export class PayeeRefused extends Error {
  constructor(
    readonly field: 'holderName' | 'accountNumber' | 'ifsc' | 'upiAddress',
    message: string,
  ) {
    super(message);
  }
}

/** Hands account numbers to the rail that pays to them, so that we keep only its token. Never inside a transaction. */
export interface PayeeEnrolment {
  /** The token to pay to. Throws PayeeRefused; any other error: the rail could not be asked, and it may be tried again. */
  enrol(payee: Payee): Promise<string>;
}
