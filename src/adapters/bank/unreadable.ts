/** The content is not a status file that we can read. The message is the predicate of a sentence whose subject is the field. */
export class Unreadable extends Error {}
