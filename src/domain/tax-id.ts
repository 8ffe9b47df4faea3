const forms: Readonly<Record<string, RegExp>> = {
  US: /^\d{9}$/, // EIN, SSN, ITIN
  IN: /^([A-Z]{5}\d{4}[A-Z]|\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z])$/, // PAN, GSTIN
  GB: /^(\d{10}|(GB)?(\d{9}|\d{12}))$/, // UTR, VAT
};
const ANY = /^[A-Z0-9]{5,20}$/;

/** Returns a tax id in capitals without spaces, dots, slashes and dashes. Null when the country has no tax id of that form. */
export function taxIdOf(text: string, country: string): string | null {
  const id = text.replace(/[\s./-]/g, '').toUpperCase();
  return (forms[country] ?? ANY).test(id) ? id : null;
}
