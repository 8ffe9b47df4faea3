export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'BAD_USER_INPUT'
  | 'CONFLICT'
  | 'RATE_LIMITED'
  | 'SERVICE_UNAVAILABLE';

export interface ErrorDetails {
  /** Path of the input at fault, e.g. `input.amount`. */
  readonly field?: string;
  /** A stable name for the refusal, e.g. `BELOW_MINIMUM`, for programs that must tell refusals apart. */
  readonly reason?: string;
  /** Seconds after which it may be tried again. */
  readonly retryAfter?: number;
}

/** A refusal that the caller can act on. Anything else that is thrown is a bug: logged, masked. */
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
  new AppError('NOT_FOUND', `${what} not found`, details);
export const invalid = (field: string, message: string) =>
  new AppError('BAD_USER_INPUT', `${field}: ${message}`, { field });
export const conflict = (message: string, details?: ErrorDetails) =>
  new AppError('CONFLICT', message, details);
