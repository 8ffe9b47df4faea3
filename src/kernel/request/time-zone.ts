import { type Reading, Refusal } from './reading.ts';

export const NOT_A_ZONE = 'must be an IANA time zone such as "America/New_York"';

/** A time zone that the runtime knows. The database may know others, such as "Factory". */
export const readTimeZone: Reading = (name) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return name;
  } catch {
    throw new Refusal(NOT_A_ZONE);
  }
};
