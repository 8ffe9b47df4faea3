import type { Opt } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { NotPersonal } from '../../../kernel/data/personal.ts';

/** A token that was signed out before its expiry. */
@Entity({ tableName: 'signed_out_tokens' })
@NotPersonal('fingerprints of tokens, until these end')
export class SignedOutToken {
  @PrimaryKey({ type: 'text' })
  fingerprint!: string;

  @Index({ name: 'signed_out_tokens_signed_out_at' })
  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  readonly signedOutAt!: Opt<Date>;
}
