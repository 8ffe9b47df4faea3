import { notACountry } from '../../domain/country.ts';
import { type Reading, Refusal } from './reading.ts';

export const readCountry: Reading = (code) => {
  const reason = notACountry(code);
  if (reason !== null) throw new Refusal(reason);
  return code;
};
