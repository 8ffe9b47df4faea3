import { Matches } from 'class-validator';

/** An identity provider's name for an organisation, as the database keeps it. */
export const IdentityOrgId = (): PropertyDecorator =>
  Matches(/^[!-~]{1,200}$/, { message: 'must be 1 to 200 letters, digits or signs, without spaces' });
