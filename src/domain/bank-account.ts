/** Type of an account at a bank of the USA. */
export const BankAccountType = { CHECKING: 'CHECKING', SAVINGS: 'SAVINGS' } as const;
export type BankAccountType = (typeof BankAccountType)[keyof typeof BankAccountType];

/** True for a routing number of a bank in the USA: nine digits with a weighted checksum. */
export function isRoutingNumber(text: string): boolean {
  if (!/^\d{9}$/.test(text) || text === '000000000') return false;
  const sum = [...text].reduce((total, digit, i) => total + Number(digit) * ([3, 7, 1][i % 3] as number), 0);
  return sum % 10 === 0;
}

/** True for the IFSC of a bank branch in India: four letters, a zero, six letters or digits. */
export const isIfsc = (text: string): boolean => /^[A-Z]{4}0[A-Z0-9]{6}$/.test(text);

export const isSortCode = (text: string): boolean => /^\d{6}$/.test(text);

/** Returns the end of an account number, for recognition: four characters, or fewer when four are more than half. */
export const lastFour = (number: string): string =>
  number.slice(-Math.max(1, Math.min(4, Math.floor(number.length / 2))));

const COOLING_MS = 72 * 3_600_000;

/** Returns the end of the cooling-off period of a payout account that was set at `set`. */
export const usableFrom = (set: Date): Date => new Date(set.getTime() + COOLING_MS);
