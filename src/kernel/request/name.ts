import { Length, Matches } from 'class-validator';

/** A text that a person reads: 1 to `max` characters, not only blanks. */
export function Name(max: number): PropertyDecorator {
  return (target, property) => {
    Length(1, max, { message: `must be 1 to ${max} characters long` })(target, property as string);
    Matches(/\S/, { message: 'must not be blank' })(target, property as string);
  };
}
