export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'BAD_USER_INPUT'
  | 'CONFLICT'
  | 'RATE_LIMITED'
  | 'SERVICE_UNAVAILABLE';

export interface ErrorDetails {
  /** Path of the invalid input, for example `input.amount`. */
  readonly field?: string;
  /** Stable code of the reason, for example `BELOW_MINIMUM`, for programs that handle errors differently. */
  readonly reason?: string;
  /** Seconds after which the caller may try again. */
  readonly retryAfter?: number;
}

/** An error that the caller can act on. `message` is a full sentence that says what to do. Any other thrown value is a bug:
 *  the API logs it and hides it. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AppError';
    this.code = code;
    this.details = details;
  }
}

export const unauthenticated = (message: string) => new AppError('UNAUTHENTICATED', message);
export const forbidden = (message: string, details?: ErrorDetails) =>
  new AppError('FORBIDDEN', message, details);
export const notFound = (what: string, details?: ErrorDetails) =>
  new AppError('NOT_FOUND', `The ${what} was not found.`, details);
/** The message is the predicate of a sentence whose subject is the field: `input.tax: must be less than the amount`. */
export const invalid = (field: string, message: string) =>
  new AppError('BAD_USER_INPUT', `${field}: ${message}`, { field });
export const conflict = (message: string, details?: ErrorDetails) =>
  new AppError('CONFLICT', message, details);
